// TEST  crash
// Bounded tables, on every disk that a power failure or a kill may leave.
#include "crash/bounds_crash.hpp"

#include "budget.hpp"

#include <gtest/gtest.h>

#include <cstdio>

namespace shelf::crash {
namespace {

TEST(BoundsCrashes, EveryDiskShowsAStateThatTheTableHadAndNoLargerOne) {
  using kind = simulation::crash_options::kind;
  std::uint64_t states = 0;
  for (const auto mode : {write_mode::through, write_mode::back, write_mode::durable}) {
    for (const auto crash : {kind::power, kind::kill}) {
      const auto wrong = crash_bounded_table(mode, crash, test::budgeted(300), states);
      EXPECT_TRUE(wrong.empty()) << wrong.size() << ": " << wrong.front();
    }
  }
  std::printf("[  states  ] %llu\n", static_cast<unsigned long long>(states));
  EXPECT_GT(states, test::budgeted(1000));
}

}  // namespace
}  // namespace shelf::crash
