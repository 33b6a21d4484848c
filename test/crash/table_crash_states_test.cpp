// TEST  crash
// Whole tables on the simulated disk: every workload in every mode, crashed after every operation
// of the disk in every legal way, opened again.
#include "budget.hpp"
#include "crash/campaign.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ostream>

namespace shelf::crash {

void PrintTo(const workload& w, std::ostream* out) { *out << w.name; }

namespace {

class CrashStates : public testing::TestWithParam<workload> {};

TEST_P(CrashStates, HoldAPrefixOfTheWritesWithAllThatWasPromised) {
  const auto& w = GetParam();
  const auto began = std::chrono::steady_clock::now();
  campaign_report sum;
  for (const auto what : w.flavours) {
    for (const auto mode : w.modes) {
      const auto run = record(w, what, mode);
      ASSERT_TRUE(run.findings.empty()) << run.name << ": " << to_text(run.findings);
      sum.add(crash_in_all_ways(run, w.budget));
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("%s: %llu distinct crash states in %.2f s, %zu violations\n",
              std::string(w.name).c_str(), static_cast<unsigned long long>(sum.states),
              took.count(), sum.violations.size());
  EXPECT_TRUE(sum.violations.empty()) << to_text(sum.violations);
  EXPECT_GE(sum.states, std::min(w.least_states, test::budgeted(w.least_states)));
}

INSTANTIATE_TEST_SUITE_P(Workloads, CrashStates,
                         testing::ValuesIn(workloads().begin(), workloads().end()),
                         [](const auto& about) { return std::string(about.param.name); });

TEST(CrashStates, OfAllWorkloadsComeToTwoHundredThousandAtLeast) {
  std::size_t sum = 0;
  for (const auto& w : workloads()) sum += w.least_states;
  EXPECT_GE(sum, 200'000U);
}

}  // namespace
}  // namespace shelf::crash
