// TEST  crash
// Power cuts of a real ext4, where the machine lets us; else of the simulated disk, and it says so.
#include "can_keep.hpp"
#include "crash/campaign.hpp"
#include "crash/storm.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>

namespace shelf::crash {
namespace {

constexpr int not_here = 77;

/// What the real cuts would have shown, on the simulated disk.
void cut_simulated_power() {
  campaign_report sum;
  for (const auto mode : {write_mode::through, write_mode::durable}) {
    for (const auto format : test::every_format) {
      campaign how{.crash = crashes_for(format)};
      how.crash.budget = format == file_format::native ? 50 : 10;
      sum.add(crash_everywhere(record(workload_named("mixed"), flavour::map, mode, format), how));
    }
  }
  EXPECT_GT(sum.states, 0U);
  EXPECT_TRUE(sum.violations.empty()) << to_text(sum.violations);
}

TEST(PowerCut, LosesNothingThatWasSyncedOnARealFileSystem) {
  const scratch_directory directory("power_cut");
  const int child = start({SHELF_POWER_CUT, SHELF_STORM_WRITER, directory.path(), "6"});
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) != not_here) {
    EXPECT_EQ(WEXITSTATUS(status), 0);
    return;
  }
  std::printf(
      "POWER CUT NOT REAL: this needs root, loop devices and mkfs.ext4; "
      "the simulated disk stands in\n");
  cut_simulated_power();
}

}  // namespace
}  // namespace shelf::crash
