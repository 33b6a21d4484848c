// TEST  crash
// Mistakes that stores with transactions have made: each must be caught.
#include "crash/isolation.hpp"
#include "crash/list_append.hpp"
#include "crash/with_bug.hpp"
#include "shelf/detail/database_core.hpp"
#include "shelf/shelf.hpp"
#include "simulation/simulated_disk.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace shelf::crash {
namespace {

using file::seeded_bug;
using violations = std::vector<std::string>;

constexpr const char* path = "bugs.shelf";

[[nodiscard]] detail::wanted_table numbers(std::string name) {
  static const detail::decoding_rules rules;
  return {.name = std::move(name),
          .types = detail::make_entry_types(
              detail::types_of<std::int64_t, std::int64_t, kind::set>({}, rules))};
}

[[nodiscard]] detail::core_config on(simulation::simulated_disk& disk, write_mode mode) {
  detail::core_config c;
  c.path = path;
  c.mode = mode;
  c.system = &disk;
  return c;
}

[[nodiscard]] std::shared_ptr<detail::database_core> opened(detail::core_config c,
                                                            std::vector<std::string> names) {
  std::vector<detail::wanted_table> all;
  for (auto& n : names) all.push_back(numbers(std::move(n)));
  return or_throw(detail::open_database(std::move(c), std::move(all)));
}

violations replays() {
  violations found;
  for (const int threads : {2, 4, 8}) {
    auto report = check_isolation({.threads = threads,
                                   .transactions = 40'000u / static_cast<unsigned>(threads),
                                   .seed = 77,
                                   .keys = 4,
                                   .in_memory = true});
    found.insert(found.end(), report.violations.begin(), report.violations.end());
  }
  const auto gathered = check_isolation({.threads = 8,
                                         .transactions = 3'000,
                                         .seed = 78,
                                         .keys = 2,
                                         .in_memory = false,
                                         .durable = true});
  found.insert(found.end(), gathered.violations.begin(), gathered.violations.end());
  return found;
}

/// The same in a process of its own: what is freed too early may end it.
violations replays_elsewhere() {
  const auto child = ::fork();
  if (child == 0) ::_exit(replays().empty() ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status == 0) return {};
  return {WIFSIGNALED(status) ? "a replay ended by a signal" : "a replay found something"};
}

/// Seen from outside, without the library's own order.
violations lists() {
  violations found;
  for (const int threads : {2, 8}) {
    auto report = check_lists(
        {.threads = threads, .transactions = 8'000u / static_cast<unsigned>(threads), .lists = 4});
    found.insert(found.end(), report.anomalies.begin(), report.anomalies.end());
  }
  return found;
}

violations starvation() {
  violations found;
  // On a busy machine the one who interrupts may come too late now and then.
  for (int round = 0; round < 20 && found.empty(); ++round) {
    const auto seen = interrupt_a_transaction();
    if (seen.writes_while_reserved == 0) continue;
    found.push_back("a table was written while it was reserved, in a transaction of " +
                    std::to_string(seen.attempts) + " attempts");
  }
  return found;
}

/// One number in all tables at any moment.
violations torn_moments() {
  detail::core_config c;
  c.in_memory = true;
  const std::vector<std::string> names{"a", "b", "c", "d", "e", "f"};
  const auto db = opened(std::move(c), names);
  std::vector<std::shared_ptr<detail::core>> tables;
  for (const auto& n : names) tables.push_back(or_throw(db->table(numbers(n))));
  const auto key = term::integer(1);
  std::atomic<bool> stop{false};
  std::jthread writer([&] {
    for (std::int64_t n = 0; !stop; ++n) {
      const auto value = term::integer(n);
      static_cast<void>(db->transact({}, [&](detail::transaction_core& tx) -> result<> {
        for (const auto& t : tables) {
          if (auto r = tx.of(*t).insert(key.encoded(), value.encoded()); !r) return r;
        }
        return {};
      }));
    }
  });
  violations found;
  for (int n = 0; n < 200'000 && found.empty(); ++n) {
    std::vector<std::int64_t> seen;
    static_cast<void>(db->transact({}, [&](detail::transaction_core& tx) -> result<> {
      seen.clear();
      for (auto t = tables.rbegin(); t != tables.rend(); ++t) {
        tx.of(**t).lookup(key.encoded(),
                          [&](bytes v) { seen.push_back(*term::from_canonical(v).as_integer()); });
      }
      return {};
    }));
    for (const auto v : seen) {
      if (v != seen.front()) found.emplace_back("a transaction is seen in part");
    }
    if (!seen.empty() && seen.size() != tables.size()) {
      found.emplace_back("a transaction is seen in part");
    }
  }
  stop = true;
  writer.join();
  db->abandon();
  return found;
}

/// A ticket is a promise about the disk.
violations tickets() {
  simulation::simulated_disk disk;
  const auto db = opened(on(disk, write_mode::through), {"a", "b"});
  const auto table = or_throw(db->table(numbers("a")));
  const auto one = term::integer(1);
  const auto done = or_throw(db->transact({}, [&](detail::transaction_core& tx) {
    return tx.of(*table).insert(one.encoded(), one.encoded());
  }));
  const auto before = disk.calls(simulation::call::any_sync);
  const bool promised = db->make_durable(done.sequence).has_value();
  const bool synced = disk.calls(simulation::call::any_sync) > before;
  db->abandon();
  if (!promised || synced) return {};
  return {"a ticket was kept without a sync"};
}

/// What may be on disk is never written a second time.
violations doubts() {
  simulation::simulated_disk disk;
  const auto db = opened(on(disk, write_mode::durable), {"a"});
  const auto table = or_throw(db->table(numbers("a")));
  const auto one = term::integer(1);
  int runs = 0;
  disk.inject({.kind = simulation::call::any_sync, .nth = 1, .error = EIO});
  const auto done = db->transact({}, [&](detail::transaction_core& tx) {
    ++runs;
    return tx.of(*table).insert(one.encoded(), one.encoded());
  });
  disk.clear_faults();
  db->abandon();
  if (!done && done.error() == errc::indeterminate && runs == 1) return {};
  return {"a commit in doubt was run " + std::to_string(runs) + " times"};
}

/// Readers that know one table must never meet a second one.
violations second_tables() {
  violations found;
  for (std::uint64_t nth = 1;; ++nth) {
    simulation::simulated_disk disk;
    auto db = opened(on(disk, write_mode::through), {"first"});
    disk.inject({.kind = simulation::call::any, .nth = nth, .error = EIO, .sticky = true});
    static_cast<void>(db->table(numbers("second")));
    const bool struck = disk.faults_met() != 0;
    disk.clear_faults();
    db->abandon();
    db.reset();
    const auto again = detail::open_database(on(disk, write_mode::through), {});
    if (!again) found.push_back("call " + std::to_string(nth) + ": " + again.error().message());
    if (again) (*again)->abandon();
    if (!struck) return found;
  }
}

std::size_t violations_with(seeded_bug b) {
  const with_bug switched(b);
  std::size_t sum = 0;
  if (b == seeded_bug::unpinned_before_validating) return replays_elsewhere().size();
  const auto look = [&](const char* suite, violations (*run)()) {
    const auto found = run();
    std::printf("%s: %zu violations in %s\n", std::string(name_of(b)).c_str(), found.size(), suite);
    if (!found.empty()) std::printf("  %s\n", found.front().c_str());
    sum += found.size();
    if (b == seeded_bug::none) {
      EXPECT_TRUE(found.empty()) << suite << ": " << found.front();
    }
  };
  look("list appends", &lists);
  // That one has to be found from outside.
  if (b == seeded_bug::lists_not_read) return sum;
  look("replays", &replays);
  look("starvation", &starvation);
  look("torn moments", &torn_moments);
  look("tickets", &tickets);
  look("doubts", &doubts);
  look("second tables", &second_tables);
  return sum;
}

class SeededTransactionBugs : public testing::TestWithParam<seeded_bug> {};

TEST(SeededTransactionBugs, NothingIsFoundInSoundCode) {
  EXPECT_EQ(violations_with(seeded_bug::none), 0U);
}

TEST_P(SeededTransactionBugs, AreCaught) { EXPECT_GT(violations_with(GetParam()), 0U); }

INSTANTIATE_TEST_SUITE_P(
    Eleven, SeededTransactionBugs,
    testing::Values(seeded_bug::absent_reads_skipped, seeded_bug::group_not_seen,
                    seeded_bug::published_per_table, seeded_bug::counts_without_stamps,
                    seeded_bug::unpinned_before_validating, seeded_bug::table_before_its_bit,
                    seeded_bug::indeterminate_retried, seeded_bug::reservation_ignored,
                    seeded_bug::ticket_before_sync, seeded_bug::bounds_not_read,
                    seeded_bug::lists_not_read),
    [](const auto& about) { return std::string(name_of(about.param)); });

}  // namespace
}  // namespace shelf::crash
