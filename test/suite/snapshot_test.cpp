// SUITE  every verb over every kind, write mode and store
// snapshot, for_each, fold, to_vector: one moment of a table.
#include "suite/ground.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <ranges>
#include <stdexcept>

namespace shelf::suite {
namespace {

template <class Kind>
class Snapshot : public each_kind<Kind> {};
TYPED_TEST_SUITE(Snapshot, all_kinds, kind_names);

template <class Table>
void fill(Table& t) {
  ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}, {"c", 3}, {"a", 4}})));
}
template <kind Kind>
entries filled() {
  if (is_bag(Kind)) return {{"a", 1}, {"a", 4}, {"b", 2}, {"c", 3}};
  return {{"a", 4}, {"b", 2}, {"c", 3}};
}

// T13, T25, T39
TYPED_TEST(Snapshot, EveryWalkShowsEachEntryOnce) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    fill(t);
    const auto expected = filled<TypeParam::value>();
    EXPECT_EQ(contents(t), expected);
    EXPECT_EQ(sorted(t.to_vector()), expected);
    entries seen;
    t.for_each([&](const std::string& k, const std::int64_t& v) { seen.emplace_back(k, v); });
    EXPECT_EQ(sorted(seen), expected);
  });
}

// T15, T26, T40
TYPED_TEST(Snapshot, AFoldAddsUpEveryEntryOnce) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    fill(t);
    const auto sum =
        t.fold(std::int64_t{0}, [](std::int64_t s, const auto&, auto v) { return s + v; });
    EXPECT_EQ(sum, is_bag(TypeParam::value) ? 10 : 9);
    const auto keys = t.fold(std::string(), [](std::string&& s, const std::string& k, auto) {
      return std::move(s) + k;
    });
    EXPECT_EQ(keys.size(), t.size());
  });
}

TYPED_TEST(Snapshot, AWalkStopsWhenToldTo) {
  auto t = Snapshot<TypeParam>::table_of_kind::in_memory();
  fill(t);
  int seen = 0;
  t.for_each([&](const auto&, auto) { return ++seen == 2 ? walk::stop : walk::go_on; });
  EXPECT_EQ(seen, 2);
}

TYPED_TEST(Snapshot, ItShowsOneMomentWhateverIsWrittenSince) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    fill(t);
    const auto expected = filled<TypeParam::value>();
    const auto before = t.snapshot();
    ASSERT_TRUE(ok(t.erase("a")));
    ASSERT_TRUE(ok(t.insert("b", 22)));
    ASSERT_TRUE(ok(t.insert("d", 4)));
    const auto between = t.snapshot();
    ASSERT_TRUE(ok(t.clear()));
    EXPECT_EQ(sorted(before), expected);
    EXPECT_EQ(before.size(), expected.size());
    EXPECT_TRUE(before.contains("a"));
    EXPECT_FALSE(before.contains("d"));
    EXPECT_FALSE(between.contains("a"));
    EXPECT_TRUE(refuses(between.lookup("a"), errc::not_found));
    if constexpr (is_bag(TypeParam::value)) {
      EXPECT_EQ(before.lookup("a"), (std::vector<std::int64_t>{1, 4}));
      EXPECT_EQ(between.lookup("b"), (std::vector<std::int64_t>{2, 22}));
    } else {
      EXPECT_EQ(before.lookup("a"), 4);
      EXPECT_EQ(between.lookup("b"), 22);
    }
    EXPECT_TRUE(t.empty());
  });
}

TYPED_TEST(Snapshot, ItOutlivesAReloadACloseAndTheHandle) {
  this->everywhere([](auto& g) {
    std::optional<typename Snapshot<TypeParam>::table_of_kind::snapshot_type> kept;
    std::optional<decltype(kept->begin())> half_way;
    {
      auto t = g.open();
      fill(t);
      kept.emplace(t.snapshot());
      half_way.emplace(kept->begin());
      if (g.how != keeping::memory) {
        ASSERT_TRUE(ok(t.save()));
        ASSERT_TRUE(ok(t.reload()));
        ASSERT_TRUE(ok(t.compact()));
      }
      ASSERT_TRUE(ok(t.clear()));
      ASSERT_TRUE(ok(t.close()));
    }
    EXPECT_EQ(sorted(*kept), filled<TypeParam::value>());
    entries rest;
    for (auto& i = *half_way; i != std::default_sentinel; ++i) rest.push_back(*i);
    EXPECT_EQ(sorted(rest), filled<TypeParam::value>());
  });
}

TYPED_TEST(Snapshot, OfAClosedTableItIsEmpty) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    fill(t);
    ASSERT_TRUE(ok(t.close()));
    EXPECT_TRUE(t.snapshot().empty());
    EXPECT_TRUE(t.to_vector().empty());
    EXPECT_FALSE(t.snapshot().contains("a"));
  });
}

TYPED_TEST(Snapshot, ItIsARangeThatViewsTake) {
  auto t = Snapshot<TypeParam>::table_of_kind::in_memory();
  fill(t);
  static_assert(std::ranges::input_range<decltype(t.snapshot())>);
  std::int64_t sum = 0;
  const auto moment = t.snapshot();
  for (const auto v : moment | std::views::values) sum += v;
  EXPECT_EQ(sum, is_bag(TypeParam::value) ? 10 : 9);
  EXPECT_EQ(std::ranges::count_if(moment, [](const auto& e) { return e.first == "b"; }), 1);
}

// S23
TYPED_TEST(Snapshot, AWalkMayWriteToItsTable) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(ok(t.insert("k" + std::to_string(i), i)));
    int seen = 0;
    t.for_each([&](const std::string& k, std::int64_t v) {
      ++seen;
      EXPECT_EQ(t.erase(k), 1u);
      EXPECT_EQ(t.insert("new" + k, v), written::added);
    });
    EXPECT_EQ(seen, 100);
    EXPECT_EQ(t.size(), 100u);
    const auto sum = t.fold(std::int64_t{0}, [&](std::int64_t s, const std::string& k, auto v) {
      (void)t.clear();
      EXPECT_FALSE(t.contains(k));
      (void)t.insert(k, v);
      return s + v;
    });
    EXPECT_EQ(sum, 4950);
    EXPECT_EQ(t.size(), 1u);
  });
}

TYPED_TEST(Snapshot, StatsCountItWhileItLives) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    fill(t);
    EXPECT_EQ(t.stats()->snapshots, 0u);
    {
      const auto one = t.snapshot();
      const auto two = one;
      const auto three = t.snapshot();
      g.disk.advance(std::chrono::seconds(3));
      EXPECT_EQ(t.stats()->snapshots, 2u);
      if (g.how != keeping::memory) {
        EXPECT_GE(t.stats()->oldest_snapshot_age, std::chrono::seconds(3));
      }
    }
    EXPECT_EQ(t.stats()->snapshots, 0u);
    EXPECT_EQ(t.stats()->oldest_snapshot_age, std::chrono::nanoseconds(0));
  });
}

TYPED_TEST(Snapshot, WhatItKeptIsFreedAfterIt) {
  auto t = table<std::string, std::string, TypeParam::value>::in_memory();
  const std::string large(10'000, 'x');
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(ok(t.insert("k" + std::to_string(i), large)));
  {
    const auto moment = t.snapshot();
    ASSERT_TRUE(ok(t.clear()));
    EXPECT_EQ(moment.size(), 200u);
  }
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(ok(t.insert("k", "small" + std::to_string(i % 3))));
  EXPECT_LT(t.stats()->memory_bytes, 1'000'000u);
}

}  // namespace
}  // namespace shelf::suite
