// TEST  crash
// Mistakes about bounds: each must be caught.
#include "crash/bounds_crash.hpp"
#include "crash/with_bug.hpp"

#include <gtest/gtest.h>

namespace shelf::crash {
namespace {

using file::seeded_bug;

[[nodiscard]] std::size_t violations_with(seeded_bug b) {
  const with_bug switched(b);
  std::uint64_t states = 0;
  return crash_bounded_table(write_mode::through, simulation::crash_options::kind::power, 100,
                             states)
      .size();
}

TEST(SeededBoundsBugs, NothingIsFoundInSoundCode) {
  EXPECT_EQ(violations_with(seeded_bug::none), 0U);
}

TEST(SeededBoundsBugs, AnEvictionThatComesABatchLaterIsCaught) {
  EXPECT_GT(violations_with(seeded_bug::evicted_a_batch_later), 0U);
}

}  // namespace
}  // namespace shelf::crash
