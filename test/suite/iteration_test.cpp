// SUITE  every verb over every kind, write mode and store
// Range-for over a table, its keys, and backwards; value_or; a table of keys alone.
#include "suite/ground.hpp"

#include <algorithm>
#include <iterator>
#include <ranges>
#include <vector>

namespace shelf::suite {
namespace {

template <class Kind>
class Iteration : public each_kind<Kind> {};
TYPED_TEST_SUITE(Iteration, all_kinds, kind_names);

TYPED_TEST(Iteration, ALoopOverATableSeesEachEntryOnce) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}, {"a", 3}})));
    entries seen;
    for (const auto& [key, value] : t) seen.emplace_back(key, value);
    std::ranges::sort(seen);
    auto all = contents(t);
    std::ranges::sort(all);
    EXPECT_EQ(seen, all);
  });
}

TYPED_TEST(Iteration, ALoopOverATableSeesOneMomentWhateverItWrites) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    for (int i = 0; i < 600; ++i) ASSERT_TRUE(ok(t.insert("k" + std::to_string(i), i)));
    std::size_t steps = 0;
    for (const auto& [key, value] : t) {
      ASSERT_TRUE(ok(t.erase(key)));
      ASSERT_TRUE(ok(t.insert(key + "'", value)));
      ++steps;
    }
    EXPECT_EQ(steps, 600u);
    EXPECT_EQ(t.size(), 600u);
    EXPECT_EQ(or_throw(t.stats()).snapshots, 0u);
  });
}

TYPED_TEST(Iteration, AnIteratorKeepsItsMomentWhenTheTableIsClosed) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    for (int i = 0; i < 600; ++i) ASSERT_TRUE(ok(t.insert("k" + std::to_string(i), i)));
    auto at = t.begin();
    ASSERT_TRUE(ok(t.close()));
    std::size_t left = 0;
    for (; at != t.end(); ++at) ++left;
    EXPECT_EQ(left, 600u);
    EXPECT_TRUE(t.begin() == t.end());
  });
}

TYPED_TEST(Iteration, ATableIsARange) {
  using table = typename Iteration<TypeParam>::table_of_kind;
  static_assert(std::ranges::input_range<const table>);
  static_assert(std::is_same_v<std::ranges::range_value_t<table>, typename table::value_type>);
  auto from = table::in_memory();
  ASSERT_TRUE(ok(from.insert_range({{"a", 1}, {"b", 2}})));
  auto to = table::in_memory();
  EXPECT_EQ(to.insert_range(from), 2u);
  EXPECT_EQ(contents(to), contents(from));
}

TYPED_TEST(Iteration, KeysAreWalkedWithoutTheirValues) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}, {"a", 3}})));
    std::vector<std::string> keys;
    for (const auto& key : t.keys()) keys.push_back(key);
    std::ranges::sort(keys);
    if (is_bag(TypeParam::value)) {
      EXPECT_EQ(keys, (std::vector<std::string>{"a", "a", "b"}));
    } else {
      EXPECT_EQ(keys, (std::vector<std::string>{"a", "b"}));
    }
    EXPECT_EQ(t.keys().size(), t.size());
  });
}

template <class Kind>
class ValueOr : public each_kind<Kind> {};
TYPED_TEST_SUITE(ValueOr, map_kinds, kind_names);

TYPED_TEST(ValueOr, GivesTheValueOrTheFallback) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    EXPECT_EQ(t.value_or("a", 7), 1);
    EXPECT_EQ(t.value_or(std::string_view("b"), 7), 7);
    const auto moment = t.snapshot();
    EXPECT_EQ(moment.value_or("a", 7), 1);
    EXPECT_EQ(moment.value_or("b", 7), 7);
    ASSERT_TRUE(ok(t.close()));
    EXPECT_EQ(t.value_or("a", 7), 7);
  });
}

TEST(ValueOr, TakesWhatConvertsToTheValue) {
  auto t = map<int, std::string>::in_memory();
  ASSERT_TRUE(ok(t.insert(1, "one")));
  EXPECT_EQ(t.value_or(1, "none"), "one");
  EXPECT_EQ(t.value_or(2, "none"), "none");
}

// --- backwards -----------------------------------------------------------------------------------

class Reversed : public each_kind<of<kind::ordered_set>> {};

template <class Range>
[[nodiscard]] auto listed(const Range& range) {
  std::vector<std::ranges::range_value_t<const Range>> all;
  for (const auto& each : range) all.push_back(each);
  return all;
}

TEST_F(Reversed, ARangeIsWalkedFromItsLastEntryToItsFirst) {
  everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range({{"d", 4}, {"b", 2}, {"a", 1}, {"c", 3}})));
    const auto moment = t.snapshot();
    EXPECT_EQ(listed(moment.reversed()), (entries{{"d", 4}, {"c", 3}, {"b", 2}, {"a", 1}}));
    EXPECT_EQ(listed(t.reversed()), listed(moment.reversed()));
    EXPECT_EQ(listed(t.range("b", "d").reversed()), (entries{{"c", 3}, {"b", 2}}));
    EXPECT_EQ(listed(moment.starting_at("c").reversed()), (entries{{"d", 4}, {"c", 3}}));
    EXPECT_EQ(listed(moment.slice(0, 2).reversed()), (entries{{"b", 2}, {"a", 1}}));
    EXPECT_EQ(listed(moment.reversed().keys()), (std::vector<std::string>{"d", "c", "b", "a"}));
    EXPECT_EQ(moment.reversed().size(), 4u);
    EXPECT_TRUE(listed(t.range("x", "z").reversed()).empty());
    EXPECT_TRUE(t.range("x", "z").reversed().empty());
  });
}

TEST_F(Reversed, IsTheOrderTurnedRoundForRangesOfEverySize) {
  auto t = ordered_map<int, int>::in_memory();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(ok(t.insert(i, -i)));
  const auto moment = t.snapshot();
  for (const std::size_t size : {1U, 31U, 32U, 33U, 255U, 256U, 257U, 511U, 512U, 513U, 900U}) {
    auto forward = listed(moment.slice(77, 77 + size));
    std::ranges::reverse(forward);
    ASSERT_EQ(listed(moment.slice(77, 77 + size).reversed()), forward);
    std::ranges::reverse(forward);
    ASSERT_EQ(listed(moment.slice(77, 77 + size).reversed().reversed()), forward);
  }
}

TEST_F(Reversed, ABackwardWalkSeesOneMoment) {
  auto t = ordered_map<int, int>::in_memory();
  for (int i = 0; i < 600; ++i) ASSERT_TRUE(ok(t.insert(i, i)));
  int expected = 600;
  for (const auto& [key, value] : t.snapshot().reversed()) {
    ASSERT_EQ(key, --expected);
    ASSERT_TRUE(ok(t.erase(key)));
  }
  EXPECT_EQ(expected, 0);
  EXPECT_TRUE(t.empty());
}

template <class T>
concept reversible = requires(const T& t) { t.reversed(); };
static_assert(reversible<ordered_map<int, int>::snapshot_type>);
static_assert(!reversible<map<int, int>::snapshot_type>, "a hash table has no order to reverse");
static_assert(!reversible<bag<int, int>::snapshot_type>);
static_assert(
    !std::is_convertible_v<const map<int, int>::snapshot_type&, const entry_range<int, int>&>,
    "nor by way of a range that has one");
static_assert(reversible<ordered_map<int, int>> && !reversible<map<int, int>>);

// A loop over a table and its size() look at two moments.
static_assert(std::ranges::input_range<const map<int, int>>);
static_assert(!std::ranges::sized_range<const map<int, int>>);
static_assert(std::ranges::sized_range<const map<int, int>::snapshot_type>);

// --- keys alone ----------------------------------------------------------------------------------

TEST(Set, HoldsEachKeyOnce) {
  simulation::simulated_disk disk;
  auto words = or_throw(set<std::string>::open({.path = "words.shelf", .system = &disk}));
  EXPECT_EQ(words.insert("red"), written::added);
  EXPECT_EQ(words.insert("red"), written::unchanged);
  EXPECT_TRUE(ok(words.insert_new("green")));
  EXPECT_TRUE(refuses(words.insert_new("green"), errc::key_already_present));
  EXPECT_EQ(words.insert_range({"blue", "red"}), 2u);
  EXPECT_EQ(words.insert_range(std::vector<std::string>{"white"}), 1u);
  EXPECT_EQ(words.insert_range(std::views::single(std::string_view("black"))), 1u);
  EXPECT_EQ(words.write(batch<std::string, std::monostate>().insert("grey").erase("blue")),
            (write_counts{.added = 1, .erased = 1}));
  EXPECT_TRUE(words.contains("red"));
  EXPECT_FALSE(words.contains("blue"));
  EXPECT_EQ(words.erase("black"), 1u);
  EXPECT_EQ(words.size(), 4u);
  or_throw(words.close());
  const auto again =
      or_throw(map<std::string, std::monostate>::open({.path = "words.shelf", .system = &disk}));
  EXPECT_EQ(again.size(), 4u);
}

TEST(Set, TakesListsOfKeysInBraces) {
  auto words = set<std::string>::in_memory();
  EXPECT_EQ(words.insert_new_range({"a", "b"}), 2u);
  EXPECT_TRUE(refuses(words.insert_new_range({"c", "a"}), errc::key_already_present));
  EXPECT_EQ(words.insert_range({"c", std::string("d")}), 2u);
  EXPECT_EQ(words.insert_range({}), 0u);
  EXPECT_EQ(words.insert_range({{"a", {}}}), 1u);
  EXPECT_EQ(words.size(), 4u);
  auto pairs = set<std::pair<std::string, std::string>>::in_memory();
  EXPECT_EQ(pairs.insert_range({{"a", "b"}, {"c", "d"}}), 2u);
}

TEST(Set, OfOrderedKeysIsWalkedInTheirOrder) {
  auto numbers = ordered_set<int>::in_memory();
  EXPECT_EQ(numbers.insert_range({3, 1, 2}), 3u);
  EXPECT_EQ(listed(numbers.keys()), (std::vector{1, 2, 3}));
  EXPECT_EQ(listed(numbers.snapshot().reversed().keys()), (std::vector{3, 2, 1}));
}

}  // namespace
}  // namespace shelf::suite
