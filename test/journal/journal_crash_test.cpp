// JOURNAL  api -> table -> [journal] -> file
// Every state that a crash at any operation may leave must reopen to a prefix that holds all that
// was promised.
#include "budget.hpp"
#include "crash_workload.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <functional>
#include <iostream>

namespace shelf::journal {
namespace {

using shelf::test::budgeted;
using simulation::crash_options;
using simulation::crash_state;
using simulation::crash_tally;
using simulation::simulated_disk;
using test::crash_workload;

struct workload {
  std::string what;
  journal_file::settings settings;
  std::function<void(crash_workload&)> run;
};

void PrintTo(const workload& w, std::ostream* out) { *out << w.what; }

std::vector<workload> workloads() {
  return {
      {"create", {}, [](auto& w) { w.create(); }},
      {"append_and_sync",
       {},
       [](auto& w) {
         w.create();
         for (int i = 0; i < 3; ++i) {
           w.append(40);
           w.append(700);
           w.sync();
           w.note();
         }
       }},
      {"close_and_reopen",
       {},
       [](auto& w) {
         w.create();
         w.append(100);
         w.seal();
         w.reopen();
         w.append(300);
         w.seal();
         w.leave();
         w.reopen();
         w.append(10);
       }},
      {"killed_and_recovered",
       {},
       [](auto& w) {
         w.create();
         w.append(100);
         w.sync();
         w.append(600);
         w.append(30);
         w.reopen();
         w.append(500);
         w.reopen();
         w.append(20);
         w.sync();
       }},
      {"full_disk",
       {},
       [](auto& w) {
         w.create();
         w.append(50);
         w.append_in_vain(900, 1, 300);
         w.append(60);
         w.sync();
         w.append_in_vain(900, 1, 0);
         w.append_in_vain(900, 1, 700);
         w.append(800);
         w.append(5);
         w.sync();
       }},
      {"full_disk_in_a_long_batch",
       {},
       [](auto& w) {
         w.create();
         w.append(50);
         w.append_in_vain(700'000, 4, 1'500'000);
         w.append(700'000, 2);
         w.append(30);
         w.sync();
       }},
      {"long_batch",
       {},
       [](auto& w) {
         w.create();
         w.append(600'000, 3);
         w.sync();
         w.append(20);
         w.append(1'200'000, 1);
         w.seal();
       }},
      {"write_ahead",
       {.write_ahead = true},
       [](auto& w) {
         w.create();
         w.append(100);
         w.sync();
         w.append(700);
         w.append(20);
         w.sync();
         w.note();
         w.append(2000);
         w.sync();
         w.seal();
         w.reopen();
         w.append(9);
         w.sync();
       }},
      {"compaction",
       {},
       [](auto& w) {
         w.create();
         w.append(100);
         w.append(200);
         w.sync();
         w.append(30);
         w.compact();
         w.append(70);
         w.sync();
         w.compact();
         w.append(20);
         w.seal();
       }},
      {"failed_sync",
       {},
       [](auto& w) {
         w.create();
         w.append(100);
         w.sync();
         w.append(700);
         w.append(30);
         w.sync_in_vain();
         w.reopen();
         w.append(40);
         w.sync();
         w.note();
         w.append(600);
         w.sync_in_vain();
         w.compact();
         w.append(3);
         w.sync();
       }},
      {"write_in_doubt",
       {},
       [](auto& w) {
         w.create();
         w.append(100);
         w.sync();
         w.append_in_doubt(800, EIO, 600);
         w.reopen();
         w.append(700);
         w.append(30);
         w.sync();
       }},
      {"many_sessions",
       {},
       [](auto& w) {
         w.create();
         for (int i = 0; i < 4; ++i) {
           w.append(static_cast<std::size_t>(40 + 300 * (i % 2)));
           if (i % 2 == 0) w.sync();
           if (i == 1) w.seal();
           w.reopen();
         }
       }},
  };
}

/// Checks one disk that a crash left against the promises, and gives what it holds.
std::optional<std::size_t> check(simulated_disk& disk, const crash_state& state,
                                 const crash_workload& w, bool durability_holds = true) {
  auto now = w.at_crash(state.at());
  const auto where = test::place(disk);
  where.sweep_temporaries();
  const auto got = test::recover_and_read(disk);
  if (!durability_holds) {
    now = {0, 0, w.contents.size() - 1};
    if (got.refused) return std::nullopt;
  }
  if (got.refused) {
    EXPECT_TRUE(now.least == 0 && !w.has_file_from_start && *got.refused == errc::not_found)
        << *got.refused << "\n"
        << state.describe();
    return std::nullopt;
  }
  EXPECT_EQ(disk.files().size(), 1u) << state.describe();
  const auto found = test::content_of(got.batches);
  for (auto i = now.most + 1; i-- > now.least;) {
    if (w.contents[i] == found) return i;
  }
  ADD_FAILURE() << "neither of the contents " << now.least << " to " << now.most << ": "
                << got.batches.size()
                << " batches, n = " << (found.contains("n") ? found.at("n") : "none") << "\n"
                << state.describe();
  return std::nullopt;
}

/// Opened again, the file holds the same, and there is nothing left to cut.
void check_again(simulated_disk& disk, const crash_state& state) {
  const auto first = test::recover_and_read(disk);
  const auto bytes_after = disk.read_all(test::name);
  const auto second = test::recover_and_read(disk);
  ASSERT_FALSE(second.refused.has_value()) << state.describe();
  EXPECT_EQ(second.batches, first.batches) << state.describe();
  EXPECT_EQ(second.found.cut_bytes, 0u) << state.describe();
  EXPECT_EQ(disk.read_all(test::name), bytes_after) << state.describe();
}

/// Goes on writing on the disk a crash left, and crashes again at every operation of that.
std::uint64_t crash_again(simulated_disk& disk, const crash_workload& first, std::size_t at,
                          const crash_options& options, std::size_t budget) {
  const auto now = first.at_crash(at);
  const auto from = first.contents.begin();
  std::vector<test::content> possible(from + static_cast<std::ptrdiff_t>(now.least),
                                      from + static_cast<std::ptrdiff_t>(now.most) + 1);
  auto image = disk.recorded().start;
  crash_workload second({}, std::make_unique<simulated_disk>(std::move(image)));
  second.recover_as_found(std::move(possible));
  if (testing::Test::HasFatalFailure()) return 0;
  second.append(300);
  second.sync();
  second.append(20);
  second.seal();
  second.reopen();
  second.append(5);
  auto nested = options;
  nested.budget = budget;
  const auto past = second.disk().recorded();
  return simulation::for_each_crash_state(past, nested,
                                          [&](simulated_disk& d, const crash_state& state) {
                                            if (!testing::Test::HasFailure())
                                              check(d, state, second);
                                          })
      .states;
}

class JournalCrash : public testing::TestWithParam<workload> {
 protected:
  crash_workload& ran() {
    w_.emplace(GetParam().settings);
    GetParam().run(*w_);
    w_->leave();
    return *w_;
  }
  /// Prints what was visited.
  void tell(const char* how, const crash_tally& tally, std::uint64_t nested = 0) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                        std::chrono::steady_clock::now() - start_)
                        .count();
    visited += tally.states + nested;
    std::cout << GetParam().what << ", " << how << ": " << tally.states << " states"
              << (tally.exhaustive ? " (all)" : "");
    if (nested > 0) std::cout << ", " << nested << " nested";
    std::cout << ", " << (tally.states + nested) * 1000 / static_cast<std::uint64_t>(ms + 1)
              << " a second\n";
  }
  static void TearDownTestSuite() { std::cout << "crash states in all: " << visited << "\n"; }
  inline static std::uint64_t visited = 0;

  /// Per crash point: so that all points together come to about `whole`.
  static std::size_t budget_of(const simulation::history& past, std::size_t whole) {
    return std::max<std::size_t>(4, budgeted(whole) / (past.operations.size() + 1));
  }

 private:
  std::optional<crash_workload> w_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

bool has_long_batches(const workload& w) { return w.what.find("long") != std::string::npos; }

TEST_P(JournalCrash, AfterAPowerCutThereIsAPrefixWithAllThatWasPromised) {
  const auto& w = ran();
  const auto past = w.disk().recorded();
  for (const bool weak : {false, true}) {
    const std::size_t whole = has_long_batches(GetParam()) ? 300 : 20'000;
    const crash_options options{.weak_directories = weak, .budget = budget_of(past, whole)};
    std::uint64_t number = 0;
    const auto tally = simulation::for_each_crash_state(
        past, options, [&](simulated_disk& disk, const crash_state& state) {
          if (HasFailure()) return;
          if (check(disk, state, w) && ++number % 16 == 0) check_again(disk, state);
        });
    tell(weak ? "weak directories" : "power", tally);
  }
}

TEST_P(JournalCrash, AfterAKillThereIsAPrefixWithAllThatWasPromised) {
  const auto& w = ran();
  const auto past = w.disk().recorded();
  const auto tally =
      simulation::for_each_crash_state(past, {.crash = crash_options::kind::kill, .budget = 40},
                                       [&](simulated_disk& disk, const crash_state& state) {
                                         if (HasFailure()) return;
                                         if (check(disk, state, w)) check_again(disk, state);
                                       });
  tell("kill", tally);
}

TEST_P(JournalCrash, ACrashInTheRecoveryLosesNothingMore) {
  const auto& w = ran();
  const auto past = w.disk().recorded();
  const bool is_long = has_long_batches(GetParam());
  crash_options options{.budget = budget_of(past, is_long ? 40 : 120)};
  std::uint64_t nested = 0;
  const auto tally = simulation::for_each_crash_state(
      past, options, [&](simulated_disk& disk, const crash_state& state) {
        if (HasFailure()) return;
        if (test::look(disk).refused) return;
        ++options.seed;
        nested += crash_again(disk, w, state.at(), options, is_long ? 2 : 24);
        if (HasFailure()) ADD_FAILURE() << "first crash: " << state.describe();
      });
  tell("twice", tally, nested);
}

/// An opening that a crash ends, or the table refuses, after it decided where the journal ends and
/// before it cut: the next one finds what that one found.
TEST_P(JournalCrash, ACrashBetweenDecidingAndCuttingLeavesWhatWasFound) {
  const auto& w = ran();
  const auto past = w.disk().recorded();
  const std::size_t whole = has_long_batches(GetParam()) ? 100 : 4000;
  const auto tally = simulation::for_each_crash_state(
      past, {.budget = budget_of(past, whole)},
      [&](simulated_disk& disk, const crash_state& state) {
        if (HasFailure()) return;
        const auto before = disk.read_all(test::name);
        const auto changes = disk.calls(simulation::call::changing);
        const auto where = test::place(disk);
        recovery decided;
        {
          const auto opened = journal_file::open(where, {});
          if (!opened) return;
          decided = (*opened)->recovered();
        }
        EXPECT_EQ(disk.calls(simulation::call::changing), changes) << state.describe();
        EXPECT_EQ(disk.read_all(test::name), before) << state.describe();
        const auto got = test::recover_and_read(disk);
        EXPECT_FALSE(got.refused.has_value()) << state.describe();
        EXPECT_EQ(got.found.found.end, decided.found.end) << state.describe();
        EXPECT_EQ(got.found.cut_bytes, decided.cut_bytes) << state.describe();
        EXPECT_EQ(disk.read_all(test::name)->size(), decided.found.end) << state.describe();
      });
  tell("decided", tally);
}

TEST_P(JournalCrash, ADiskThatLiesAboutSyncsLosesDataButNeverMakesItUp) {
  const auto& w = ran();
  const auto past = w.disk().recorded();
  const std::size_t whole = has_long_batches(GetParam()) ? 100 : 8000;
  const auto tally = simulation::for_each_crash_state(
      past, {.weak_directories = true, .lying_disk = true, .budget = budget_of(past, whole)},
      [&](simulated_disk& disk, const crash_state& state) {
        if (!HasFailure()) check(disk, state, w, false);
      });
  tell("lying disk", tally);
}

TEST_P(JournalCrash, APromiseMadeEarlierIsNotForgottenLater) {
  const auto& w = ran();
  for (std::size_t i = 1; i < w.promises.size(); ++i) {
    EXPECT_LE(w.promises[i - 1].at, w.promises[i].at);
    EXPECT_LE(w.promises[i].least, w.promises[i].most);
  }
  EXPECT_GT(w.disk().operations(), 0u);
}

INSTANTIATE_TEST_SUITE_P(All, JournalCrash, testing::ValuesIn(workloads()),
                         [](const auto& tested) { return tested.param.what; });

}  // namespace
}  // namespace shelf::journal
