// SUITE  every verb over every kind, write mode and store
// Indexes in transactions: what they show of its own writes, and which writes of others conflict.
#include "budget.hpp"
#include "suite/database_ground.hpp"
#include "suite/index_ground.hpp"

#include <atomic>
#include <thread>

namespace shelf::suite {
namespace {

using people = people_of<kind::set>;

/// Random transactions over one table, nested ones too, and the entries it must have.
template <kind Kind>
class people_transactions {
 public:
  people_transactions(database_ground& g, std::uint64_t seed)
      : dice_(seed),
        db_(g.open(declare<people_of<Kind>>("people"))),
        t_(or_throw(db_.template table<people_of<Kind>>("people"))) {}

  void step() {
    const auto before = all_;
    const bool fails = dice_.roll(4) == 0;
    const auto done = db_.transact([&](transaction& tx) -> result<> {
      EXPECT_EQ(tx.attempt(), 1);
      some(tx, 0);
      if (fails) return std::unexpected(error(errc::overflow));
      return {};
    });
    if (::testing::Test::HasFatalFailure()) return;
    ASSERT_EQ(done.has_value(), !fails) << testing::PrintToString(done);
    if (fails) all_ = before;
    ASSERT_EQ(sorted(t_.snapshot()), all_);
    ASSERT_NO_FATAL_FAILURE(expect_indexes_hold(t_.snapshot()));
  }

 private:
  void some(transaction& tx, int depth) {
    for (int left = dice_.roll(8); left > 0; --left) {
      if (dice_.roll(8) == 0 && depth < 3)
        nest(tx, depth);
      else
        write(tx(t_));
      if (::testing::Test::HasFatalFailure()) return;
      auto seen = tx(t_);
      ASSERT_EQ(sorted(seen), all_);
      if (dice_.roll(2) != 0) continue;
      ASSERT_NO_FATAL_FAILURE(expect_indexes_hold(seen));
    }
  }
  void nest(transaction& tx, int depth) {
    const auto before = all_;
    const bool fails = dice_.roll(2) == 0;
    const auto done = tx.nested([&]() -> result<> {
      some(tx, depth + 1);
      if (fails) return std::unexpected(error(errc::not_owner));
      return {};
    });
    ASSERT_EQ(done.has_value(), !fails);
    if (fails) all_ = before;
  }
  /// The entries with one more; whether it clashes.
  bool put(std::vector<person_entry>& all, const person_entry& e) {
    if constexpr (!is_bag(Kind)) {
      std::erase_if(all, [&](const auto& a) { return a.first == e.first; });
    }
    const bool is_there = std::ranges::find(all, e) != all.end();
    if (Kind == kind::bag && is_there) return false;
    const bool clashes =
        std::ranges::any_of(all, [&](const auto& a) { return a.second.email == e.second.email; });
    all.insert(std::ranges::upper_bound(all, e.first, {}, &person_entry::first), e);
    return clashes;
  }
  template <class Table>
  void write(Table t) {
    const auto key = dice_.key();
    const auto p = dice_.one();
    auto after = all_;
    const auto what = dice_.roll(10);
    result<> done;
    bool clashes = false;
    if (what < 6) {
      clashes = put(after, {key, p});
      done = t.insert(key, p);
    } else if (what < 8) {
      std::erase_if(after, [&](const auto& a) { return a.first == key; });
      done = t.erase(key);
    } else if (what == 8 && !all_.empty()) {
      const auto at = static_cast<std::size_t>(dice_.roll(static_cast<int>(all_.size())));
      const auto [k, v] = all_[at];
      std::erase_if(after, [&](const auto& a) { return a.first == k && a.second == v; });
      done = t.erase(k, v);
    } else if (what == 9 && dice_.roll(10) == 0) {
      after.clear();
      done = t.clear();
    }
    if (clashes) {
      ASSERT_TRUE(refuses(done, errc::key_already_present, {"unique index email"}));
      return;
    }
    ASSERT_TRUE(ok(done));
    all_ = after;
  }

  people_dice dice_;
  database db_;
  people_of<Kind> t_;
  std::vector<person_entry> all_;
};

template <kind Kind>
void play() {
  for (std::uint64_t seed = 1; seed <= test::budgeted(10); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    database_ground g;
    people_transactions<Kind> model(g, seed);
    for (int i = 0; i < 40; ++i) ASSERT_NO_FATAL_FAILURE(model.step()) << "step " << i;
  }
}

TEST(IndexTransactions, IndexesOfAMapShowTheTransactionsOwnWrites) { play<kind::set>(); }
TEST(IndexTransactions, IndexesOfAnOrderedMapShowTheTransactionsOwnWrites) {
  play<kind::ordered_set>();
}
TEST(IndexTransactions, IndexesOfABagShowTheTransactionsOwnWrites) { play<kind::bag>(); }
TEST(IndexTransactions, IndexesOfADuplicateBagShowTheTransactionsOwnWrites) {
  play<kind::duplicate_bag>();
}

struct office : database_ground {
  office() : db(open(declare<people>("people"))), t(or_throw(db.table<people>("people"))) {}
  database db;
  people t;
};

/// Runs a transaction that reads, and then another write before it commits. How often it ran.
template <class Read, class Other>
int attempts(office& o, Read read, Other other) {
  int runs = 0;
  or_throw(o.db.transact([&](transaction& tx) -> result<> {
    runs = tx.attempt();
    auto t = tx(o.t);
    read(t);
    if (runs == 1) std::thread([&] { other(o.t); }).join();
    // So that the transaction is not of reads alone.
    return t.insert("mine", person{.email = "mine@x.org", .city = "", .age = 1, .tags = {}});
  }));
  return runs;
}

const auto insert_in = [](const char* key, const char* city) {
  return [=](people& t) {
    (void)or_throw(t.insert(key, {std::string(key) + "@x.org", city, 30, {"red"}}));
  };
};

TEST(IndexTransactions, AnInsertIntoARangeThatWasEmptyConflicts) {
  office o;
  const auto look = [](auto& t) { EXPECT_TRUE(t.template equal<&person::city>("Rome").empty()); };
  EXPECT_EQ(attempts(
                o, [](auto& t) { (void)t.template count<&person::city>("Rome"); },
                insert_in("a", "Rome")),
            2);
  (void)or_throw(o.t.clear());
  EXPECT_EQ(attempts(
                o,
                [&](auto& t) {
                  if (o.t.empty()) look(t);
                },
                insert_in("a", "Rome")),
            2);
}

TEST(IndexTransactions, AWriteElsewhereInTheIndexDoesNotConflict) {
  office o;
  EXPECT_EQ(attempts(
                o, [](auto& t) { (void)t.template equal<&person::city>("Rome").empty(); },
                insert_in("a", "Bonn")),
            1);
}

TEST(IndexTransactions, AnAbsentKeyOfAUniqueIndexIsARead) {
  office o;
  EXPECT_EQ(attempts(
                o, [](auto& t) { (void)t.template find<&person::email>("a@x.org"); },
                insert_in("a", "Bonn")),
            2);
}

TEST(IndexTransactions, AChangeOfAnEntryThatARangeShowedConflicts) {
  office o;
  insert_in("a", "Rome")(o.t);
  const auto read = [](auto& t) {
    for (const auto& e : t.template equal<&person::city>("Rome")) (void)e;
  };
  EXPECT_EQ(attempts(o, read, [](people& t) { (void)or_throw(t.assign<&person::age>("a", 31)); }),
            2);
}

TEST(IndexTransactions, TheFirstAndTheLastEntryAreReads) {
  office o;
  insert_in("m", "M")(o.t);
  EXPECT_EQ(attempts(
                o, [](auto& t) { (void)t.template first<&person::city>(); }, insert_in("a", "A")),
            2);
  (void)or_throw(o.t.erase("mine"));
  EXPECT_EQ(
      attempts(o, [](auto& t) { (void)t.template last<&person::city>(); }, insert_in("z", "Z")), 2);
}

TEST(IndexTransactions, ClearedTableConflictsWithWhatAnIndexShowed) {
  office o;
  insert_in("a", "Rome")(o.t);
  EXPECT_EQ(attempts(
                o, [](auto& t) { (void)t.template count<&person::city>("Rome"); },
                [](people& t) { (void)or_throw(t.clear()); }),
            2);
}

TEST(IndexTransactions, TwoEntriesMayExchangeAUniqueKeyByWayOfAThird) {
  office o;
  insert_in("a", "Rome")(o.t);
  insert_in("b", "Bonn")(o.t);
  or_throw(o.db.transact([&](transaction& tx) -> result<> {
    auto t = tx(o.t);
    auto a = *t.lookup("a");
    auto b = *t.lookup("b");
    const auto of_a = std::exchange(a.email, "none");
    if (auto r = t.insert("a", a); !r) return r;
    a.email = std::exchange(b.email, of_a);
    if (auto r = t.insert("b", b); !r) return r;
    return t.insert("a", a);
  }));
  EXPECT_EQ(o.t.find<&person::email>("a@x.org")->first, "b");
  EXPECT_EQ(o.t.find<&person::email>("b@x.org")->first, "a");
  expect_indexes_hold(o.t.snapshot());
}

struct by_size {
  static constexpr std::string_view name = "size";
  static std::int64_t key(const std::int64_t& n) { return n / 10; }
};

TEST(IndexTransactions, AddToACounterInAnIndexIsSeenByTheIndex) {
  using counters = shelf::map<std::string, std::int64_t, shelf::index_by<by_size>>;
  auto db = or_throw(database::in_memory(declare<counters>("n")));
  auto t = or_throw(db.table<counters>("n"));
  or_throw(db.transact([&](transaction& tx) -> result<> {
    auto n = tx(t);
    if (auto r = n.add("a", 25, {.initial = 0}); !r) return r;
    EXPECT_EQ(n.count<by_size>(2), 1U);
    return {};
  }));
  EXPECT_EQ(*t.update_counter("a", 10), 35);
  EXPECT_EQ(t.count<by_size>(3), 1U);
  EXPECT_EQ(t.count<by_size>(2), 0U);
}

TEST(IndexTransactions, ARacedUniqueKeyHasOneWinner) {
  office o;
  constexpr int racers = 4;
  const auto rounds = static_cast<int>(test::budgeted(100));
  std::atomic<int> won{0};
  std::vector<std::thread> all;
  for (int i = 0; i < racers; ++i) {
    all.emplace_back([&, i] {
      for (int r = 0; r < rounds; ++r) {
        const auto email = std::to_string(r) + "@x.org";
        const auto key = std::to_string(r) + "." + std::to_string(i);
        const auto done = o.db.transact([&](transaction& tx) -> result<> {
          auto t = tx(o.t);
          return t.insert(key, person{.email = email, .city = "Rome", .age = i, .tags = {}});
        });
        if (done) {
          ++won;
        } else {
          EXPECT_EQ(done.error(), errc::key_already_present);
        }
      }
    });
  }
  for (auto& t : all) t.join();
  EXPECT_EQ(won, rounds);
  expect_indexes_hold(o.t.snapshot());
}

TEST(IndexTransactions, WhoCountsAnIndexBeforeInsertingNeverExceedsTheCount) {
  office o;
  constexpr std::size_t most = 5;
  std::vector<std::thread> all;
  for (int i = 0; i < 4; ++i) {
    all.emplace_back([&, i] {
      for (int r = 0; r < 10; ++r) {
        const auto key = std::to_string(r) + "." + std::to_string(i);
        (void)o.db.transact([&](transaction& tx) -> result<> {
          auto t = tx(o.t);
          if (t.count<&person::city>("Rome") >= most) return {};
          return t.insert(key, person{.email = key, .city = "Rome", .age = i, .tags = {}});
        });
      }
    });
  }
  for (auto& t : all) t.join();
  EXPECT_EQ(o.t.count<&person::city>("Rome"), most);
}

}  // namespace
}  // namespace shelf::suite
