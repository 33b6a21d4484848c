// SUITE  every verb over every kind, write mode and store
// Tables that may only become so large.
#include "suite/database_ground.hpp"

#include <atomic>
#include <chrono>
#include <random>
#include <thread>

namespace shelf::suite {
namespace {

using namespace std::chrono_literals;

[[nodiscard]] std::string named(std::size_t n) { return "key" + std::to_string(n); }

/// A table in some way of keeping, with bounds.
template <kind Kind>
struct bounded_ground : ground<Kind> {
  using table = typename ground<Kind>::table;
  bounded_ground(keeping k, size_bounds b) : ground<Kind>(k), bounds(b) {}

  [[nodiscard]] result<table> try_open() {
    if (this->how == keeping::memory) return table::in_memory("t", {.bounds = bounds});
    auto c = this->config();
    c.bounds = bounds;
    return table::open(std::move(c));
  }
  [[nodiscard]] table open() { return or_throw(try_open()); }
  void reopen(table& t) {
    if (this->how == keeping::memory) return;
    or_throw(t.close());
    t = open();
  }

  size_bounds bounds;
};

constexpr size_bounds ten{.max_entries = 10};
constexpr size_bounds ten_or_refuse{.max_entries = 10, .when_full = when_full::refuse};

template <kind Kind>
using of_kind = std::integral_constant<kind, Kind>;
template <class Kind>
class Bounds : public testing::Test {};
using map_kinds = testing::Types<of_kind<kind::set>, of_kind<kind::ordered_set>>;
TYPED_TEST_SUITE(Bounds, map_kinds);
template <class Kind>
class FullTable : public testing::Test {};
using all_kinds = testing::Types<of_kind<kind::set>, of_kind<kind::ordered_set>, of_kind<kind::bag>,
                                 of_kind<kind::duplicate_bag>>;
TYPED_TEST_SUITE(FullTable, all_kinds);

// --- evict ---------------------------------------------------------------------------------------

TYPED_TEST(Bounds, NoVersionHasMoreEntriesThanItMay) {
  for (const auto how : every_keeping) {
    SCOPED_TRACE(to_string(how));
    bounded_ground<TypeParam::value> g(how, ten);
    auto t = g.open();
    for (std::size_t i = 0; i < 300; ++i) {
      ASSERT_EQ(t.insert(named(i), static_cast<std::int64_t>(i)), written::added);
      ASSERT_EQ(t.size(), std::min<std::size_t>(i + 1, 10));
      ASSERT_EQ(t.lookup(named(i)), static_cast<std::int64_t>(i)) << "what came last is there";
    }
    EXPECT_EQ(or_throw(t.stats()).evicted, 290u);
    const auto before = contents(t);
    g.reopen(t);
    EXPECT_EQ(contents(t), before) << "what was evicted is gone from the file";
  }
}

TYPED_TEST(Bounds, WhatIsReadStays) {
  bounded_ground<TypeParam::value> g(keeping::memory, ten);
  auto t = g.open();
  ASSERT_TRUE(ok(t.insert("hot", 1)));
  for (std::size_t i = 0; i < 300; ++i) {
    ASSERT_TRUE(t.lookup("hot"));
    ASSERT_TRUE(ok(t.insert(named(i), 0)));
  }
  EXPECT_TRUE(t.contains("hot"));
}

TYPED_TEST(Bounds, AskingWhetherAKeyIsThereAndWalkingAreNoReads) {
  bounded_ground<TypeParam::value> g(keeping::memory, ten);
  auto t = g.open();
  ASSERT_TRUE(ok(t.insert("cold", 1)));
  for (std::size_t i = 0; i < 20; ++i) {
    (void)t.contains("cold");
    for (const auto& e : t) (void)e;
    ASSERT_TRUE(ok(t.insert(named(i), 0)));
  }
  EXPECT_FALSE(t.contains("cold"));
}

TYPED_TEST(Bounds, AWriteOfWhatIsThereEvictsNothing) {
  bounded_ground<TypeParam::value> g(keeping::through, ten);
  auto t = g.open();
  for (std::size_t i = 0; i < 10; ++i) ASSERT_TRUE(ok(t.insert(named(i), 0)));
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(t.insert(named(i), 1), written::replaced);
    EXPECT_EQ(t.insert(named(i), 1), written::unchanged);
    EXPECT_TRUE(ok(t.update_counter(named(i))));
    EXPECT_TRUE(ok(t.update(named(i), [](auto v) { return v + 1; })));
  }
  EXPECT_EQ(t.size(), 10u);
  EXPECT_EQ(or_throw(t.stats()).evicted, 0u);
}

TYPED_TEST(Bounds, EveryVerbThatAddsMakesRoom) {
  bounded_ground<TypeParam::value> g(keeping::through, ten);
  auto t = g.open();
  for (std::size_t i = 0; i < 10; ++i) ASSERT_TRUE(ok(t.insert(named(i), 0)));
  EXPECT_TRUE(ok(t.insert_new("a", 1)));
  EXPECT_TRUE(ok(t.update_counter("b", 1, {.initial = 0})));
  EXPECT_TRUE(ok(t.upsert("c", 1, [](auto v) { return v; })));
  EXPECT_TRUE(ok(t.get_or_compute("d", [] { return std::int64_t{4}; })));
  std::optional<std::int64_t> none;
  EXPECT_EQ(t.compare_exchange("e", none, 5), true);
  EXPECT_TRUE(ok(t.write(shelf::batch<std::string, std::int64_t>().insert("f", 6))));
  EXPECT_TRUE(ok(t.insert_range(entries{{"g", 7}, {"h", 8}})));
  EXPECT_EQ(t.size(), 10u);
  EXPECT_EQ(or_throw(t.stats()).evicted, 8u);
  EXPECT_TRUE(t.contains("h"));
}

TYPED_TEST(Bounds, ABatchLargerThanTheTableKeepsItsLast) {
  for (const auto how : every_keeping) {
    SCOPED_TRACE(to_string(how));
    bounded_ground<TypeParam::value> g(how, ten);
    auto t = g.open();
    entries many;
    for (std::size_t i = 0; i < 1000; ++i) many.emplace_back(named(i), 0);
    ASSERT_TRUE(ok(t.insert_range(many)));
    EXPECT_EQ(t.size(), 10u);
    EXPECT_TRUE(t.contains(named(999)));
    const auto before = contents(t);
    g.reopen(t);
    EXPECT_EQ(contents(t), before);
  }
}

TYPED_TEST(Bounds, BytesAreThoseOfTheEntriesInMemory) {
  constexpr std::size_t most = 1 << 20;
  ground<TypeParam::value, std::string, std::string> plain(keeping::memory);
  using table = typename decltype(plain)::table;
  auto t = or_throw(table::in_memory("t", {.bounds = {.max_bytes = most}}));
  std::mt19937_64 random(1);
  for (std::size_t i = 0; i < 20'000; ++i) {
    ASSERT_TRUE(ok(t.insert(named(i), std::string(random() % 300, 'x'))));
    ASSERT_LE(or_throw(t.stats()).bounded_bytes, most);
  }
  const auto s = or_throw(t.stats());
  EXPECT_GT(s.bounded_bytes, most - 1000);
  EXPECT_NEAR(static_cast<double>(s.memory_bytes), most, most / 5.0)
      << "what is bounded is what it takes";
}

TYPED_TEST(Bounds, ALongerValueMakesOthersGoAndNotItself) {
  using table = shelf::table<std::string, std::string, TypeParam::value>;
  auto t = or_throw(table::in_memory("t", {.bounds = {.max_bytes = 10'000}}));
  for (std::size_t i = 0; i < 50; ++i) ASSERT_TRUE(ok(t.insert(named(i), std::string(100, 'x'))));
  const auto before = t.size();
  ASSERT_EQ(t.insert(named(49), std::string(5'000, 'y')), written::replaced);
  EXPECT_LT(t.size(), before);
  EXPECT_EQ(t.lookup(named(49)), std::string(5'000, 'y'));
  EXPECT_LE(or_throw(t.stats()).bounded_bytes, 10'000u);
}

TYPED_TEST(Bounds, AnEntryThatNoTableOfThatSizeCanHoldIsRefusedAndEvictsNothing) {
  using table = shelf::table<std::string, std::string, TypeParam::value>;
  auto t = or_throw(table::in_memory("t", {.bounds = {.max_bytes = 1'000}}));
  ASSERT_TRUE(ok(t.insert("small", "x")));
  EXPECT_TRUE(
      refuses(t.insert("large", std::string(2'000, 'x')), errc::table_full, {"1000 bytes"}));
  EXPECT_TRUE(refuses(t.insert("small", std::string(2'000, 'x')), errc::table_full));
  EXPECT_EQ(t.size(), 1u);
  EXPECT_EQ(t.lookup("small"), "x");
  EXPECT_EQ(or_throw(t.stats()).evicted, 0u);
  auto none = or_throw(table::in_memory("t", {.bounds = {.max_bytes = 1}}));
  EXPECT_TRUE(refuses(none.insert("a", "x"), errc::table_full, {"bounded to 1 byte,"}));
}

TYPED_TEST(Bounds, WhatAFileHoldsBeyondThemGoesAtOpen) {
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    bounded_ground<TypeParam::value> g(how, {});
    auto t = g.open();
    for (std::size_t i = 0; i < 1'000; ++i) ASSERT_TRUE(ok(t.insert(named(i), 0)));
    g.bounds = ten;
    g.reopen(t);
    EXPECT_EQ(t.size(), 10u);
    EXPECT_EQ(or_throw(t.stats()).evicted, 990u);
    const auto kept = contents(t);
    g.bounds = {};
    g.reopen(t);
    EXPECT_EQ(contents(t), kept);
  }
}

TYPED_TEST(Bounds, AReaderOfALargerFileEvictsNothing) {
  bounded_ground<TypeParam::value> g(keeping::through, {});
  auto t = g.open();
  for (std::size_t i = 0; i < 20; ++i) ASSERT_TRUE(ok(t.insert(named(i), 0)));
  ASSERT_TRUE(ok(t.close()));
  auto c = g.config();
  c.opening = opening::read_only;
  c.bounds = ten;
  auto read = or_throw(bounded_ground<TypeParam::value>::table::open(std::move(c)));
  EXPECT_EQ(read.size(), 20u);
}

TYPED_TEST(Bounds, ClearAndReloadAndAFailedWriteLeaveThemRight) {
  bounded_ground<TypeParam::value> g(keeping::through, ten);
  auto t = g.open();
  for (std::size_t i = 0; i < 15; ++i) ASSERT_TRUE(ok(t.insert(named(i), 0)));
  const auto before = contents(t);
  g.disk.inject({.kind = simulation::call::write, .error = ENOSPC, .sticky = true});
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_TRUE(refuses(t.insert("n" + named(i), 0), errc::no_space));
    EXPECT_EQ(contents(t), before) << "what it would have evicted is there";
  }
  g.disk.clear_faults();
  for (std::size_t i = 0; i < 15; ++i) {
    ASSERT_TRUE(ok(t.insert("m" + named(i), 0)));
    ASSERT_EQ(t.size(), 10u);
  }
  ASSERT_TRUE(ok(t.reload()));
  EXPECT_EQ(t.size(), 10u);
  ASSERT_TRUE(ok(t.insert("after", 0)));
  EXPECT_EQ(t.size(), 10u);
  ASSERT_TRUE(ok(t.clear()));
  for (std::size_t i = 0; i < 15; ++i) ASSERT_TRUE(ok(t.insert(named(i), 0)));
  EXPECT_EQ(t.size(), 10u);
}

TYPED_TEST(Bounds, SnapshotsKeepWhatWasEvictedSince) {
  bounded_ground<TypeParam::value> g(keeping::memory, ten);
  auto t = g.open();
  for (std::size_t i = 0; i < 10; ++i) ASSERT_TRUE(ok(t.insert(named(i), 0)));
  const auto then = t.snapshot();
  const auto before = contents(t);
  for (std::size_t i = 100; i < 200; ++i) ASSERT_TRUE(ok(t.insert(named(i), 0)));
  EXPECT_EQ(sorted(then), before);
}

TYPED_TEST(Bounds, EntriesMayExpireAsWell) {
  using table = shelf::table<std::string, std::int64_t, TypeParam::value>;
  manual_clock time(expiry::time(std::chrono::milliseconds(1'767'225'600'000)));
  auto t = or_throw(table::in_memory("t", {.ttl = 1h, .clock = &time, .bounds = ten}));
  for (std::size_t i = 0; i < 30; ++i) ASSERT_TRUE(ok(t.insert(named(i), 0)));
  EXPECT_EQ(t.size(), 10u);
  EXPECT_EQ(or_throw(t.stats()).expiring, 10u);
  ASSERT_TRUE(ok(t.touch(named(29), expiry::in(2h))));
  ASSERT_TRUE(t.lookup(named(29)));
  time.advance(90min);
  EXPECT_EQ(t.purge_expired(), 9u);
  EXPECT_TRUE(t.contains(named(29)));
  for (std::size_t i = 30; i < 39; ++i) ASSERT_TRUE(ok(t.insert(named(i), 0)));
  EXPECT_EQ(or_throw(t.stats()).evicted, 20u);
}

TYPED_TEST(Bounds, ManyThreadsStayWithin) {
  bounded_ground<TypeParam::value> g(keeping::memory, {.max_entries = 100});
  auto t = g.open();
  std::atomic<bool> is_done = false;
  std::thread reader([&] {
    std::mt19937_64 random(7);
    while (!is_done) {
      (void)t.lookup(named(random() % 400));
      EXPECT_LE(t.size(), 100u);
    }
  });
  std::thread watcher([&] {
    while (!is_done) {
      const auto s = t.snapshot();
      std::size_t count = 0;
      for (const auto& e : s) count += e.first.empty() ? 0u : 1u;
      EXPECT_EQ(count, s.size());
      EXPECT_LE(count, 100u);
    }
  });
  std::vector<std::thread> writers;
  for (unsigned id = 0; id < 2; ++id) {
    writers.emplace_back([&, id] {
      std::mt19937_64 random(id);
      for (int i = 0; i < 5'000; ++i) {
        if (random() % 10 == 0)
          (void)t.erase(named(random() % 400));
        else
          EXPECT_TRUE(ok(t.insert(named(random() % 400), i)));
      }
    });
  }
  for (auto& w : writers) w.join();
  is_done = true;
  reader.join();
  watcher.join();
}

// --- refuse --------------------------------------------------------------------------------------

TYPED_TEST(FullTable, RefusesWhatWouldMakeItLargerAndTakesAllElse) {
  for (const auto how : every_keeping) {
    SCOPED_TRACE(to_string(how));
    bounded_ground<TypeParam::value> g(how, ten_or_refuse);
    auto t = g.open();
    for (std::size_t i = 0; i < 10; ++i) ASSERT_TRUE(ok(t.insert(named(i), 0)));
    const auto before = contents(t);
    EXPECT_TRUE(refuses(t.insert("a", 1), errc::table_full, {"10 entries"}));
    EXPECT_TRUE(refuses(t.insert_range(entries{{"a", 1}, {"b", 1}}), errc::table_full));
    EXPECT_EQ(contents(t), before);
    EXPECT_EQ(t.erase(named(0)), 1u);
    EXPECT_TRUE(refuses(t.insert_range(entries{{"a", 1}, {"b", 1}}), errc::table_full));
    EXPECT_TRUE(ok(t.insert("a", 1)));
    EXPECT_EQ(t.size(), 10u);
    const auto after = contents(t);
    g.reopen(t);
    EXPECT_EQ(contents(t), after);
    EXPECT_TRUE(refuses(t.insert("b", 1), errc::table_full));
  }
}

TYPED_TEST(FullTable, OpensHoweverLargeItsFileIs) {
  bounded_ground<TypeParam::value> g(keeping::through, {});
  auto t = g.open();
  for (std::size_t i = 0; i < 20; ++i) ASSERT_TRUE(ok(t.insert(named(i), 0)));
  g.bounds = ten_or_refuse;
  g.reopen(t);
  EXPECT_EQ(t.size(), 20u);
  EXPECT_TRUE(refuses(t.insert("a", 1), errc::table_full));
  for (std::size_t i = 0; i < 11; ++i) EXPECT_EQ(t.erase(named(i)), 1u);
  EXPECT_TRUE(ok(t.insert("a", 1)));
}

TYPED_TEST(Bounds, AFullMapRefusesEveryVerbThatAdds) {
  bounded_ground<TypeParam::value> g(keeping::through, ten_or_refuse);
  auto t = g.open();
  for (std::size_t i = 0; i < 10; ++i) ASSERT_TRUE(ok(t.insert(named(i), 0)));
  EXPECT_TRUE(refuses(t.insert_new("a", 1), errc::table_full));
  EXPECT_TRUE(refuses(t.update_counter("a", 1, {.initial = 0}), errc::table_full));
  EXPECT_TRUE(refuses(t.upsert("a", 1, [](auto v) { return v; }), errc::table_full));
  EXPECT_TRUE(refuses(t.get_or_compute("a", [] { return std::int64_t{4}; }), errc::table_full));
  std::optional<std::int64_t> none;
  EXPECT_TRUE(refuses(t.compare_exchange("a", none, 5), errc::table_full));
  EXPECT_TRUE(
      refuses(t.write(shelf::batch<std::string, std::int64_t>().insert("a", 6)), errc::table_full));
  // What takes as much away as it brings fits.
  EXPECT_TRUE(
      ok(t.write(shelf::batch<std::string, std::int64_t>().insert("a", 6).erase(named(0)))));
  EXPECT_EQ(t.insert(named(1), 5), written::replaced);
  EXPECT_TRUE(ok(t.take(named(1))));
  EXPECT_TRUE(ok(t.insert_new("b", 1)));
  EXPECT_EQ(t.size(), 10u);
}

TYPED_TEST(Bounds, ManyThreadsFillItToTheLastPlace) {
  for (const auto how : {keeping::memory, keeping::through, keeping::durable}) {
    bounded_ground<TypeParam::value> g(how, {.max_entries = 100, .when_full = when_full::refuse});
    auto t = g.open();
    std::atomic<int> taken = 0;
    std::vector<std::thread> writers;
    for (std::size_t id = 0; id < 4; ++id) {
      writers.emplace_back([&, id] {
        for (std::size_t i = 0; i < 50; ++i) {
          const auto done = t.insert(named(id * 50 + i), 1);
          if (done)
            ++taken;
          else
            EXPECT_TRUE(refuses(done, errc::table_full));
        }
      });
    }
    for (auto& w : writers) w.join();
    EXPECT_EQ(taken, 100);
    EXPECT_EQ(t.size(), 100u);
  }
}

// --- databases -----------------------------------------------------------------------------------

TEST(BoundedDatabase, EachTableHasItsOwnAndTransactionsKeepThem) {
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    database_ground g(how);
    auto db = g.open(declare<accounts_table>("few", {.bounds = {.max_entries = 3}}),
                     declare<visits_table>(
                         "full", {.bounds = {.max_entries = 3, .when_full = when_full::refuse}}),
                     declare<accounts_table>("any"));
    auto few = or_throw(db.table<accounts_table>("few"));
    auto full = or_throw(db.table<visits_table>("full"));
    auto any = or_throw(db.table<accounts_table>("any"));
    ASSERT_TRUE(ok(db.transact([&](transaction& tx) -> result<> {
      for (int i = 0; i < 10; ++i) {
        const auto key = named(static_cast<std::size_t>(i));
        if (auto r = tx(few).insert(key, i); !r) return r;
        if (auto r = tx(any).insert(key, i); !r) return r;
      }
      return {};
    })));
    EXPECT_EQ(few.size(), 3u);
    EXPECT_EQ(any.size(), 10u);
    EXPECT_TRUE(refuses(db.transact([&](transaction& tx) -> result<> {
      for (int i = 0; i < 4; ++i) {
        if (auto r = tx(full).insert(named(static_cast<std::size_t>(i)), i); !r) return r;
        if (auto r = tx(any).insert("n" + named(static_cast<std::size_t>(i)), i); !r) return r;
      }
      return {};
    }),
                        errc::table_full, {"full"}));
    EXPECT_TRUE(full.empty());
    EXPECT_EQ(any.size(), 10u) << "all or nothing";
    EXPECT_TRUE(ok(any.insert("n", 1)));
  }
}

TEST(BoundedDatabase, ATransactionReadsWhatIsWorthKeeping) {
  database_ground g(keeping::through);
  auto db = g.open(declare<accounts_table>("few", {.bounds = {.max_entries = 10}}));
  auto few = or_throw(db.table<accounts_table>("few"));
  ASSERT_TRUE(ok(few.insert("hot", 1)));
  for (std::size_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(ok(db.transact([&](transaction& tx) -> result<> {
      EXPECT_TRUE(tx(few).lookup("hot"));
      return tx(few).insert(named(i), 0);
    })));
  }
  EXPECT_TRUE(few.contains("hot"));
}

// --- bad input -----------------------------------------------------------------------------------

TEST(BadBounds, ABagEvictsNothing) {
  using bag = shelf::bag<std::string, std::int64_t>;
  EXPECT_TRUE(refuses(bag::in_memory("t", {.bounds = ten}), errc::invalid_argument, {"bag"}));
  ground<kind::bag> g(keeping::through);
  auto c = g.config();
  c.bounds = ten;
  EXPECT_TRUE(refuses(bag::open(std::move(c)), errc::invalid_argument, {"config.bounds"}));
  EXPECT_TRUE(g.disk.files().empty());
}

TEST(BadBounds, ATableThatIsThereGetsNoOthers) {
  database_ground g(keeping::through);
  auto db = g.open(declare<accounts_table>("a", {.bounds = ten}));
  EXPECT_TRUE(ok(db.table<accounts_table>("a")));
  EXPECT_TRUE(ok(db.table<accounts_table>("a", {.bounds = ten})));
  EXPECT_TRUE(refuses(db.table<accounts_table>("a", {.bounds = {.max_entries = 20}}),
                      errc::invalid_argument, {"bounds"}));
  auto b = or_throw(db.table<accounts_table>("b", {.bounds = ten}));
  for (std::size_t i = 0; i < 20; ++i) ASSERT_TRUE(ok(b.insert(named(i), 0)));
  EXPECT_EQ(b.size(), 10u);
}

}  // namespace
}  // namespace shelf::suite
