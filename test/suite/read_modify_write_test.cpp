// SUITE  every verb over every kind, write mode and store
// Verbs that read an entry and change it in one step: on tables, and in transactions.
#include "suite/crowd.hpp"
#include "suite/database_ground.hpp"
#include "suite/ground.hpp"

#include <limits>
#include <mutex>
#include <set>
#include <stdexcept>

namespace shelf::suite {
namespace {

template <class Kind>
class Take : public each_kind<Kind> {};
TYPED_TEST_SUITE(Take, all_kinds, kind_names);
template <class Kind>
class ReadModifyWrite : public each_kind<Kind> {};
TYPED_TEST_SUITE(ReadModifyWrite, map_kinds, kind_names);

using optional_value = std::optional<std::int64_t>;

// --- take ----------------------------------------------------------------------------------------

TYPED_TEST(Take, ErasesTheKeyAndReturnsWhatLookupWouldHave) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}})));
    if constexpr (is_bag(TypeParam::value)) {
      ASSERT_TRUE(ok(t.insert("a", 7)));
      ASSERT_TRUE(ok(t.insert("a", 1)));
    }
    const auto seen = or_throw(t.lookup("a"));
    EXPECT_EQ(t.take("a"), seen);
    EXPECT_EQ(contents(t), (entries{{"b", 2}}));
    EXPECT_TRUE(refuses(t.take("a"), errc::not_found));
    g.reopen(t);
    EXPECT_EQ(contents(t), (entries{{"b", 2}}));
  });
}

TYPED_TEST(Take, AFailedWriteTakesNothing) {
  this->where_writes_reach_the_file([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    g.disk.inject({.kind = simulation::call::write, .nth = 1, .error = ENOSPC});
    EXPECT_FALSE(t.take("a").has_value());
    g.disk.clear_faults();
    EXPECT_EQ(contents(t), (entries{{"a", 1}}));
  });
}

TYPED_TEST(Take, OfManyThreadsOneGetsTheKey) {
  this->run(std::array{keeping::memory, keeping::through}, [](auto& g) {
    auto t = g.open();
    std::atomic<int> got = 0;
    for (int round = 0; round < 50; ++round) {
      ASSERT_TRUE(ok(t.insert("k", round)));
      crowd all;
      for (int i = 0; i < 3; ++i) {
        all.once([&] {
          if (t.take("k").has_value()) ++got;
        });
      }
    }
    EXPECT_EQ(got, 50);
  });
}

TEST(TakeFirst, MakesAQueueOfAnOrderedMap) {
  for (const auto how : every_keeping) {
    ground<kind::ordered_set, int, std::string> g(how);
    auto t = g.open();
    EXPECT_TRUE(refuses(t.take_first(), errc::not_found));
    EXPECT_TRUE(refuses(t.take_last(), errc::not_found));
    ASSERT_TRUE(ok(t.insert_range({{2, "b"}, {1, "a"}, {3, "c"}})));
    EXPECT_EQ(t.take_first(), (std::pair{1, std::string("a")}));
    EXPECT_EQ(t.take_last(), (std::pair{3, std::string("c")}));
    g.reopen(t);
    EXPECT_EQ(t.take_first(), (std::pair{2, std::string("b")}));
    EXPECT_TRUE(t.empty());
  }
}

TEST(TakeFirst, ThreadsThatTakeTogetherGetDifferentEntries) {
  ground<kind::ordered_set, int, int> g(keeping::durable);
  auto t = g.open();
  std::vector<std::pair<int, int>> all(300);
  for (int i = 0; i < 300; ++i) all[static_cast<std::size_t>(i)] = {i, i};
  ASSERT_TRUE(ok(t.insert_range(all)));
  std::mutex mutex;
  std::multiset<int> got;
  {
    crowd takers;
    for (int i = 0; i < 4; ++i) {
      takers.once([&, i] {
        for (;;) {
          const auto one = i % 2 == 0 ? t.take_first() : t.take_last();
          if (!one) return;
          const std::lock_guard lock(mutex);
          got.insert(one->first);
        }
      });
    }
  }
  EXPECT_EQ(got.size(), 300u);
  EXPECT_EQ(std::set<int>(got.begin(), got.end()).size(), 300u);
  EXPECT_TRUE(t.empty());
}

// --- upsert --------------------------------------------------------------------------------------

TYPED_TEST(ReadModifyWrite, UpsertUpdatesOrGivesTheInitialValue) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    const auto doubled = [](std::int64_t v) { return 2 * v; };
    EXPECT_EQ(t.upsert("a", 5, doubled), 5);
    EXPECT_EQ(t.upsert("a", 5, doubled), 10);
    EXPECT_EQ(t.upsert("a", 5, [](std::int64_t& v) { ++v; }), 11);
    const auto refuse = [](std::int64_t) -> result<std::int64_t> {
      return std::unexpected(error(errc::not_found, "mine"));
    };
    EXPECT_TRUE(refuses(t.upsert("a", 5, refuse), errc::not_found, {"mine"}));
    g.reopen(t);
    EXPECT_EQ(contents(t), (entries{{"a", 11}}));
  });
}

TYPED_TEST(ReadModifyWrite, UpsertsOfManyThreadsAddUp) {
  this->run(std::array{keeping::memory, keeping::through}, [](auto& g) {
    auto t = g.open();
    {
      crowd all;
      for (int i = 0; i < 4; ++i) {
        all.once([&] {
          for (int n = 0; n < 100; ++n) {
            EXPECT_TRUE(ok(t.upsert("k", 1, [](std::int64_t v) { return v + 1; })));
          }
        });
      }
    }
    EXPECT_EQ(t.lookup("k"), 400);
  });
}

// --- compare_exchange ----------------------------------------------------------------------------

TYPED_TEST(ReadModifyWrite, CompareExchangeCreatesReplacesAndErases) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    optional_value expected;
    EXPECT_EQ(t.compare_exchange("a", expected, 1), true);
    EXPECT_EQ(t.lookup("a"), 1);
    EXPECT_EQ(t.compare_exchange("a", expected, 2), false) << "it exists by now";
    EXPECT_EQ(expected, 1);
    EXPECT_EQ(t.compare_exchange("a", expected, 2), true);
    expected = 1;
    EXPECT_EQ(t.compare_exchange("a", expected, std::nullopt), false);
    EXPECT_EQ(expected, 2);
    g.reopen(t);
    EXPECT_EQ(t.compare_exchange("a", expected, std::nullopt), true);
    EXPECT_TRUE(t.empty());
    EXPECT_EQ(t.compare_exchange("a", expected, 3), false);
    EXPECT_EQ(expected, std::nullopt);
    EXPECT_EQ(t.compare_exchange("a", expected, std::nullopt), true) << "nothing is nothing";
    g.reopen(t);
    EXPECT_TRUE(t.empty());
  });
}

TYPED_TEST(ReadModifyWrite, OfManyCompareExchangesFromOneValueOneSucceeds) {
  this->run(std::array{keeping::memory, keeping::through}, [](auto& g) {
    auto t = g.open();
    for (std::int64_t round = 0; round < 50; ++round) {
      std::atomic<int> won = 0;
      {
        crowd all;
        for (int i = 0; i < 3; ++i) {
          all.once([&] {
            optional_value expected = round == 0 ? optional_value() : optional_value(round);
            const auto done = t.compare_exchange("k", expected, round + 1);
            if (*done) {
              ++won;
            } else {
              EXPECT_EQ(expected, round + 1);
            }
          });
        }
      }
      ASSERT_EQ(won, 1);
    }
  });
}

// --- members and counters ------------------------------------------------------------------------

struct account {
  std::string owner;
  std::int64_t balance = 10;
  std::uint8_t level = 0;
  std::vector<std::string> tags;
  bool operator==(const account&) const = default;
};

template <class Kind>
class Members : public testing::Test {
 protected:
  using ground_type = ground<Kind::value, std::string, account>;
  template <class F>
  static void everywhere(F body) {
    for (const auto how : every_keeping) {
      SCOPED_TRACE(to_string(how));
      ground_type g(how);
      body(g);
    }
  }
};
TYPED_TEST_SUITE(Members, map_kinds, kind_names);

TYPED_TEST(Members, AssignSetsOneMember) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", {"alice", 1, 2, {"x"}})));
    EXPECT_EQ(t.template assign<&account::owner>("a", "a much longer name than before"),
              written::replaced);
    EXPECT_EQ(t.template assign<&account::balance>("a", 1), written::unchanged);
    EXPECT_EQ(t.template assign<&account::tags>("a", {}), written::replaced);
    EXPECT_TRUE(refuses(t.template assign<&account::owner>("b", "bob"), errc::not_found));
    g.reopen(t);
    EXPECT_EQ(t.lookup("a"), (account{"a much longer name than before", 1, 2, {}}));
    EXPECT_EQ(t.size(), 1u);
  });
}

TYPED_TEST(Members, AssignKeepsTheLimits) {
  this->everywhere([](auto& g) {
    if (g.how == keeping::memory) return;
    auto c = g.config();
    c.limits.entry_bytes = 200;
    auto t = or_throw(std::remove_cvref_t<decltype(g)>::table::open(std::move(c)));
    ASSERT_TRUE(ok(t.insert("a", {"alice", 1, 2, {}})));
    EXPECT_TRUE(refuses(t.template assign<&account::owner>("a", std::string(190, 'x')),
                        errc::size_limit_exceeded, {path}));
    EXPECT_EQ(t.lookup("a"), (account{"alice", 1, 2, {}}));
  });
}

TYPED_TEST(Members, ACounterMayBeAMember) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    EXPECT_TRUE(refuses(t.template update_counter<&account::balance>("a"), errc::not_found));
    EXPECT_EQ(t.template update_counter<&account::level>("a", 3, {.initial = 1}), 4);
    EXPECT_EQ(t.template update_counter<&account::balance>("a", -11), -1);
    EXPECT_TRUE(refuses(t.template update_counter<&account::level>("a", 252), errc::overflow));
    g.reopen(t);
    EXPECT_EQ(t.lookup("a"), (account{"", -1, 4, {}}));
  });
}

TYPED_TEST(Members, SeveralCountersStepTogetherOrNotAtAll) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", {"alice", 100, 254, {"x"}})));
    const auto both = t.update_counters("a", add<&account::balance>(-1), add<&account::level>(1),
                                        add<&account::balance>(-2));
    EXPECT_EQ(both, std::tuple(99, 255, 97));
    EXPECT_TRUE(refuses(t.update_counters("a", add<&account::balance>(5), add<&account::level>(1)),
                        errc::overflow, {"overflow"}));
    EXPECT_EQ(t.update_counters("new", add<&account::balance>(1),
                                add<&account::level>(1, {.initial = 6})),
              std::tuple(11, 7))
        << "balance counts from what a new account has";
    g.reopen(t);
    EXPECT_EQ(t.lookup("a"), (account{"alice", 97, 255, {"x"}}));
    EXPECT_EQ(t.lookup("new"), (account{"", 11, 7, {}}));
  });
}

TYPED_TEST(ReadModifyWrite, ACounterBeyondItsBoundsIsRefusedClampedOrReset) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("n", 8)));
    EXPECT_EQ(t.update_counter("n", 2, {.ceiling = 10}), 10);
    EXPECT_TRUE(refuses(t.update_counter("n", 1, {.ceiling = 10}), errc::overflow, {"bounds"}));
    EXPECT_EQ(t.update_counter("n", 5, {.ceiling = 10, .beyond = beyond::clamp}), 10);
    EXPECT_EQ(t.update_counter("n", 1, {.ceiling = 10, .beyond = beyond::reset, .reset_to = 3}), 3);
    EXPECT_TRUE(refuses(t.update_counter("n", -4, {.floor = 0}), errc::overflow, {"bounds"}));
    EXPECT_EQ(t.update_counter("n", -4, {.floor = 0, .beyond = beyond::clamp}), 0);
    EXPECT_EQ(t.update_counter("n", -1, {.floor = 0, .beyond = beyond::reset, .reset_to = 9}), 9);
    EXPECT_EQ(t.update_counter("n", -1, {.ceiling = 5}), 8) << "a step towards the bound";
    EXPECT_EQ(t.update_counter("m", 100, {.initial = 0, .ceiling = 7, .beyond = beyond::clamp}), 7);
    g.reopen(t);
    EXPECT_EQ(contents(t), (entries{{"m", 7}, {"n", 8}}));
  });
}

TYPED_TEST(ReadModifyWrite, BoundsThatContradictEachOtherAreInvalid) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    EXPECT_TRUE(refuses(t.update_counter("n", 1, {.initial = 0, .floor = 2, .ceiling = 1}),
                        errc::invalid_argument, {"floor"}));
    EXPECT_TRUE(
        refuses(t.update_counter(
                    "n", 1, {.initial = 0, .ceiling = 1, .beyond = beyond::reset, .reset_to = 2}),
                errc::invalid_argument, {"reset_to"}));
    EXPECT_TRUE(t.empty());
  });
}

TEST(CounterBounds, OfASmallTypeEndWhereTheTypeEnds) {
  auto t = map<int, std::int8_t>::in_memory();
  ASSERT_TRUE(ok(t.insert(1, 100)));
  EXPECT_EQ(t.update_counter(1, 100, {.ceiling = 1000, .beyond = beyond::clamp}), 127);
  EXPECT_EQ(t.update_counter(1, -1000, {.beyond = beyond::clamp}), -128);
  EXPECT_TRUE(refuses(t.update_counter(1, 1, {.beyond = beyond::reset, .reset_to = 128}),
                      errc::invalid_argument));
}

// --- in a transaction ----------------------------------------------------------------------------

struct shop_of_accounts : database_ground {
  explicit shop_of_accounts(keeping k) : database_ground(k) {}
  using users_table = ordered_map<std::string, account>;
  database db = open(declare<users_table>("users"), declare<tags_table>("tags"));
  users_table users = or_throw(db.table<users_table>("users"));
  tags_table tags = or_throw(db.table<tags_table>("tags"));
};

TEST(ReadModifyWriteInATransaction, SeesOwnWritesAndIsCommittedWhole) {
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    shop_of_accounts s(how);
    ASSERT_TRUE(ok(s.users.insert_range({{"a", {"alice", 1, 1, {}}}, {"z", {"zoe", 1, 1, {}}}})));
    ASSERT_TRUE(ok(s.tags.insert_range({{"a", 1}, {"a", 2}})));
    const auto done = s.db.transact([&](transaction& tx) -> result<> {
      auto users = tx(s.users);
      EXPECT_EQ(users.assign<&account::owner>("a", "al"), written::replaced);
      EXPECT_EQ(users.assign<&account::owner>("a", "al"), written::unchanged);
      EXPECT_TRUE(refuses(users.assign<&account::owner>("q", "al"), errc::not_found));
      EXPECT_EQ(users.update_counter<&account::balance>("a", 4), 5);
      EXPECT_EQ(users.update_counters("b", add<&account::level>(1, {.initial = 1})), std::tuple(2));
      EXPECT_EQ(users.take("b"), (account{"", 10, 2, {}}));
      EXPECT_TRUE(refuses(users.take("b"), errc::not_found));
      EXPECT_EQ(users.take_last(), (std::pair{std::string("z"), account{"zoe", 1, 1, {}}}));
      EXPECT_EQ(users.take_last()->first, "a");
      EXPECT_TRUE(refuses(users.take_first(), errc::not_found));
      std::optional<account> expected;
      EXPECT_EQ(users.compare_exchange("c", expected, account{"carl", 1, 1, {}}), true);
      EXPECT_EQ(users.compare_exchange("c", expected, std::nullopt), false);
      EXPECT_EQ(expected, (account{"carl", 1, 1, {}}));
      EXPECT_EQ(users.upsert("c", {}, [](account& a) { a.level = 9; })->level, 9);
      EXPECT_EQ(users.upsert("d", account{"dora", 1, 1, {}}, [](account&) {})->owner, "dora");
      EXPECT_EQ(tx(s.tags).take("a"), (std::vector<std::int64_t>{1, 2}));
      EXPECT_TRUE(tx(s.tags).empty());
      return {};
    });
    ASSERT_TRUE(ok(done));
    const auto expect = [](auto& users, auto& tags) {
      using all = std::vector<std::pair<std::string, account>>;
      EXPECT_EQ(users.to_vector(), (all{{"c", {"carl", 1, 9, {}}}, {"d", {"dora", 1, 1, {}}}}));
      EXPECT_TRUE(tags.empty());
    };
    expect(s.users, s.tags);
    ASSERT_TRUE(ok(s.db.close()));
    s.db = s.open();
    auto users = or_throw(s.db.table<shop_of_accounts::users_table>("users"));
    auto tags = or_throw(s.db.table<tags_table>("tags"));
    expect(users, tags);
  }
}

TEST(ReadModifyWriteInATransaction, ReadsTheKeySoAnotherWriteOfItConflicts) {
  bank b;
  ASSERT_TRUE(ok(b.accounts.insert("a", 1)));
  int runs = 0;
  const auto counted = b.db.transact([&](transaction& tx) -> result<std::int64_t> {
    const auto now = tx(b.accounts).update_counter("a", 10);
    if (++runs == 1) elsewhere([&] { EXPECT_TRUE(ok(b.accounts.insert("a", 5))); });
    return now;
  });
  EXPECT_EQ(counted, 15);
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(b.accounts.lookup("a"), 15);
}

}  // namespace
}  // namespace shelf::suite
