// SUITE  every verb over every kind, write mode and store
// Verbs over all entries that a condition holds for.
#include "budget.hpp"
#include "suite/crowd.hpp"
#include "suite/database_ground.hpp"
#include "suite/ground.hpp"

#include <limits>
#include <random>
#include <stdexcept>
#include <thread>

namespace shelf::suite {
namespace {

template <class Kind>
class Queries : public each_kind<Kind> {};
TYPED_TEST_SUITE(Queries, all_kinds, kind_names);
template <class Kind>
class QueriesOfMaps : public each_kind<Kind> {};
TYPED_TEST_SUITE(QueriesOfMaps, map_kinds, kind_names);

/// k0 to k599, each with its number.
[[nodiscard]] entries numbered(int count = 600) {
  entries all;
  for (int i = 0; i < count; ++i) all.emplace_back("k" + std::to_string(i), i);
  return all;
}
[[nodiscard]] auto is_odd() {
  return [](std::string_view, std::int64_t v) { return v % 2 != 0; };
}

TYPED_TEST(Queries, CountIfCountsTheEntriesOfOneMoment) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    EXPECT_EQ(t.count_if(is_odd()), 0u);
    ASSERT_TRUE(ok(t.insert_range(numbered())));
    EXPECT_EQ(t.count_if(is_odd()), 300u);
    EXPECT_EQ(
        t.count_if([](const std::string& k, const std::int64_t& v) { return k == "k7" && v == 7; }),
        1u);
    std::size_t asked = 0;
    EXPECT_EQ(t.count_if([&](std::string_view, std::int64_t) {
      EXPECT_TRUE(ok(t.insert("new" + std::to_string(++asked), 1)));
      return true;
    }),
              600u);
    EXPECT_EQ(asked, 600u);
  });
}

TYPED_TEST(Queries, EraseIfErasesThoseAndNoOthers) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range(numbered())));
    if constexpr (is_bag(TypeParam::value)) {
      ASSERT_TRUE(ok(t.insert("k0", 1)));
    }
    const auto expected = is_bag(TypeParam::value) ? 301u : 300u;
    EXPECT_EQ(t.erase_if(is_odd()), expected);
    EXPECT_EQ(t.size(), 300u);
    EXPECT_EQ(t.count_if(is_odd()), 0u);
    EXPECT_TRUE(t.contains("k0"));
    EXPECT_EQ(t.erase_if(is_odd()), 0u);
    g.reopen(t);
    EXPECT_EQ(t.size(), 300u);
    EXPECT_EQ(t.count_if(is_odd()), 0u);
  });
}

TYPED_TEST(Queries, EraseIfLeavesWhatWasWrittenMeanwhile) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 3}, {"c", 5}})));
    const auto erased = t.erase_if([&](std::string_view key, std::int64_t v) {
      // Another value of the same key; in bags one more.
      if (key == "b") {
        EXPECT_TRUE(ok(t.insert("b", 7)));
      }
      return v % 2 != 0;
    });
    EXPECT_EQ(erased, is_bag(TypeParam::value) ? 3u : 2u);
    EXPECT_EQ(contents(t), (entries{{"b", 7}}));
  });
}

TYPED_TEST(Queries, AnExceptionOfTheConditionPassesThroughAndWhatWasDoneStays) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range(numbered())));
    int asked = 0;
    const auto throws = [&](std::string_view, std::int64_t) -> bool {
      if (++asked > 300) throw std::runtime_error("enough");
      return true;
    };
    EXPECT_THROW((void)t.erase_if(throws), std::runtime_error);
    EXPECT_EQ(t.size(), 600u - 256u);
    asked = 0;
    EXPECT_THROW((void)t.count_if(throws), std::runtime_error);
    EXPECT_TRUE(ok(t.insert("k0", 0)));
  });
}

TYPED_TEST(Queries, AFailedBatchIsToldWithWhatWasDoneBefore) {
  this->where_writes_reach_the_file([](auto& g) {
    if (g.format == file_format::dets) return;  // a batch there is many writes
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range(numbered())));
    g.disk.inject({.kind = simulation::call::write, .nth = 2, .error = ENOSPC});
    const auto erased = t.erase_if([](std::string_view, std::int64_t) { return true; });
    g.disk.clear_faults();
    EXPECT_TRUE(refuses(erased, errc::no_space, {"after 256 entries"}));
    EXPECT_EQ(t.size(), 600u - 256u);
    ASSERT_TRUE(ok(t.erase_if([](std::string_view, std::int64_t) { return true; })));
    g.reopen(t);
    EXPECT_TRUE(t.empty());
  });
}

TYPED_TEST(QueriesOfMaps, UpdateIfChangesThoseAndNoOthers) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range(numbered())));
    EXPECT_EQ(t.update_if(is_odd(), [](std::int64_t& v) { v = -v; }), 300u);
    EXPECT_EQ(t.lookup("k7"), -7);
    EXPECT_EQ(t.lookup("k8"), 8);
    EXPECT_EQ(t.update_if(is_odd(), [](std::int64_t v) { return v + 1; }), 300u);
    EXPECT_EQ(t.update_if(is_odd(), [](std::int64_t v) { return v; }), 0u);
    g.reopen(t);
    EXPECT_EQ(t.size(), 600u);
    EXPECT_EQ(t.lookup("k7"), -6);
  });
}

TYPED_TEST(QueriesOfMaps, UpdateIfAsksAgainAboutWhatWasChangedMeanwhile) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 3}, {"c", 5}})));
    bool done = false;
    const auto updated = t.update_if(
        [&](std::string_view, std::int64_t v) {
          if (!std::exchange(done, true)) {
            EXPECT_TRUE(ok(t.insert("a", 2)));  // no longer
            EXPECT_TRUE(ok(t.insert("b", 9)));  // still
            EXPECT_EQ(t.erase("c"), 1u);
          }
          return v % 2 != 0;
        },
        [](std::int64_t v) { return v * 100; });
    EXPECT_EQ(updated, 1u);
    EXPECT_EQ(contents(t), (entries{{"a", 2}, {"b", 900}}));
  });
}

TYPED_TEST(QueriesOfMaps, AnErrorOfTheChangeIsReturned) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range(numbered(3))));
    const auto refused = t.update_if(is_odd(), [](std::int64_t) -> result<std::int64_t> {
      return std::unexpected(error(errc::overflow, "no"));
    });
    EXPECT_TRUE(refuses(refused, errc::overflow, {"no"}));
    EXPECT_EQ(contents(t), numbered(3));
  });
}

TYPED_TEST(QueriesOfMaps, UpdatesOfManyThreadsAreNeitherLostNorDoneTwice) {
  this->run(std::array{keeping::memory, keeping::through}, [](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range(numbered(300))));
    std::atomic<std::int64_t> counted = 0;
    {
      crowd all;
      for (int i = 0; i < 3; ++i) {
        all.once([&] {
          for (int round = 0; round < 5; ++round) {
            const auto done = t.update_if([](std::string_view, std::int64_t) { return true; },
                                          [](std::int64_t v) { return v + 1; });
            ASSERT_TRUE(ok(done));
            counted += static_cast<std::int64_t>(*done);
          }
        });
      }
    }
    std::int64_t sum = 0;
    for (const auto& [key, value] : t) sum += value;
    EXPECT_EQ(sum, 299 * 300 / 2 + 300 * 15);
    EXPECT_EQ(counted, 300 * 15);
  });
}

TYPED_TEST(Queries, RandomConditionsDoWhatTheStandardContainersDo) {
  this->everywhere([](auto& g) {
    std::mt19937_64 dice(7);
    auto t = g.open();
    for (std::size_t round = 0; round < test::budgeted(20); ++round) {
      for (int i = 0; i < 400; ++i) {
        ASSERT_TRUE(ok(
            t.insert("k" + std::to_string(dice() % 200), static_cast<std::int64_t>(dice() % 9))));
      }
      const auto rest = static_cast<std::int64_t>(dice() % 9);
      const auto where = [&](std::string_view k, std::int64_t v) {
        return v == rest || k.ends_with('3');
      };
      auto expected = contents(t);
      const auto gone =
          std::erase_if(expected, [&](const auto& e) { return where(e.first, e.second); });
      ASSERT_EQ(t.count_if(where), gone);
      ASSERT_EQ(t.erase_if(where), gone);
      ASSERT_EQ(contents(t), expected);
    }
  });
}

// --- in a transaction ----------------------------------------------------------------------------

TEST(QueriesWithinBounds, LookAtTheseEntriesAlone) {
  for (const auto how : in_files) {
    ground<kind::ordered_set, int, int> g(how);
    auto t = g.open();
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(ok(t.insert(i, i)));
    int asked = 0;
    const auto is_even = [&](int, int v) {
      ++asked;
      return v % 2 == 0;
    };
    EXPECT_EQ(t.count_if(is_even, 100, 200), 50u);
    EXPECT_EQ(asked, 100);
    EXPECT_EQ(t.count_if(is_even, above(997)), 1u);
    EXPECT_EQ(t.count_if(is_even, at_most(2)), 2u);
    EXPECT_EQ(t.count_if(is_even, 200, 100), 0u) << "from above to";
    EXPECT_EQ(t.erase_if(is_even, above(100), at_most(800)), 350u);
    EXPECT_EQ(t.size(), 650u);
    EXPECT_TRUE(t.contains(100));
    EXPECT_FALSE(t.contains(800));
    EXPECT_EQ(t.update_if(is_even, [](int& v) { v = -v; }, below(50)), 25u);
    EXPECT_EQ(t.lookup(48), -48);
    EXPECT_EQ(t.lookup(50), 50);
    g.reopen(t);
    EXPECT_EQ(t.size(), 650u);
    EXPECT_EQ(t.lookup(48), -48);
  }
}

TEST(QueriesWithinBounds, TakeTheFirstMembersOfKeysAndNoNaN) {
  using city_year = std::pair<std::string, int>;
  auto t = ordered_map<city_year, int>::in_memory();
  ASSERT_TRUE(ok(t.insert_range({{{"Bern", 1}, 1}, {{"Bern", 2}, 2}, {{"Rome", 1}, 3}})));
  const auto all = [](const city_year&, int) { return true; };
  EXPECT_EQ(t.count_if(all, at_most(std::tuple("Bern"))), 2u);
  EXPECT_EQ(t.erase_if(all, above(std::tuple("Bern"))), 1u);
  auto numbers = ordered_map<double, int>::in_memory();
  ASSERT_TRUE(ok(numbers.insert(1.0, 1)));
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(numbers.erase_if([](double, int) { return true; }, at_least(nan)), 0u);
  EXPECT_EQ(numbers.erase_if([](double, int) { return true; }, at_least(-1e300 * 1e300)), 1u);
}

TEST(QueriesWithinBounds, OfATransactionReadNoMoreThanTheseEntries) {
  using numbers_table = ordered_map<int, int>;
  auto db = or_throw(database::in_memory(declare<numbers_table>("numbers")));
  auto t = or_throw(db.table<numbers_table>("numbers"));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(ok(t.insert(i, i)));
  const auto all = [](int, int) { return true; };
  for (const int written : {60, 15}) {
    int runs = 0;
    ASSERT_TRUE(ok(db.transact([&](transaction& tx) -> result<> {
      EXPECT_EQ(tx(t).count_if(all, 10, 20), 10u);
      EXPECT_TRUE(ok(tx(t).insert(200, 0)));
      if (++runs > 1) return {};
      std::thread([&] { EXPECT_TRUE(ok(t.insert(written, 1000 + written))); }).join();
      return {};
    })));
    EXPECT_EQ(runs, written == 60 ? 1 : 2) << "only a write within the bounds is a conflict";
  }
  ASSERT_TRUE(ok(db.transact([&](transaction& tx) -> result<> {
    EXPECT_EQ(tx(t).update_if(all, [](int& v) { ++v; }, at_least(98)), 3u) << "200, too";
    EXPECT_EQ(tx(t).erase_if(all, below(50)), 50u);
    return {};
  })));
  EXPECT_EQ(t.size(), 51u);
  EXPECT_EQ(t.lookup(99), 100);
}

TEST(QueriesInATransaction, SeeOwnWritesAndAreDoneWholeOrNotAtAll) {
  for (const auto how : in_files) {
    database_ground g(how);
    auto db = g.open(declare<accounts_table>("accounts"), declare<log_table>("log"));
    auto accounts = or_throw(db.table<accounts_table>("accounts"));
    auto log = or_throw(db.table<log_table>("log"));
    ASSERT_TRUE(ok(accounts.insert_range(numbered(10))));
    ASSERT_TRUE(ok(log.insert_range({{"a", 1}, {"a", 1}, {"a", 2}})));
    const auto refuse = [](std::int64_t v) -> result<std::int64_t> {
      if (v == 9) return std::unexpected(error(errc::overflow, "nine"));
      return v + 1000;
    };
    const auto done = db.transact([&](transaction& tx) -> result<> {
      auto t = tx(accounts);
      EXPECT_TRUE(ok(t.insert("new", 11)));
      EXPECT_EQ(t.count_if(is_odd()), 6u);
      EXPECT_TRUE(refuses(t.update_if(is_odd(), refuse), errc::overflow, {"nine"}));
      EXPECT_EQ(t.count_if([](std::string_view, std::int64_t v) { return v > 100; }), 0u);
      EXPECT_EQ(t.update_if(is_odd(), [](std::int64_t& v) { v = -v; }), 6u);
      EXPECT_EQ(t.erase_if([](std::string_view, std::int64_t v) { return v > 0; }), 4u);
      EXPECT_THROW((void)t.erase_if([](std::string_view, std::int64_t v) -> bool {
        if (v == 0) return true;
        throw std::runtime_error("no");
      }),
                   std::runtime_error);
      EXPECT_EQ(tx(log).erase_if(is_odd()), 2u);
      return {};
    });
    ASSERT_TRUE(ok(done));
    EXPECT_EQ(
        contents(accounts),
        (entries{
            {"k0", 0}, {"k1", -1}, {"k3", -3}, {"k5", -5}, {"k7", -7}, {"k9", -9}, {"new", -11}}));
    EXPECT_EQ(contents(log), (entries{{"a", 2}}));
  }
}

}  // namespace
}  // namespace shelf::suite
