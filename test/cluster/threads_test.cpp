// TEST  cluster
// Threads of several nodes at once: their writes meet in calls, and what they are told is true.
#include "budget.hpp"
#include "cluster_ground.hpp"
#include "shelf/transaction.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

namespace shelf::test {
namespace {

using namespace shelf::cluster;
using counters = map<std::string, std::int64_t>;

replication_settings with_threads() {
  replication_settings how;
  how.deadline = std::chrono::seconds(60);
  return how;
}

// Each put of a lone writer is a commit: what is read says which.
TEST(ClusterThreads, APositionIsNotBehindWhatWasReadBeforeIt) {
  fake_cluster c;
  auto writer = or_throw(open_in(c, with_threads(), declare<counters>("n")));
  auto reader = or_throw(open_in(c, with_threads(), declare<counters>("n")));
  auto n = or_throw(writer.table<counters>("n"));
  or_throw(n.insert("k", 0));
  const auto first = or_throw(of(writer)).position().seq;
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (auto* db : {&writer, &reader}) {
    readers.emplace_back([&stop, db, first] {
      const auto here = or_throw(db->table<counters>("n"));
      const auto replica = or_throw(of(*db));
      while (!stop) {
        const auto value = here.lookup("k").value_or(-1);
        EXPECT_GE(replica.position().seq, first + value);
      }
    });
  }
  for (std::int64_t i = 1; i <= static_cast<std::int64_t>(budgeted(2000)); ++i) {
    or_throw(n.insert("k", i));
  }
  stop = true;
  for (auto& r : readers) r.join();
}

TEST(ClusterThreads, EveryStepOfACounterIsCountedOnceOnEveryNode) {
  fake_cluster c;
  database nodes[] = {or_throw(open_in(c, with_threads(), declare<counters>("n"))),
                      or_throw(open_in(c, with_threads(), declare<counters>("n")))};
  const auto steps = static_cast<int>(budgeted(200));
  {
    const std::scoped_lock lock(c.mutex);
    c.loses = [calls = 0u](std::string_view) mutable { return ++calls % 17 == 0; };
  }
  std::mutex mutex;
  std::set<std::int64_t> values;
  std::vector<std::thread> writers;
  for (auto& db : nodes) {
    for (int w = 0; w < 3; ++w) {
      writers.emplace_back([&] {
        auto n = or_throw(db.table<counters>("n"));
        for (int i = 0; i < steps; ++i) {
          const auto made = n.update_counter("k", 1, {.initial = 0});
          EXPECT_TRUE(made) << made.error();
          if (!made) continue;
          const std::scoped_lock lock(mutex);
          EXPECT_TRUE(values.insert(*made).second);
        }
      });
    }
  }
  for (auto& w : writers) w.join();
  EXPECT_EQ(*values.rbegin(), 6 * steps);
  for (auto& db : nodes) {
    or_throw(db.sync());
    EXPECT_EQ(or_throw(db.table<counters>("n")).lookup("k"), 6 * steps);
    or_throw(db.close());
  }
}

TEST(ClusterThreads, AWriteThatTheServerCannotTakeFailsAloneAmongThoseThatMetIt) {
  fake_cluster c;
  auto db = or_throw(open_in(c, with_threads(), declare<counters>("n")));
  auto n = or_throw(db.table<counters>("n"));
  {
    const std::scoped_lock lock(c.mutex);
    c.refuses = [](const commit_call& call) -> std::optional<error> {
      for (const auto& u : call.waves.front()) {
        if (u.changes.front().key->size() > 100)
          return error(errc::size_limit_exceeded, "too long");
      }
      return std::nullopt;
    };
  }
  const std::string keys[] = {"a", "b", std::string(200, 'x'), "c", "d"};
  std::vector<std::thread> writers;
  std::atomic<int> refused{0};
  {
    // Nothing goes through meanwhile, so that they meet.
    const std::scoped_lock hold(c.mutex);
    for (const auto& key : keys) {
      writers.emplace_back([&] {
        const auto done = n.insert(key, 1);
        EXPECT_TRUE(done || done.error() == errc::size_limit_exceeded);
        refused += done ? 0 : 1;
      });
    }
    auto& queue = behind(db).commits().queue();
    for (auto seen = queue.changes(); queue.size() < std::size(keys); seen = queue.changes()) {
      queue.wait(seen, std::chrono::steady_clock::now() + std::chrono::milliseconds(1));
    }
  }
  for (auto& w : writers) w.join();
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(n.size(), 4u);
  EXPECT_EQ(entries_of(*c.space).size(), 4u);
}

TEST(ClusterThreads, ReadersSeeCommitsWholeWhileTablesAreLoadedAnew) {
  fake_cluster c;
  auto writer = or_throw(open_in(c, with_threads(), declare<counters>("n")));
  auto reader = or_throw(open_in(c, with_threads(), declare<counters>("n")));
  auto to = or_throw(writer.table<counters>("n"));
  std::atomic<bool> is_over{false};
  std::thread reads([&] {
    auto from = or_throw(reader.table<counters>("n"));
    std::int64_t last = 0;
    while (!is_over) {
      const auto moment = from.snapshot();
      const auto a = moment.lookup("a").value_or(0);
      EXPECT_EQ(a, moment.lookup("b").value_or(0));
      EXPECT_GE(a, last) << "never backwards";
      last = a;
    }
  });
  std::thread loads([&] {
    while (!is_over) or_throw(reader.reload());
  });
  const auto rounds = static_cast<std::int64_t>(budgeted(100));
  for (std::int64_t i = 1; i <= rounds; ++i) {
    or_throw(to.insert_range({{"a", i}, {"b", i}}));
  }
  is_over = true;
  reads.join();
  loads.join();
  or_throw(reader.sync());
  EXPECT_EQ(or_throw(reader.table<counters>("n")).lookup("b"), rounds);
}

TEST(ClusterThreads, TransfersKeepTheSumThatEveryReaderSees) {
  fake_cluster c;
  database nodes[] = {or_throw(open_in(c, with_threads(), declare<counters>("n"))),
                      or_throw(open_in(c, with_threads(), declare<counters>("n")))};
  or_throw(or_throw(nodes[0].table<counters>("n")).insert_range({{"a", 100}, {"b", 100}}));
  for (auto& db : nodes) or_throw(db.sync());
  const auto rounds = static_cast<int>(budgeted(50));
  std::vector<std::thread> threads;
  for (auto& db : nodes) {
    for (int w = 0; w < 2; ++w) {
      threads.emplace_back([&] {
        auto n = or_throw(db.table<counters>("n"));
        for (int i = 0; i < rounds; ++i) {
          const auto moved = db.transact(
              [&](transaction& tx) {
                auto t = tx(n);
                const auto a = *t.lookup("a");
                EXPECT_EQ(a + *t.lookup("b"), 200);
                or_throw(t.insert("a", a - 1));
                or_throw(t.insert("b", 200 - a + 1));
              },
              {.attempts = 10'000});
          EXPECT_TRUE(moved) << moved.error();
        }
      });
    }
  }
  for (auto& t : threads) t.join();
  for (auto& db : nodes) {
    or_throw(db.sync());
    EXPECT_EQ(or_throw(db.table<counters>("n")).lookup("a"), 100 - 4 * rounds);
  }
}

TEST(ClusterThreads, ALongTransactionSucceedsWithinEightAttemptsAgainstShortOnesOfAllNodes) {
  fake_cluster c;
  c.patience = std::chrono::seconds(1);
  std::vector<database> nodes;
  for (int i = 0; i < 3; ++i) {
    nodes.push_back(or_throw(open_in(c, with_threads(), declare<counters>("n"))));
  }
  std::atomic<bool> is_over{false};
  std::vector<std::thread> short_ones;
  for (auto& db : nodes) {
    short_ones.emplace_back([&] {
      auto n = or_throw(db.table<counters>("n"));
      while (!is_over) {
        const auto made = n.update_counter("k", 1, {.initial = 0});
        EXPECT_TRUE(made) << made.error();
      }
    });
  }
  auto n = or_throw(nodes[0].table<counters>("n"));
  for (std::int64_t round = 0; round < 5; ++round) {
    const auto done = nodes[0].transact(
        [&](transaction& tx) {
          const auto k = tx(n).lookup("k").value_or(0);
          // Others come in between, unless they cannot: then it has waited long enough.
          const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
          while (n.lookup("k").value_or(0) == k && std::chrono::steady_clock::now() < until) {
            std::this_thread::yield();
          }
          or_throw(tx(n).insert("seen", k));
        },
        {.attempts = 8});
    EXPECT_TRUE(done) << done.error();
  }
  is_over = true;
  for (auto& t : short_ones) t.join();
}

TEST(ClusterThreads, AClosedDatabaseLetsItsWritersGo) {
  fake_cluster c;
  auto db = or_throw(open_in(c, with_threads(), declare<counters>("n")));
  auto n = or_throw(db.table<counters>("n"));
  {
    const std::scoped_lock lock(c.mutex);
    c.fails = [](std::string_view) { return true; };
  }
  std::thread writer([&] {
    const auto done = n.insert("k", 1);
    EXPECT_FALSE(done);
    EXPECT_TRUE(done.error() == errc::table_closed || done.error() == errc::indeterminate)
        << done.error();
  });
  auto& queue = behind(db).commits().queue();
  for (auto seen = queue.changes(); queue.size() == 0; seen = queue.changes()) {
    queue.wait(seen, std::chrono::steady_clock::now() + std::chrono::milliseconds(1));
  }
  db.abandon();
  writer.join();
}

}  // namespace
}  // namespace shelf::test
