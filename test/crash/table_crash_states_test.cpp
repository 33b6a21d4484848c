// TEST  crash
// Whole tables on the simulated disk: every workload in every mode, crashed after every operation
// of the disk in every legal way, opened again.
#include "budget.hpp"
#include "can_keep.hpp"
#include "crash/campaign.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ostream>

namespace shelf::crash {

void PrintTo(const workload& w, std::ostream* out) { *out << w.name; }

namespace {

/// A repaired file is written anew: a state costs a hundred times what it does in our own format.
constexpr std::size_t dets_budget = 8;

/// See crashes_for(), player::may_be_there_in_parts() and is_loose().
void print_what_dets_lacks() {
  using enum stores::capability;
  for (const auto what :
       {atomic_batches, prefix_after_power_cut, torn_sectors, stale_blocks, checksums}) {
    static_cast<void>(test::can_keep(file_format::dets, what));
  }
}

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

class DetsCrashStates : public testing::TestWithParam<workload> {};

/// Promises of a power cut are judged key by key in write_mode::through, see is_loose().
TEST_P(DetsCrashStates, HoldAllThatWasPromised) {
  const auto& w = GetParam();
  print_what_dets_lacks();
  campaign_report sum;
  const bool small_budget = test::budgeted(100) < 50;
  for (const auto [what, mode] : playings(w, file_format::dets, small_budget)) {
    const auto run = record(w, what, mode, file_format::dets);
    ASSERT_TRUE(run.findings.empty()) << run.name << ": " << to_text(run.findings);
    sum.add(crash_in_all_ways(run, std::clamp<std::size_t>(w.budget / 10, 1, dets_budget)));
  }
  std::printf("%s on DETS files: %llu distinct crash states, %zu violations\n",
              std::string(w.name).c_str(), static_cast<unsigned long long>(sum.states),
              sum.violations.size());
  EXPECT_TRUE(sum.violations.empty()) << to_text(sum.violations);
  EXPECT_GT(sum.states, 0U);
}

/// Fixed: a DETS file gets its name when it is complete and closed. Who opened it after a kill at
/// that moment wrote into a file whose name a power cut could still take back.
TEST(CrashStatesFixed, TheNameOfANewDetsFileIsOnTheDiskBeforeItIsServed) {
  simulation::simulated_disk disk({.seed = seed()});
  player p(disk, flavour::map, write_mode::durable, on_failure::complain, file_format::dets);
  p.open();
  p.close();
  campaign how{.crash = crashes_for(file_format::dets), .closer_look_every = 1};
  how.crash.crash = simulation::crash_options::kind::kill;
  const auto report = crash_everywhere(recording_of(p, "a new file"), how);
  EXPECT_GT(report.states, disk.operations());
  EXPECT_TRUE(report.violations.empty()) << to_text(report.violations);
}

/// Fixed: while a batch that did not fit into a DETS file was taken back, its keys were erased
/// first: a kill there took what they had held before.
TEST(CrashStatesFixed, ABatchIsTakenBackFromADetsFileWithoutAMomentInWhichItsKeysHaveNothing) {
  for (const auto what : {flavour::map, flavour::bag, flavour::duplicate_bag}) {
    std::uint64_t met = 0;
    for (std::uint64_t nth = 1; nth <= 6; ++nth) {
      simulation::simulated_disk disk({.seed = seed()});
      player p(disk, what, write_mode::through, on_failure::heal, file_format::dets);
      p.open();
      p.insert_range({{1, "a"}, {2, std::string(200, 'b')}, {3, std::string(300, 'c')}});
      p.sync();
      disk.inject({.kind = simulation::call::write, .nth = nth, .error = ENOSPC});
      p.insert_range({{1, std::string(90, 'd')}, {2, "e"}, {3, "f"}, {4, "g"}});
      met += disk.faults_met();
      p.close();
      campaign how{.crash = crashes_for(file_format::dets)};
      how.crash.crash = simulation::crash_options::kind::kill;
      const auto report = crash_everywhere(recording_of(p, "taken back"), how);
      EXPECT_TRUE(report.violations.empty()) << to_text(report.violations);
      EXPECT_TRUE(p.findings().empty()) << to_text(p.findings());
    }
    EXPECT_GT(met, 3U);
  }
}

INSTANTIATE_TEST_SUITE_P(Workloads, CrashStates,
                         testing::ValuesIn(workloads().begin(), workloads().end()),
                         [](const auto& about) { return std::string(about.param.name); });

INSTANTIATE_TEST_SUITE_P(Workloads, DetsCrashStates,
                         testing::ValuesIn(workloads_on(file_format::dets)),
                         [](const auto& about) { return std::string(about.param.name); });

TEST(CrashStates, OfAllWorkloadsComeToTwoHundredThousandAtLeast) {
  std::size_t sum = 0;
  for (const auto& w : workloads()) sum += w.least_states;
  EXPECT_GE(sum, 200'000U);
}

}  // namespace
}  // namespace shelf::crash
