// TEST  crash
// Any call of the system fails, with any errno, once or for good, in whole workloads.
#include "budget.hpp"
#include "crash/faults.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ostream>

namespace shelf::crash {

void PrintTo(const workload& w, std::ostream* out) { *out << w.name; }

namespace {

std::vector<workload> workloads_for_faults(file_format format) {
  auto found = workloads_on(format);
  std::erase_if(found, [](const workload& w) { return !w.for_faults; });
  return found;
}

void expect_none(const workload& w, const fault_report& sum) {
  std::printf("%s: %llu runs, %llu calls failed, %llu crashes after the failure\n",
              std::string(w.name).c_str(), static_cast<unsigned long long>(sum.runs),
              static_cast<unsigned long long>(sum.faults_met),
              static_cast<unsigned long long>(sum.crash_states));
  EXPECT_TRUE(sum.violations.empty()) << sum.violations.size() << " violations:\n"
                                      << to_text(sum.violations);
  EXPECT_GT(sum.faults_met, 0U);
}

class TableFaults : public testing::TestWithParam<workload> {};

/// A small budget tries fewer errnos, in every way all the same.
std::span<const int> errnos_in_budget(const workload& w) {
  const auto all = all_errnos();
  return all.first(std::min(w.errnos, std::max<std::size_t>(2, test::budgeted(all.size()))));
}

TEST_P(TableFaults, NoCallThatFailsIsAcknowledgedAndAllThatWasSurvives) {
  const auto& w = GetParam();
  fault_report sum;
  for (const auto mode : w.modes) {
    sum.add(fail_every_call(w, w.flavours.front(), mode, errnos_in_budget(w)));
  }
  expect_none(w, sum);
}

TEST_P(TableFaults, ShortReadsAndWritesAreNotNoticed) {
  const auto& w = GetParam();
  fault_report sum;
  for (const auto mode : w.modes) {
    sum.add(shorten_every_call(w, w.flavours.front(), mode));
  }
  expect_none(w, sum);
}

class DetsFaults : public testing::TestWithParam<workload> {};

/// The two causes that mean different things: a disk that fails, and one that is full.
TEST_P(DetsFaults, LoseNothingThatWasAcknowledged) {
  const auto& w = GetParam();
  fault_report sum;
  const bool small_budget = test::budgeted(100) < 50;
  const bool many_calls = w.errnos < all_errnos().size();
  const bool in_short = small_budget && many_calls;
  const auto causes = in_short ? all_errnos().subspan(1, 1) : all_errnos().first(2);
  for (const auto [what, mode] : playings(w, file_format::dets, small_budget || many_calls)) {
    sum.add(fail_every_call(w, what, mode, causes, file_format::dets));
    if (in_short) break;
    sum.add(shorten_every_call(w, what, mode, file_format::dets));
  }
  expect_none(w, sum);
}

std::string test_name(const testing::TestParamInfo<workload>& about) {
  return std::string(about.param.name);
}

INSTANTIATE_TEST_SUITE_P(Workloads, TableFaults,
                         testing::ValuesIn(workloads_for_faults(file_format::native)), test_name);
INSTANTIATE_TEST_SUITE_P(Workloads, DetsFaults,
                         testing::ValuesIn(workloads_for_faults(file_format::dets)), test_name);

/// Fixed: a header slot that a full disk refused at close fenced the table; and once it did not,
/// writes went on in an era that the other slot had declared over.
TEST(TableFaultsFixed, AFullDiskAtTheSealFencesNothingAndLosesNoLaterWrite) {
  for (const std::uint64_t slot : {1U, 2U}) {
    simulation::simulated_disk disk;
    player p(disk, flavour::map, write_mode::through, on_failure::complain);
    p.open();
    p.insert(1, "before");
    // After the seal's own frame.
    disk.inject({.kind = simulation::call::write, .nth = 1 + slot, .error = ENOSPC});
    p.expect(errc::no_space);
    p.close();
    ASSERT_EQ(disk.faults_met(), 1U);
    EXPECT_TRUE(p.is_open());
    EXPECT_FALSE(p.was_fenced());
    p.insert(2, "after");
    p.abandon();
    p.open();
    p.close();
    EXPECT_TRUE(p.findings().empty()) << to_text(p.findings());
  }
}

/// Fixed: the next open found the name of a table that could not be created, and believed in it.
TEST(TableFaultsFixed, ANewTableWhoseNameCouldNotBeSyncedIsGone) {
  simulation::simulated_disk disk;
  const auto table = make_subject(flavour::map);
  // The file's own sync, then the directory's.
  disk.inject({.kind = simulation::call::sync, .nth = 2});
  EXPECT_FALSE(table->open(&disk, {}));
  EXPECT_EQ(disk.faults_met(), 1U);
  EXPECT_TRUE(disk.files().empty());
  EXPECT_TRUE(table->open(&disk, {}));
}

}  // namespace
}  // namespace shelf::crash
