// TEST  crash
// Mistakes about history and positions: each must be caught.
#include "crash/history_crash.hpp"
#include "crash/with_bug.hpp"

#include <gtest/gtest.h>

namespace shelf::crash {
namespace {

using file::seeded_bug;

[[nodiscard]] std::size_t violations_with(seeded_bug b) {
  const with_bug switched(b);
  std::uint64_t states = 0;
  std::size_t found = 0;
  for (const auto mode : {write_mode::durable, write_mode::back}) {
    found +=
        crash_table_with_history(mode, simulation::crash_options::kind::power, 100, states).size();
  }
  return found;
}

TEST(SeededHistoryBugs, NothingIsFoundInSoundCode) {
  EXPECT_EQ(violations_with(seeded_bug::none), 0U);
}

TEST(SeededHistoryBugs, PositionsThatACompactionResetsAreCaught) {
  EXPECT_GT(violations_with(seeded_bug::position_reset_by_compaction), 0U);
}

TEST(SeededHistoryBugs, AMomentInTheFileBeforeTheHeaderSaysSoIsCaught) {
  EXPECT_GT(violations_with(seeded_bug::history_before_its_bit), 0U);
}

}  // namespace
}  // namespace shelf::crash
