// TEST  crash
// Mistakes about deadlines: each must be caught.
#include "crash/expiry_crash.hpp"
#include "crash/with_bug.hpp"

#include <gtest/gtest.h>

namespace shelf::crash {
namespace {

using file::seeded_bug;

[[nodiscard]] std::size_t violations_with(seeded_bug b) {
  const with_bug switched(b);
  std::uint64_t states = 0;
  std::size_t found = 0;
  for (const auto mode : {write_mode::through, write_mode::back}) {
    found += crash_expiring_table(mode, simulation::crash_options::kind::power, 100, states).size();
  }
  return found;
}

TEST(SeededExpiryBugs, NothingIsFoundInSoundCode) {
  EXPECT_EQ(violations_with(seeded_bug::none), 0U);
}

TEST(SeededExpiryBugs, ADeadlineInTheFileBeforeTheHeaderSaysSoIsCaught) {
  EXPECT_GT(violations_with(seeded_bug::deadline_before_its_bit), 0U);
}

TEST(SeededExpiryBugs, DeadlinesThatAreNotReadAreCaught) {
  EXPECT_GT(violations_with(seeded_bug::deadline_ignored), 0U);
}

}  // namespace
}  // namespace shelf::crash
