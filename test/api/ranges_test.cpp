// TEST  api
// Ranges of ordered tables over many types of keys: bounds, prefixes, ranks, both directions.
#include "shelf/database.hpp"
#include "shelf/shelf.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <ranges>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace shelf::testing {
namespace {

// ---- concepts -----------------------------------------------------------------------------------

using scores = ordered_map<std::string, int>;
using entries_of_scores = decltype(std::declval<const scores&>().range("a", "b"));
using keys_of_scores = decltype(std::declval<const scores&>().keys());
template <class R>
concept ordered_view = std::ranges::bidirectional_range<R> && std::ranges::common_range<R> &&
                       std::ranges::sized_range<R> && std::ranges::view<R> &&
                       std::ranges::borrowed_range<R> && !std::ranges::random_access_range<R>;
static_assert(ordered_view<entries_of_scores> && ordered_view<keys_of_scores>);
static_assert(std::is_same_v<entries_of_scores, entry_range<std::string, int>>);
static_assert(std::is_same_v<keys_of_scores, ordered_key_range<std::string>>);
static_assert(std::is_same_v<decltype(std::declval<entries_of_scores&>().keys()), keys_of_scores>);
static_assert(
    std::is_same_v<std::ranges::range_value_t<entries_of_scores>, std::pair<std::string, int>>);

template <class R>
concept single_pass =
    std::ranges::input_range<R> && std::ranges::sized_range<R> && !std::ranges::forward_range<R>;
static_assert(single_pass<map<int, int>::snapshot_type> &&
              single_pass<bag<int, int>::snapshot_type>);
static_assert(single_pass<key_range<int>> && std::ranges::view<key_range<int>>);
static_assert(
    std::is_same_v<decltype(std::declval<const map<int, int>&>().keys()), key_range<int>>);

// What a transaction walks through is read as far as it is walked: no algorithm may ask for more.
static_assert(std::ranges::view<transaction_range<int, int>> &&
              std::ranges::input_range<transaction_range<int, int>> &&
              !std::ranges::sized_range<transaction_range<int, int>> &&
              !std::ranges::sized_range<transaction_keys<int>>);

template <class T>
concept has_order = requires(const T& t) { t.nth(1); } || requires(const T& t) { t.slice(1, 2); } ||
                    requires(const T& t) { t.floor(1); } || requires(const T& t) { t.rank(1); };
static_assert(has_order<ordered_map<int, int>> && has_order<ordered_map<int, int>::snapshot_type>);
static_assert(!has_order<map<int, int>> && !has_order<map<int, int>::snapshot_type>);
static_assert(!has_order<bag<int, int>> && !has_order<duplicate_bag<int, int>::snapshot_type>);

// ---- a model ------------------------------------------------------------------------------------

template <class K>
using model = std::vector<std::pair<K, int>>;

template <class K>
ordered_map<K, int> table_of(const std::vector<K>& keys) {
  auto t = ordered_map<K, int>::in_memory();
  int n = 0;
  for (const auto& k : keys) EXPECT_TRUE(t.insert(k, n++));
  EXPECT_EQ(t.size(), keys.size());
  return t;
}

template <class R>
auto all_of(const R& range) {
  std::vector<std::ranges::range_value_t<R>> all;
  for (const auto& e : range) all.push_back(e);
  return all;
}

/// A range shows these entries, whichever way it is walked through.
template <class K, class R>
void expect_range(const R& range, model<K> expected) {
  ASSERT_EQ(all_of(range), expected);
  ASSERT_EQ(range.size(), expected.size());
  ASSERT_EQ(range.empty(), expected.empty());
  ASSERT_EQ(std::ranges::distance(range.begin(), range.end()), std::ssize(expected));
  const auto keys = range.keys();
  ASSERT_TRUE(std::ranges::equal(keys, expected | std::views::keys));
  std::ranges::reverse(expected);
  ASSERT_EQ(all_of(range.reversed()), expected);
  ASSERT_TRUE(std::ranges::equal(range | std::views::reverse, expected));
  ASSERT_TRUE(std::ranges::equal(range.keys().reversed(), expected | std::views::keys));
  std::ranges::reverse(expected);
  ASSERT_TRUE(std::ranges::equal(range.reversed() | std::views::reverse, expected));
}

template <class K, class F>
model<K> where(const model<K>& all, F f) {
  model<K> some;
  std::ranges::copy_if(all, std::back_inserter(some), [&](const auto& e) { return f(e.first); });
  return some;
}

template <class K>
std::optional<std::pair<K, int>> value_in(const result<std::pair<K, int>>& found) {
  if (found) return *found;
  EXPECT_EQ(found.error(), errc::not_found);
  return std::nullopt;
}

/// Every call answers as the standard library does; `probes` are compared with keys by <.
template <class Shown, class K>
void expect_as_model(const Shown& t, const model<K>& all, const std::vector<K>& probes) {
  const auto at = [&](std::ptrdiff_t i) -> std::optional<std::pair<K, int>> {
    if (i < 0 || i >= std::ssize(all)) return std::nullopt;
    return all[static_cast<std::size_t>(i)];
  };
  for (std::ptrdiff_t i = 0; i <= std::ssize(all); ++i) {
    ASSERT_EQ(value_in(t.nth(static_cast<std::size_t>(i))), at(i));
    for (std::ptrdiff_t j = 0; j <= std::ssize(all) + 1; ++j) {
      const auto end = std::min(j, std::ssize(all));
      ASSERT_NO_FATAL_FAILURE(
          expect_range<K>(t.slice(static_cast<std::size_t>(i), static_cast<std::size_t>(j)),
                          i < end ? model<K>(all.begin() + i, all.begin() + end) : model<K>{}));
    }
  }
  ASSERT_EQ(value_in(t.first()), at(0));
  ASSERT_EQ(value_in(t.last()), at(std::ssize(all) - 1));
  for (const auto& a : probes) {
    const auto before = std::ssize(where(all, [&](const K& k) { return k < a; }));
    const auto up_to = std::ssize(where(all, [&](const K& k) { return !(a < k); }));
    ASSERT_EQ(t.rank(a), static_cast<std::size_t>(before));
    ASSERT_EQ(value_in(t.lower_bound(a)), at(before));
    ASSERT_EQ(value_in(t.upper_bound(a)), at(up_to));
    ASSERT_EQ(value_in(t.before(a)), at(before - 1));
    ASSERT_EQ(value_in(t.floor(a)), at(up_to - 1));
    const auto check = [&](const auto& range, auto f) { expect_range<K>(range, where(all, f)); };
    check(t.range(at_least(a)), [&](const K& k) { return !(k < a); });
    check(t.range(above(a)), [&](const K& k) { return a < k; });
    check(t.range(below(a)), [&](const K& k) { return k < a; });
    check(t.range(at_most(a)), [&](const K& k) { return !(a < k); });
    for (const auto& b : probes) {
      check(t.range(a, b), [&](const K& k) { return !(k < a) && k < b; });
      check(t.range(a, at_most(b)), [&](const K& k) { return !(k < a) && !(b < k); });
      check(t.range(above(a), b), [&](const K& k) { return a < k && k < b; });
      check(t.range(above(a), below(b)), [&](const K& k) { return a < k && k < b; });
      check(t.range(above(a), at_most(b)), [&](const K& k) { return a < k && !(b < k); });
      check(t.range(at_least(a), at_most(b)), [&](const K& k) { return !(k < a) && !(b < k); });
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

/// Every second one of the keys, which are in order, is in the table.
template <class K>
void expect_every_call_as_model(const std::vector<K>& keys) {
  SCOPED_TRACE(std::string(detail::type_name<K>()));
  std::vector<K> present;
  for (std::size_t i = 0; i < keys.size(); i += 2) present.push_back(keys[i]);
  const auto t = table_of(present);
  model<K> all;
  for (std::size_t i = 0; i < present.size(); ++i) all.emplace_back(present[i], int(i));
  expect_as_model(t, all, keys);
  expect_as_model(t.snapshot(), all, keys);
  const auto none = ordered_map<K, int>::in_memory();
  expect_as_model(none, model<K>{}, keys);
}

struct place {
  std::string city;
  int house = 0;
  auto operator<=>(const place&) const = default;
};
enum class level : std::uint8_t { low, middle, high };

TEST(Ranges, AnswerAsTheStandardLibraryForEveryTypeOfKeys) {
  using namespace std::chrono;
  expect_every_call_as_model<int>({-70'000, -1, 0, 1, 255, 256, 70'000});
  expect_every_call_as_model<std::uint64_t>({0, 1, 1ull << 63, ~0ull});
  expect_every_call_as_model<double>({-1e300, -1, 0, 0.5, 1e300});
  expect_every_call_as_model<bool>({false, true});
  expect_every_call_as_model<std::string>({"", "a", "a\xff", "aa", "b", "\xff", "\xff\xff"});
  expect_every_call_as_model<std::array<std::uint8_t, 2>>({{0, 0}, {0, 255}, {1, 0}, {255, 255}});
  expect_every_call_as_model<std::pair<int, std::string>>(
      {{-1, "z"}, {0, ""}, {0, "a"}, {1, ""}, {1, "b"}});
  expect_every_call_as_model<std::array<int, 2>>({{-1, 5}, {0, 0}, {0, 300}, {9, 0}});
  expect_every_call_as_model<place>({{"", 0}, {"a", -3}, {"a", 2}, {"ab", 0}, {"b", 0}});
  expect_every_call_as_model<std::optional<int>>({std::nullopt, -5, 0, 300});
  expect_every_call_as_model<std::vector<int>>({{}, {1}, {1, 2}, {1, 300}, {2}});
  expect_every_call_as_model<level>({level::low, level::middle, level::high});
  expect_every_call_as_model<sys_seconds>({sys_seconds(-1s), sys_seconds(), sys_seconds(99s)});
  expect_every_call_as_model<year_month_day>({2026y / 1 / 31, 2026y / 2 / 1, 2027y / 1 / 1});
}

TEST(Ranges, LongerThanAPortionGoBackAndForth) {
  auto t = ordered_map<int, int>::in_memory();
  model<int> all;
  for (int i = 0; i < 3000; ++i) {
    ASSERT_TRUE(t.insert(i, -i));
    all.emplace_back(i, -i);
  }
  expect_range<int>(t.range(at_least(0)), all);
  auto range = t.range(100, 2900);
  ASSERT_EQ(t.clear(), 3000u);
  for (const bool backwards : {false, true}) {
    const auto some = backwards ? range.reversed() : range;
    const auto key_at = [&](int i) { return backwards ? 2899 - i : 100 + i; };
    auto at = some.begin();
    const auto copy = at;
    int i = 0;
    for (const int step : {700, -650, 1000, -900, 2000, -1, 1, -2000, 2650}) {
      for (int n = 0; n < std::abs(step); ++n) step < 0 ? (--at, --i) : (++at, ++i);
      if (i < 2800) {
        ASSERT_EQ(at->first, key_at(i));
      } else {
        ASSERT_TRUE(at == some.end());
      }
    }
    ASSERT_EQ((*copy).first, key_at(0)) << "a copy moved with the other";
    auto end = some.end();
    ASSERT_EQ((*--end).first, key_at(2799));
    ASSERT_EQ((*end--).first, key_at(2799));
    ASSERT_EQ((*end).first, key_at(2798));
  }
}

TEST(Ranges, AnIteratorOutlivesItsRangeItsSnapshotAndItsTable) {
  auto at = [] {
    auto t = table_of<std::string>({"a", "b", "c"});
    return std::ranges::find(t.range("b", "z"), "c", [](const auto& e) { return e.first; });
  }();
  EXPECT_EQ(at->first, "c");
  EXPECT_EQ((--at)->first, "b");
  using iterator = entry_range<int, int>::iterator;
  EXPECT_TRUE(iterator() == iterator());
}

TEST(Ranges, ComposeWithStandardViews) {
  const auto t = table_of<std::string>({"a", "b", "c", "d"});
  std::string seen;
  for (const auto& key : t.range("a", "d") | std::views::keys | std::views::reverse) seen += key;
  EXPECT_EQ(seen, "cba");
  seen.clear();
  for (const auto& [key, value] : t.range(above("a")) | std::views::take(2)) seen += key;
  EXPECT_EQ(seen, "bc");
  EXPECT_EQ(std::ranges::count_if(t.keys(), [](const auto& k) { return k > "b"; }), 2);
}

// ---- bounds that are no keys --------------------------------------------------------------------

TEST(Ranges, BoundsBeyondAllKeysAreClamped) {
  const auto small = table_of<std::uint8_t>({0, 7, 255});
  EXPECT_EQ(small.range(at_least(-1), at_most(300)).size(), 3u);
  EXPECT_EQ(small.range(above(255)).size(), 0u);
  EXPECT_EQ(small.range(above(254)).size(), 1u);
  EXPECT_EQ(small.range(below(-5)).size(), 0u);
  EXPECT_EQ(small.range(at_most(std::numeric_limits<std::int64_t>::max())).size(), 3u);
  EXPECT_EQ(small.range(above(std::numeric_limits<std::int64_t>::min())).size(), 3u);
  EXPECT_EQ(small.floor(1000)->first, 255);
  EXPECT_EQ(small.floor(-1).error(), errc::not_found);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto real = table_of<double>({-1e300, 0, 1e300});
  EXPECT_EQ(real.range(above(-infinity), at_most(infinity)).size(), 3u);
  EXPECT_EQ(real.range(at_least(infinity)).size(), 0u);
  EXPECT_EQ(real.range(at_most(-infinity)).size(), 0u);
  EXPECT_EQ(real.floor(infinity)->first, 1e300);
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(real.range(at_least(nan)).size(), 0u);
  EXPECT_EQ(real.range(at_least(-1.0), below(nan)).size(), 0u);
  EXPECT_EQ(real.floor(nan).error(), errc::invalid_argument);
  EXPECT_EQ(real.rank(nan), 0u);
  using namespace std::chrono;
  const auto times = table_of<sys_seconds>({sys_seconds(), sys_seconds(1s)});
  EXPECT_EQ(times.range(above(sys_seconds::min()), at_most(sys_seconds::max())).size(), 2u);
  EXPECT_EQ(times.range(at_least(sys_days(days(200'000)))).size(), 0u);
}

TEST(Ranges, BoundsMayBeViewsAndOtherNumbers) {
  const auto t = table_of<std::pair<std::string, int>>({{"a", 1}, {"a", 2}, {"b", 1}});
  using view = std::pair<std::string_view, long>;
  EXPECT_EQ(t.range(view{"a", 2}, at_most(view{"b", 1})).size(), 2u);
  const std::string kept = "a";
  const auto bound = above(std::pair(kept, 1));
  EXPECT_EQ(t.range(bound).size(), 2u);
  EXPECT_EQ(table_of<std::string>({"x"}).range(at_most("x")).size(), 1u);
}

// ---- the first members of a key -----------------------------------------------------------------

using route = std::tuple<std::string, std::uint8_t, bool>;

TEST(Ranges, APartialKeyStandsForAllKeysThatBeginWithIt) {
  std::vector<route> keys;
  for (const auto* city : {"", "a", "b"}) {
    for (const int n : {0, 7, 255}) {
      for (const bool b : {false, true}) keys.emplace_back(city, n, b);
    }
  }
  const auto t = table_of(keys);
  model<route> all;
  for (std::size_t i = 0; i < keys.size(); ++i) all.emplace_back(keys[i], int(i));
  for (const std::string city : {"", "a", "aa", "b", "c"}) {
    const auto one = std::tuple(city);
    const auto first = [](const route& k) { return std::get<0>(k); };
    const auto check = [&](const auto& r, auto f) { expect_range<route>(r, where(all, f)); };
    check(t.prefix(one), [&](const route& k) { return first(k) == city; });
    check(t.range(at_least(one)), [&](const route& k) { return first(k) >= city; });
    check(t.range(above(one)), [&](const route& k) { return first(k) > city; });
    check(t.range(below(one)), [&](const route& k) { return first(k) < city; });
    check(t.range(at_most(one)), [&](const route& k) { return first(k) <= city; });
    for (const int n : {-1, 0, 5, 7, 255, 256}) {
      const auto two = [](const route& k) {
        return std::pair<std::string, int>(std::get<0>(k), std::get<1>(k));
      };
      const std::pair<std::string, int> asked(city, n);
      check(t.prefix(std::tuple(city, n)), [&](const route& k) { return two(k) == asked; });
      check(t.range(at_least(asked)), [&](const route& k) { return two(k) >= asked; });
      check(t.range(above(asked)), [&](const route& k) { return two(k) > asked; });
      check(t.range(below(asked)), [&](const route& k) { return two(k) < asked; });
      check(t.range(at_most(asked)), [&](const route& k) { return two(k) <= asked; });
      check(t.range(above(one), at_most(asked)),
            [&](const route& k) { return first(k) > city && two(k) <= asked; });
    }
  }
  expect_range<route>(t.prefix(std::tuple()), all);
  EXPECT_EQ(t.prefix(route{"a", 7, true}).size(), 1u);
  EXPECT_EQ(t.prefix(std::tuple(std::string_view("a"), 7l, true)).size(), 1u);
}

TEST(Ranges, PrefixesOfStructsPairsAndArraysAreTheirFirstMembers) {
  const auto places = table_of<place>({{"a", 1}, {"a", 2}, {"ab", 1}, {"b", 0}});
  EXPECT_EQ(places.prefix(std::tuple("a")).size(), 2u);
  EXPECT_EQ(places.prefix(std::tuple("a", 2)).size(), 1u);
  EXPECT_EQ(places.prefix(std::tuple("c")).size(), 0u);
  EXPECT_EQ(places.range(above(std::tuple("a"))).size(), 2u);
  EXPECT_EQ(places.range(above(std::tuple("a", 1)), at_most(std::tuple("b", 0))).size(), 3u);
  const auto pairs = table_of<std::pair<double, int>>({{-1, 0}, {0, 0}, {0, 9}, {1, 0}});
  EXPECT_EQ(pairs.prefix(std::tuple(0.0)).size(), 2u);
  EXPECT_EQ(pairs.prefix(std::tuple(-0.0)).size(), 2u);
  EXPECT_EQ(pairs.prefix(std::tuple(std::numeric_limits<double>::infinity())).size(), 0u);
  EXPECT_EQ(pairs.prefix(std::tuple(std::numeric_limits<double>::quiet_NaN())).size(), 0u);
  const auto arrays = table_of<std::array<int, 3>>({{1, 1, 1}, {1, 2, 0}, {2, 0, 0}});
  EXPECT_EQ(arrays.prefix(std::tuple(1)).size(), 2u);
  EXPECT_EQ(arrays.prefix(std::array{1, 2}).size(), 1u);
  using nested = std::pair<std::pair<int, int>, std::optional<std::string>>;
  const auto deep = table_of<nested>({{{1, 2}, std::nullopt}, {{1, 2}, "x"}, {{1, 3}, "a"}});
  EXPECT_EQ(deep.prefix(std::make_tuple(std::pair(1, 2))).size(), 2u);
  EXPECT_EQ(deep.prefix(std::make_tuple(std::pair(1, 9))).size(), 0u);
}

TEST(Ranges, PrefixesOfTextAndBytesAreTheirLeadingBytes) {
  const std::vector<std::string> keys{"",
                                      "a",
                                      "a\xff",
                                      "a\xff\xff",
                                      "a\xff\xff"
                                      "b",
                                      "aa",
                                      "ab",
                                      "b",
                                      "\xff",
                                      "\xff\xff",
                                      "\xff"
                                      "a",
                                      "\xff\xff"
                                      "z"};
  const std::set<std::string> in_order(keys.begin(), keys.end());
  const auto t = table_of(keys);
  for (const std::string prefix :
       {"", "a", "a\xff", "a\xff\xff", "aa", "ac", "c", "\xff", "\xff\xff", "\xff\xff\xff"}) {
    std::vector<std::string> expected;
    for (const auto& k : in_order) {
      if (k.starts_with(prefix)) expected.push_back(k);
    }
    EXPECT_EQ(all_of(t.prefix(prefix).keys()), expected);
    EXPECT_EQ(all_of(t.snapshot().prefix(std::string_view(prefix)).keys()), expected);
  }
  EXPECT_EQ(t.prefix("a").size(), 6u);
  using id = std::array<std::byte, 3>;
  constexpr auto b = [](int n) { return static_cast<std::byte>(n); };
  const auto ids = table_of<id>({{b(1), b(2), b(3)}, {b(1), b(255), b(0)}, {b(2), b(0), b(0)}});
  EXPECT_EQ(ids.prefix(std::array{b(1)}).size(), 2u);
  EXPECT_EQ(ids.prefix(std::vector{b(1), b(255)}).size(), 1u);
  EXPECT_EQ(ids.prefix(std::vector{b(1), b(255), b(0), b(0)}).size(), 0u);
}

TEST(Ranges, OfAClosedTableAreEmpty) {
  auto t = table_of<std::string>({"a", "b"});
  ASSERT_TRUE(t.close());
  EXPECT_TRUE(t.range(at_least("a")).empty());
  EXPECT_TRUE(t.prefix("a").empty());
  EXPECT_TRUE(t.slice(0, 5).empty());
  EXPECT_EQ(t.rank("z"), 0u);
  EXPECT_EQ(t.nth(0).error(), errc::table_closed);
  EXPECT_EQ(t.floor("z").error(), errc::table_closed);
}

}  // namespace
}  // namespace shelf::testing
