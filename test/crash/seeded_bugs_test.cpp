// TEST  crash
// The test of the tests: ten mistakes that stores have made, each switched on in a build that has
// the switches. A part of every suite looks at each; one must find it, and none may find anything
// without it.
#include "crash/with_bug.hpp"
#include "file/seeded_bug.hpp"

#include "budget.hpp"
#include "crash/campaign.hpp"
#include "crash/damage.hpp"
#include "crash/faults.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <ostream>

namespace shelf::crash {
namespace {

using file::seeded_bug;

constexpr std::array modes{write_mode::through, write_mode::back, write_mode::durable};

struct verdict {
  std::string_view suite;
  std::vector<std::string> violations;
};

verdict crash_states() {
  verdict found{.suite = "crash states", .violations = {}};
  for (const auto* name : {"single_inserts", "large_values", "compacting", "abandoned"}) {
    for (const auto mode : modes) {
      const auto run = record(workload_named(name), flavour::map, mode);
      auto report = crash_in_all_ways(run, 60, 5);
      found.violations.insert(found.violations.end(), run.findings.begin(), run.findings.end());
      found.violations.insert(found.violations.end(), report.violations.begin(),
                              report.violations.end());
    }
  }
  return found;
}

verdict faults() {
  verdict found{.suite = "faults", .violations = {}};
  for (const auto mode : modes) {
    const auto report = fail_every_call(workload_named("single_inserts"), flavour::map, mode,
                                        std::array{EIO, ENOSPC});
    found.violations.insert(found.violations.end(), report.violations.begin(),
                            report.violations.end());
  }
  return found;
}

verdict damage() {
  verdict found{.suite = "damage", .violations = {}};
  for (const auto& from : samples()) {
    if (from.what != flavour::map) continue;
    damage_judge judge(from);
    auto harmed = from.bytes;
    for (std::size_t bit = 8 * 8192; bit < 8 * harmed.size(); bit += 3) {
      harmed[bit / 8] ^= std::byte{1} << (bit % 8);
      judge.judge(harmed, "bit " + std::to_string(bit) + " flipped");
      harmed[bit / 8] = from.bytes[bit / 8];
    }
    found.violations.insert(found.violations.end(), judge.violations().begin(),
                            judge.violations().end());
  }
  return found;
}

/// A child is forked and ends; the table is the parent's alone before and after.
verdict forks() {
  verdict found{.suite = "forks", .violations = {}};
  const auto directory =
      std::filesystem::temp_directory_path() / ("shelf_seeded_" + std::to_string(::getpid()));
  std::filesystem::create_directory(directory);
  const subject::how h{.path = directory / "t.shelf"};
  const auto table = make_subject(flavour::map);
  const auto second = make_subject(flavour::map);
  if (!table->open(nullptr, h)) found.violations.emplace_back("no table could be made");
  const auto child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  const auto again = second->open(nullptr, h);
  if (again || again.error() != errc::already_open) {
    found.violations.emplace_back("the table can be opened twice after a fork");
  }
  second->abandon();
  table->abandon();
  std::filesystem::remove_all(directory);
  return found;
}

/// The part of every suite that is to find the bug, told on stdout.
std::size_t violations_with(seeded_bug b) {
  const with_bug on(b);
  std::size_t sum = 0;
  for (const auto& found : {crash_states(), faults(), damage(), forks()}) {
    sum += found.violations.size();
    std::printf("%s: %zu violations in %s\n", std::string(name_of(b)).c_str(),
                found.violations.size(), std::string(found.suite).c_str());
    if (b != seeded_bug::none) continue;
    EXPECT_TRUE(found.violations.empty()) << to_text(found.violations);
  }
  return sum;
}

class SeededBugs : public testing::TestWithParam<seeded_bug> {};

TEST(SeededBugs, NothingIsFoundInSoundCode) { EXPECT_EQ(violations_with(seeded_bug::none), 0U); }

TEST_P(SeededBugs, AreCaught) { EXPECT_GT(violations_with(GetParam()), 0U); }

INSTANTIATE_TEST_SUITE_P(
    Ten, SeededBugs,
    testing::Values(seeded_bug::skip_directory_sync, seeded_bug::acknowledge_before_sync,
                    seeded_bug::ignore_checksum, seeded_bug::retry_sync,
                    seeded_bug::apply_before_journal, seeded_bug::stop_at_first_bad_frame,
                    seeded_bug::no_era, seeded_bug::unlock_in_child,
                    seeded_bug::stale_durable_up_to, seeded_bug::rename_before_sync),
    [](const auto& about) { return std::string(name_of(about.param)); });

}  // namespace
}  // namespace shelf::crash
