// TEST  crash
// Indexes after crashes and failed writes.
#include "crash/index_crash.hpp"

#include "budget.hpp"

#include <gtest/gtest.h>

#include <cstdio>

namespace shelf::crash {
namespace {

constexpr std::array every_mode{write_mode::through, write_mode::back, write_mode::durable};

TEST(IndexCrashes, OnEveryDiskThatACrashLeavesEachIndexEqualsOneBuiltAnew) {
  using kind = simulation::crash_options::kind;
  std::uint64_t states = 0;
  for (const auto mode : every_mode) {
    for (const auto crash : {kind::power, kind::kill}) {
      const auto wrong = crash_indexed_table(mode, crash, test::budgeted(200), states);
      EXPECT_TRUE(wrong.empty()) << wrong.size() << ": " << wrong.front();
    }
  }
  std::printf("[  states  ] %llu\n", static_cast<unsigned long long>(states));
  EXPECT_GT(states, test::budgeted(400));
}

TEST(IndexCrashes, OnEveryDiskThatACrashLeavesOfSeveralVersionsWhatIsRecordedAsUniqueIs) {
  using kind = simulation::crash_options::kind;
  for (const auto mode : every_mode) {
    for (const auto crash : {kind::power, kind::kill}) {
      std::uint64_t recorded = 0;
      const auto wrong = crash_versions(mode, crash, test::budgeted(200), recorded);
      EXPECT_TRUE(wrong.empty()) << wrong.size() << ": " << wrong.front();
      EXPECT_GT(recorded, 5U);
    }
  }
}

TEST(IndexCrashes, AWriteThatTheDiskRefusesLeavesTheIndexesAsTheyWere) {
  std::uint64_t refused = 0;
  for (const auto mode : {write_mode::through, write_mode::durable}) {
    const auto wrong = fail_indexed_table(mode, 100, refused);
    EXPECT_TRUE(wrong.empty()) << wrong.size() << ": " << wrong.front();
  }
  EXPECT_GT(refused, 10U);
}

}  // namespace
}  // namespace shelf::crash
