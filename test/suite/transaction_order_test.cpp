// SUITE  every verb over every kind, write mode and store
// What a transaction has read of an ordered table: as much as it asked for, and no more.
#include "suite/database_ground.hpp"

#include <tuple>
#include <utility>

namespace shelf::suite {
namespace {

/// Runs of a transaction that reads, while another thread writes once during the first of them.
template <class Read, class Write>
int runs(bank& b, Read read, Write meanwhile) {
  int count = 0;
  EXPECT_TRUE(ok(b.db.transact([&](transaction& tx) -> result<> {
    ++count;
    read(tx(b.accounts));
    if (count == 1) elsewhere([&] { meanwhile(b.accounts); });
    return tx(b.visits).insert("done", count);
  })));
  return count;
}

class TransactionOrder : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(ok(b.accounts.insert_range(
        {{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}, {"e", 5}, {"f", 6}, {"g", 7}})));
  }
  template <class Read>
  int runs_if_inserted(Read read, const char* key, std::int64_t value = 100) {
    return runs(b, read, [&](auto& t) { EXPECT_TRUE(ok(t.insert(key, value))); });
  }
  template <class Read>
  int runs_if_erased(Read read, const char* key) {
    return runs(b, read, [&](auto& t) { EXPECT_EQ(t.erase(key), 1u); });
  }
  template <class Range>
  static void walk_through(const Range& range) {
    for (const auto& entry : range) static_cast<void>(entry);
  }

  bank b;
};

TEST_F(TransactionOrder, ABoundIsReadOrNotAsItSays) {
  const auto open = [](auto t) { walk_through(t.range(above("b"), below("f"))); };
  EXPECT_EQ(runs_if_inserted(open, "b"), 1);
  EXPECT_EQ(runs_if_inserted(open, "f"), 1);
  EXPECT_EQ(runs_if_inserted(open, "b0"), 2);
  EXPECT_EQ(runs_if_inserted(open, "ez"), 2);
  const auto closed = [](auto t) { walk_through(t.range(at_least("b"), at_most("f"))); };
  EXPECT_EQ(runs_if_inserted(closed, "b", 101), 2);
  EXPECT_EQ(runs_if_inserted(closed, "f", 101), 2);
  EXPECT_EQ(runs_if_inserted(closed, "a", 101), 1);
  EXPECT_EQ(runs_if_inserted(closed, "fa", 101), 1);
  const auto one_end = [](auto t) { walk_through(t.range(above("f"))); };
  EXPECT_EQ(runs_if_inserted(one_end, "f", 102), 1);
  EXPECT_EQ(runs_if_inserted(one_end, "zz"), 2);
}

TEST_F(TransactionOrder, ARangeOfNothingIsReadToo) {
  const auto read = [](auto t) { EXPECT_TRUE(t.range(above("c"), below("d")).empty()); };
  int count = 0;
  EXPECT_TRUE(ok(b.db.transact([&](transaction& tx) -> result<> {
    if (++count == 1) {
      read(tx(b.accounts));
      elsewhere([&] { EXPECT_TRUE(ok(b.accounts.insert("cc", 1))); });
    }
    return tx(b.visits).insert("done", count);
  })));
  EXPECT_EQ(count, 2);
  EXPECT_EQ(runs_if_inserted([](auto t) { EXPECT_EQ(t.range(above("d"), below("e")).size(), 0u); },
                             "d", 50),
            1);
}

TEST_F(TransactionOrder, APrefixReadsItsKeysAndTheirGapsAlone) {
  const auto read = [](auto t) { walk_through(t.prefix("c")); };
  EXPECT_EQ(runs_if_inserted(read, "c\xff\xff"), 2);
  EXPECT_EQ(runs_if_inserted(read, "bz"), 1);
  EXPECT_EQ(runs_if_inserted(read, "d", 40), 1);
  EXPECT_EQ(runs_if_erased(read, "c"), 2);
}

TEST_F(TransactionOrder, AWalkBackwardsReadsUpToWhereItStopped) {
  for (int i = 0; i < 2000; ++i)  // more than a portion
    ASSERT_TRUE(ok(b.accounts.insert("b" + std::to_string(10'000 + i), i)));
  const auto last_two = [](auto t) {
    auto range = t.range(at_most("f")).reversed();
    auto at = range.begin();
    EXPECT_EQ((*at).first, "f");
    ++at;
    EXPECT_EQ((*at).first, "e");
  };
  EXPECT_EQ(runs_if_inserted(last_two, "a", 11), 1);
  EXPECT_EQ(runs_if_inserted(last_two, "g", 11), 1);
  EXPECT_EQ(runs_if_erased(last_two, "b10000"), 1);
  const auto f_and_e = [&](auto t) {
    int seen = 0;
    for (const auto& key : t.range(at_least("d"), at_most("f")).reversed().keys()) {
      if (key == "e" || ++seen == 2) break;
    }
  };
  EXPECT_EQ(runs_if_inserted(f_and_e, "ee"), 2);
}

TEST_F(TransactionOrder, ASliceReadsHowManyEntriesAreBeforeItAndNotWhich) {
  const auto read = [](auto t) {
    const auto some = t.slice(2, 4);
    auto at = some.begin();
    EXPECT_EQ((*at).first, "c");
    ++at;
    EXPECT_EQ((*at).first, "d");
    ++at;
    EXPECT_TRUE(at == some.end());
  };
  EXPECT_EQ(runs_if_inserted(read, "a", 10), 1) << "a value before the slice";
  EXPECT_EQ(runs_if_inserted(read, "g", 10), 1) << "a value behind it";
  EXPECT_EQ(runs_if_inserted(read, "h", 10), 1) << "an entry behind it";
  EXPECT_EQ(runs_if_inserted(read, "c", 10), 2) << "a value in it";
  const auto first_of = [](auto t) { walk_through(t.slice(2, 4)); };
  EXPECT_EQ(runs_if_inserted(first_of, "aa", 10), 2) << "an entry before it";
  EXPECT_EQ(runs_if_erased(first_of, "a"), 2);
  const auto past_the_end = [](auto t) { EXPECT_TRUE(t.slice(50, 60).empty()); };
  EXPECT_EQ(runs_if_inserted(past_the_end, "zzz", 1), 2);
}

TEST_F(TransactionOrder, NthFloorAndRankAreAnswersThatMustStillHold) {
  const auto nth = [](auto t) { static_cast<void>(t.nth(2)); };
  EXPECT_EQ(runs_if_inserted(nth, "b", 21), 1);
  EXPECT_EQ(runs_if_inserted(nth, "d", 21), 1);
  EXPECT_EQ(runs_if_inserted(nth, "c", 21), 2);
  EXPECT_EQ(runs_if_inserted(nth, "0", 21), 2);
  const auto none = [](auto t) { EXPECT_TRUE(refuses(t.nth(1000), errc::not_found)); };
  EXPECT_EQ(runs_if_inserted(none, "a", 22), 1);
  EXPECT_EQ(runs_if_erased(none, "0"), 2);
  const auto floor = [](auto t) { static_cast<void>(t.floor("dd")); };
  EXPECT_EQ(runs_if_inserted(floor, "c", 23), 1);
  EXPECT_EQ(runs_if_inserted(floor, "dd5", 23), 1);
  EXPECT_EQ(runs_if_inserted(floor, "d5", 23), 2);
  const auto rank = [](auto t) { static_cast<void>(t.rank("dd")); };
  EXPECT_EQ(runs_if_inserted(rank, "a", 24), 1);
  EXPECT_EQ(runs_if_inserted(rank, "a5", 24), 2);
}

TEST_F(TransactionOrder, OwnWritesStandAmongTheOthersAndAreNoReads) {
  const auto read = [](auto t) {
    EXPECT_TRUE(ok(t.insert("bb", 22)));
    EXPECT_TRUE(ok(t.erase("c")));
    EXPECT_TRUE(ok(t.insert("d", 44)));
    EXPECT_EQ(t.nth(2)->first, "bb");
    EXPECT_EQ(t.nth(3), (std::pair<std::string, std::int64_t>("d", 44)));
    EXPECT_EQ(t.nth(4)->first, "e");
    EXPECT_EQ(t.floor("cc")->first, "bb");
    EXPECT_EQ(t.range(above("b"), at_most("d")).size(), 2u);
    EXPECT_EQ(t.prefix("b").size(), 2u);
    std::string seen;
    for (const auto& [key, value] : t.slice(1, 5).reversed()) seen += key + ' ';
    EXPECT_EQ(seen, "e d bb b ");
    seen.clear();
    for (const auto& [key, value] : t.slice(1, 4)) seen += key + ' ';
    EXPECT_EQ(seen, "b bb d ");
  };
  EXPECT_EQ(runs(b, read, [](auto&) {}), 1);
  EXPECT_EQ(b.accounts.nth(2)->first, "bb");
}

using routes_table = ordered_map<std::tuple<std::string, int, int>, int>;

TEST(TransactionOrderOfTuples, APartialKeyIsReadAsThatPartOfTheOrder) {
  database_ground g;
  auto db = g.open(declare<routes_table>("routes"), declare<visits_table>("visits"));
  auto routes = or_throw(db.table<routes_table>("routes"));
  auto visits = or_throw(db.table<visits_table>("visits"));
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(ok(routes.insert({i < 2 ? "north" : "south", i, 7}, i)));
  const auto runs_if = [&](std::tuple<std::string, int, int> key) {
    int count = 0;
    EXPECT_TRUE(ok(db.transact([&](transaction& tx) -> result<> {
      ++count;
      for (const auto& e : tx(routes).prefix(std::tuple("north"))) static_cast<void>(e);
      EXPECT_TRUE(tx(routes).prefix(std::tuple("west", 1)).empty());
      EXPECT_TRUE(tx(routes).range(above(std::tuple("south"))).empty());
      if (count == 1) elsewhere([&] { EXPECT_TRUE(ok(routes.insert(key, 99))); });
      return tx(visits).insert("done", count);
    })));
    EXPECT_EQ(routes.erase(key), 1u);
    return count;
  };
  EXPECT_EQ(runs_if({"south", -1, 0}), 1);
  EXPECT_EQ(runs_if({"east", 0, 0}), 1);
  EXPECT_EQ(runs_if({"north", 100, 0}), 2);
}

}  // namespace
}  // namespace shelf::suite
