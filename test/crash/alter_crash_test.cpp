// TEST  crash
// Alterations after crashes and failed calls.
#include "crash/alter_crash.hpp"

#include "budget.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>

namespace shelf::crash {
namespace {

constexpr std::array every_mode{write_mode::through, write_mode::back, write_mode::durable};

TEST(AlterCrashes, EveryDiskThatACrashLeavesHasTheTablesOfBeforeOrAfterWhole) {
  using kind = simulation::crash_options::kind;
  std::uint64_t states = 0;
  for (const auto mode : every_mode) {
    for (const auto crash : {kind::power, kind::kill}) {
      const auto wrong = crash_altered_database(mode, crash, test::budgeted(100), states);
      EXPECT_TRUE(wrong.empty()) << wrong.size() << ": " << wrong.front();
    }
  }
  std::printf("[  states  ] %llu\n", static_cast<unsigned long long>(states));
  EXPECT_GT(states, test::budgeted(400));
}

TEST(AlterCrashes, ACallThatTheDiskRefusesLeavesTheTablesAsTheyWere) {
  std::uint64_t refused = 0;
  for (const auto mode : every_mode) {
    for (const auto call : {simulation::call::write, simulation::call::any_sync}) {
      const auto wrong = fail_altered_database(mode, call, 200, refused);
      EXPECT_TRUE(wrong.empty()) << wrong.size() << ": " << wrong.front();
    }
  }
  EXPECT_GT(refused, 30U);
}

}  // namespace
}  // namespace shelf::crash
