// TEST  cluster
// Transactions of several nodes: each as if alone, at the moment of its commit. Over the server in
// memory, step by step.
#include "budget.hpp"
#include "cluster_ground.hpp"
#include "shelf/transaction.hpp"

#include <gmock/gmock.h>

#include <random>

namespace shelf::test {
namespace {

using namespace shelf::cluster;
using accounts_table = map<std::string, std::int64_t>;
using sorted_table = ordered_map<int, int>;

/// What another node does before the next commit of this one, once.
void meanwhile(fake_cluster& c, std::function<void()> change) {
  c.fails = [times = 1, change = std::move(change)](std::string_view which) mutable {
    if (which == "commit" && times-- > 0) change();
    return false;
  };
}

TEST(ClusterTransaction, MovesMoneyOnceHoweverManyNodesDoItAndWhateverGetsLost) {
  for (std::uint64_t seed = 1; seed <= budgeted(60); ++seed) {
    SCOPED_TRACE(seed);
    fake_cluster c;
    std::mt19937_64 random(seed);
    const auto chance = [&](unsigned per_cent) { return random() % 100 < per_cent; };
    database nodes[] = {or_throw(open_in(c, by_hand(8), declare<accounts_table>("a"))),
                        or_throw(open_in(c, by_hand(8), declare<accounts_table>("a")))};
    for (int i = 0; i < 4; ++i) {
      or_throw(or_throw(nodes[0].table<accounts_table>("a")).insert(std::to_string(i), 100));
    }
    c.fails = [&](std::string_view) { return chance(10); };
    c.loses = [&](std::string_view which) { return which == "commit" && chance(20); };
    std::int64_t moved = 0;
    std::int64_t in_doubt = 0;
    for (int i = 0; i < 40; ++i) {
      auto& db = nodes[random() % 2];
      auto accounts = or_throw(db.table<accounts_table>("a"));
      const auto done = db.transact([&](transaction& tx) {
        auto a = tx(accounts);
        const auto from = *a.lookup("0");
        const auto to = *a.lookup(std::to_string(1 + i % 3));
        or_throw(a.insert("0", from - 1));
        or_throw(a.insert(std::to_string(1 + i % 3), to + 1));
      });
      moved += done ? 1 : 0;
      in_doubt += !done && done.error() == errc::indeterminate ? 1 : 0;
      const auto moment = accounts.snapshot();
      std::int64_t sum = 0;
      for (const auto& [key, value] : moment) sum += value;
      ASSERT_EQ(sum, 400) << "a commit is shown whole";
    }
    c.fails = [](std::string_view) { return false; };
    c.loses = c.fails;
    for (auto& db : nodes) or_throw(db.sync());
    const auto left = *or_throw(nodes[1].table<accounts_table>("a")).lookup("0");
    EXPECT_LE(left, 100 - moved);
    EXPECT_GE(left, 100 - moved - in_doubt);
  }
}

TEST(ClusterTransaction, RunsAgainIfWhatItHasReadWasChangedAndNotOtherwise) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<accounts_table>("a")));
  auto other = or_throw(open_in(c, by_hand(), declare<accounts_table>("a")));
  auto here = or_throw(db.table<accounts_table>("a"));
  auto there = or_throw(other.table<accounts_table>("a"));
  or_throw(here.insert_range({{"x", 1}, {"y", 1}}));
  int runs = 0;
  const auto take_x_if_y_is_there = [&] {
    runs = 0;
    return db.transact([&](transaction& tx) {
      ++runs;
      auto a = tx(here);
      if (a.contains("y")) or_throw(a.erase("x"));
    });
  };
  meanwhile(c, [&] { or_throw(there.insert("z", 1)); });
  EXPECT_TRUE(take_x_if_y_is_there());
  EXPECT_EQ(runs, 1);
  EXPECT_FALSE(here.contains("x"));
  or_throw(here.insert("x", 1));
  meanwhile(c, [&] { or_throw(there.erase("y")); });
  EXPECT_TRUE(take_x_if_y_is_there());
  EXPECT_EQ(runs, 2);
  EXPECT_TRUE(here.contains("x")) << "no write skew";
}

TEST(ClusterTransaction, ThatHasWalkedARangeOrTheTableSeesWhatComesIntoIt) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<sorted_table>("s")));
  auto other = or_throw(open_in(c, by_hand(), declare<sorted_table>("s")));
  auto here = or_throw(db.table<sorted_table>("s"));
  auto there = or_throw(other.table<sorted_table>("s"));
  or_throw(here.insert_range({{1, 1}, {2, 2}}));
  const auto note_size = [&] {
    return db.transact([&](transaction& tx) {
      auto s = tx(here);
      or_throw(s.insert(100, static_cast<int>(s.size())));
    });
  };
  meanwhile(c, [&] { or_throw(there.insert(3, 3)); });
  EXPECT_TRUE(note_size());
  EXPECT_EQ(here.lookup(100), 3);
  const auto note_first = [&] {
    return db.transact([&](transaction& tx) {
      auto s = tx(here);
      or_throw(s.insert(101, s.first()->first));
    });
  };
  meanwhile(c, [&] { or_throw(there.insert(-5, 0)); });
  EXPECT_TRUE(note_first());
  EXPECT_EQ(here.lookup(101), -5);
}

TEST(ClusterTransaction, OverSeveralTablesOfAllKindsIsWholeOnEveryNode) {
  fake_cluster c;
  random_tables here{.db = or_throw(open_random_tables(c, by_hand()))};
  random_tables there{.db = or_throw(open_random_tables(c, by_hand()))};
  or_throw(here.in_counters.insert("n", 5));
  or_throw(here.in_bag.insert("k", 1));
  const auto done = here.db.transact([&](transaction& tx) {
    or_throw(tx(here.in_set).insert("k", 1));
    or_throw(tx(here.in_order).insert("k", 2));
    or_throw(tx(here.in_bag).insert("k", 2));
    or_throw(tx(here.in_bag).erase("k", 1));
    or_throw(tx(here.in_duplicates).insert("k", 3));
    or_throw(tx(here.in_duplicates).insert("k", 3));
    or_throw(tx(here.in_counters).add("n", 2));
    or_throw(tx(here.in_set).insert("gone", 1));
    or_throw(tx(here.in_set).erase("gone"));
  });
  ASSERT_TRUE(done) << done.error();
  settle(there.db);
  EXPECT_EQ(here.entries(), there.entries());
  EXPECT_EQ(there.in_counters.lookup("n"), 7);
  EXPECT_EQ(there.in_bag.lookup("k"), std::vector{2});
  EXPECT_EQ(there.in_duplicates.lookup("k"), (std::vector{3, 3}));
  EXPECT_FALSE(there.in_set.contains("gone"));
}

TEST(ClusterTransaction, AddsToACounterThatAnotherNodeHasSteppedMeanwhile) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<accounts_table>("a")));
  auto other = or_throw(open_in(c, by_hand(), declare<accounts_table>("a")));
  auto here = or_throw(db.table<accounts_table>("a"));
  auto there = or_throw(other.table<accounts_table>("a"));
  or_throw(here.insert("n", 1));
  int runs = 0;
  meanwhile(c, [&] { or_throw(there.update_counter("n", 10)); });
  EXPECT_TRUE(db.transact([&](transaction& tx) {
    ++runs;
    or_throw(tx(here).add("n", 1));
  }));
  EXPECT_EQ(here.lookup("n"), 12);
  EXPECT_EQ(runs, 1) << "an add reads nothing";
}

TEST(ClusterTransaction, IsAConflictAfterItsAttemptsAndHasDoneNothing) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<accounts_table>("a")));
  auto other = or_throw(open_in(c, by_hand(), declare<accounts_table>("a")));
  auto here = or_throw(db.table<accounts_table>("a"));
  auto there = or_throw(other.table<accounts_table>("a"));
  or_throw(here.insert("n", 1));
  bool is_inside = false;
  c.fails = [&](std::string_view which) {
    if (which == "commit" && !is_inside) {
      is_inside = true;
      or_throw(there.update_counter("n", 1));
      is_inside = false;
    }
    return false;
  };
  int runs = 0;
  const auto done = db.transact(
      [&](transaction& tx) {
        ++runs;
        or_throw(tx(here).insert("n", -*tx(here).lookup("n")));
      },
      {.attempts = 3});
  EXPECT_EQ(done.error(), errc::conflict);
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(here.lookup("n"), 4);
}

TEST(ClusterTransaction, HasTheSpaceToItselfFromTheFourthAttemptOnAndSoSucceeds) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<accounts_table>("a")));
  auto other = or_throw(open_in(c, by_hand(3), declare<accounts_table>("a")));
  auto here = or_throw(db.table<accounts_table>("a"));
  auto there = or_throw(other.table<accounts_table>("a"));
  or_throw(here.insert("n", 1));
  or_throw(other.sync());
  int runs = 0;
  int refused = 0;
  const auto negate = [&](transaction& tx) {
    ++runs;
    const auto n = *tx(here).lookup("n");
    const auto meant = there.update_counter("n", 1);
    refused += meant ? 0 : 1;
    or_throw(tx(here).insert("n", -n));
  };
  EXPECT_TRUE(db.transact(negate, {.attempts = 8}));
  EXPECT_EQ(runs, 4);
  EXPECT_EQ(refused, 1) << "another node waits for the one who holds the space";
  or_throw(other.sync());
  EXPECT_EQ(here.lookup("n"), -4);
  EXPECT_EQ(there.update_counter("n", 1), -3) << "and no longer";
}

TEST(ClusterTransaction, ThatHoldsTheSpaceAndGivesUpLetsOthersGoOn) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<accounts_table>("a")));
  auto other = or_throw(open_in(c, by_hand(), declare<accounts_table>("a")));
  auto here = or_throw(db.table<accounts_table>("a"));
  auto there = or_throw(other.table<accounts_table>("a"));
  or_throw(here.insert("n", 1));
  or_throw(other.sync());
  const auto gives_up = db.transact([&](transaction& tx) -> result<> {
    (void)tx(here).lookup("n");
    if (tx.attempt() == 4) {
      EXPECT_NE(c.holder, nullptr);
      return std::unexpected(error(errc::overflow));
    }
    or_throw(there.update_counter("n", 1));
    return tx(here).insert("n", 0);
  });
  EXPECT_EQ(gives_up.error(), errc::overflow);
  or_throw(here.insert("m", 1));
  EXPECT_EQ(c.holder, nullptr);
  or_throw(there.insert("m", 2));
}

TEST(ClusterTransaction, ThatClearsATableDoesNothingElse) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<accounts_table>("a")));
  auto a = or_throw(db.table<accounts_table>("a"));
  or_throw(a.insert("n", 1));
  const auto mixed = db.transact([&](transaction& tx) {
    or_throw(tx(a).clear());
    or_throw(tx(a).insert("m", 1));
  });
  EXPECT_EQ(mixed.error(), errc::invalid_argument);
  EXPECT_EQ(a.size(), 1u);
  EXPECT_TRUE(db.transact([&](transaction& tx) { or_throw(tx(a).clear()); }));
  EXPECT_TRUE(a.empty());
}

TEST(ClusterTransaction, IsAsDurableAsTheServerPromisesOnceItReturns) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<accounts_table>("a")));
  auto a = or_throw(db.table<accounts_table>("a"));
  ticket written;
  bool was_told = false;
  EXPECT_TRUE(db.transact(
      [&](transaction& tx) {
        or_throw(tx(a).insert("n", 1));
        tx.on_commit([&] { was_told = true; });
      },
      {.ticket = &written, .sync = true}));
  EXPECT_TRUE(was_told);
  EXPECT_TRUE(written.is_durable());
  EXPECT_TRUE(written.wait());
}

TEST(ClusterTransaction, ThatGivesUpHasDoneNothingAnywhere) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<accounts_table>("a")));
  auto a = or_throw(db.table<accounts_table>("a"));
  const auto refused = db.transact([&](transaction& tx) -> result<> {
    or_throw(tx(a).insert("n", 1));
    return std::unexpected(error(errc::overflow));
  });
  EXPECT_EQ(refused.error(), errc::overflow);
  EXPECT_TRUE(entries_of(*c.space).empty());
}

}  // namespace
}  // namespace shelf::test
