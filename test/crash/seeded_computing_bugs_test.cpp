// TEST  crash
// A mistake about computed values: it must be caught.
#include "crash/with_bug.hpp"
#include "shelf/shelf.hpp"

#include <gtest/gtest.h>

#include <string>

namespace shelf::crash {
namespace {

using file::seeded_bug;

/// The source changes while its value is computed, and the cache is told so. What is wrong then, or
/// nothing.
[[nodiscard]] std::string invalidate_while_computing() {
  auto cache = map<std::string, int>::in_memory();
  int source = 1;
  const auto first = cache.get_or_compute("k", [&] {
    const int read = source;
    source = 2;
    (void)or_throw(cache.erase("k"));
    return read;
  });
  if (!first || *first != 1) return "the caller did not get what it computed";
  const auto second = cache.get_or_compute("k", [&] { return source; });
  return second && *second == source ? "" : "the cache has a value older than its invalidation";
}

TEST(SeededComputingBugs, NothingIsFoundInSoundCode) {
  EXPECT_EQ(invalidate_while_computing(), "");
}

TEST(SeededComputingBugs, AStaleValueThatIsStoredIsCaught) {
  const with_bug switched(seeded_bug::stale_flight_stored);
  EXPECT_NE(invalidate_while_computing(), "");
}

}  // namespace
}  // namespace shelf::crash
