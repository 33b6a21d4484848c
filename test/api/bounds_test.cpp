// API  [api] -> table -> journal -> file
// Bounds of ranges and neighbours that are no keys: beyond all that the keys' type can store.
#include "shelf/shelf.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace shelf::testing {
namespace {

using detail::wide_integer;

template <class T>
constexpr T low = std::numeric_limits<T>::lowest();
template <class T>
constexpr T high = std::numeric_limits<T>::max();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// What a place in the order is compared by, exactly.
template <class N>
  requires std::is_integral_v<N>
wide_integer exact(N n) {
  return n;
}
template <class N>
  requires std::is_floating_point_v<N>
long double exact(N n) {
  return n;
}
template <class Rep, class Period>
wide_integer exact(std::chrono::duration<Rep, Period> d) {
  using in_nanoseconds = std::ratio_divide<Period, std::nano>;
  static_assert(in_nanoseconds::den == 1);
  return wide_integer{d.count()} * in_nanoseconds::num;
}
template <class Duration>
wide_integer exact(std::chrono::sys_time<Duration> t) {
  return exact(t.time_since_epoch());
}
template <class A, class B>
auto exact(const std::pair<A, B>& p) {
  return std::pair(exact(p.first), exact(p.second));
}
template <class T>
auto exact(const std::optional<T>& o) {
  return o ? std::optional(exact(*o)) : std::nullopt;
}
template <class T>
auto exact(const std::vector<T>& v) {
  std::vector<decltype(exact(v[0]))> out;
  for (const auto& n : v) out.push_back(exact(n));
  return out;
}

template <class A, class B>
bool less(const A& a, const B& b) {
  if constexpr (std::is_same_v<A, B>)
    return a < b;
  else
    return static_cast<long double>(a) < static_cast<long double>(b);
}

template <class K>
ordered_map<K, int> table_of(const std::vector<K>& keys) {
  auto t = ordered_map<K, int>::in_memory();
  for (const auto& k : keys) EXPECT_TRUE(t.insert(k, 1));
  EXPECT_EQ(t.size(), keys.size());
  return t;
}

template <class K>
std::optional<K> key_in(const result<std::pair<K, int>>& found) {
  if (found) return found->first;
  EXPECT_EQ(found.error(), errc::not_found);
  return std::nullopt;
}

/// Every call that takes a bound answers as exact arithmetic does. `keys` are in order.
template <class K, class A>
void expect_exact(const std::vector<K>& keys, const std::vector<A>& bounds) {
  const auto t = table_of(keys);
  const auto moment = t.snapshot();
  const auto at = [&](std::size_t i) {
    return i < keys.size() ? std::optional<K>(keys[i]) : std::nullopt;
  };
  std::vector<std::size_t> ranks;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    SCOPED_TRACE("bound " + std::to_string(i));
    const auto& b = bounds[i];
    std::size_t before = 0;
    std::size_t up_to = 0;
    for (const auto& k : keys) {
      if (less(exact(k), exact(b))) ++before;
      if (!less(exact(b), exact(k))) ++up_to;
    }
    ranks.push_back(before);
    EXPECT_EQ(moment.rank(b), before);
    EXPECT_EQ(moment.starting_at(b).size(), keys.size() - before);
    EXPECT_EQ(key_in<K>(t.lower_bound(b)), at(before));
    EXPECT_EQ(key_in<K>(t.upper_bound(b)), at(up_to));
    EXPECT_EQ(key_in<K>(t.before(b)), before == 0 ? std::nullopt : at(before - 1));
  }
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    for (std::size_t j = 0; j < bounds.size(); ++j) {
      SCOPED_TRACE("bounds " + std::to_string(i) + " and " + std::to_string(j));
      const auto count = ranks[j] > ranks[i] ? ranks[j] - ranks[i] : 0;
      EXPECT_EQ(moment.range(bounds[i], bounds[j]).size(), count);
      const auto some = t.range(bounds[i], bounds[j]);
      std::size_t walked = 0;
      for (const auto& [key, value] : some) {
        EXPECT_EQ(key, keys[ranks[i] + walked]);
        ++walked;
      }
      EXPECT_EQ(walked, count);
    }
  }
}

template <class K>
void expect_exact_integers() {
  SCOPED_TRACE(std::string(detail::type_name<K>()));
  std::vector<K> keys{low<K>};
  if (low<K> != 0) keys.push_back(0);
  keys.insert(keys.end(), {1, 100, high<K> - 1, high<K>});
  expect_exact<K, std::int64_t>(
      keys, {low<std::int64_t>, low<std::int32_t>, -129, -128, -1, 0, 1, 2, 127, 128, 255, 256, 300,
             high<std::int32_t>, high<std::int64_t>});
  expect_exact<K, std::uint64_t>(keys, {0, 1, 300, high<std::int64_t>, high<std::uint64_t>});
  expect_exact<K, K>(keys, keys);
}

TEST(Bounds, OfIntegersMayLieBeyondTheKeysType) {
  expect_exact_integers<std::int8_t>();
  expect_exact_integers<std::uint8_t>();
  expect_exact_integers<std::int16_t>();
  expect_exact_integers<std::uint16_t>();
  expect_exact_integers<std::int32_t>();
  expect_exact_integers<std::uint32_t>();
  expect_exact_integers<std::int64_t>();
  expect_exact_integers<std::uint64_t>();
}

TEST(Bounds, OfFloatsMayBeInfinite) {
  const std::vector<double> keys{low<double>, -2.5, 0, 1, 1e300, high<double>};
  expect_exact<double, double>(keys, {-infinity, low<double>, -3, -0.0, 1, infinity});
  expect_exact<double, float>(
      keys, {-std::numeric_limits<float>::infinity(), 1, std::numeric_limits<float>::infinity()});
  expect_exact<double, std::int64_t>(keys, {-3, 0, 1, 2});
  expect_exact<double, long double>(
      keys, {low<long double>, low<double>, 1, high<double>, high<long double>,
             std::numeric_limits<long double>::infinity()});
  expect_exact<float, double>({low<float>, -1, 0, 1, high<float>},
                              {-infinity, -1e300, -1, 0.5, high<float>, 1e39, infinity});
}

TEST(Bounds, OfTimesMayLieBeyondTheNanoseconds) {
  using namespace std::chrono;
  using instant = sys_time<nanoseconds>;
  const std::vector<instant> keys{instant::min(), instant(-1ns), instant(), instant(1s),
                                  instant::max()};
  expect_exact<instant, instant>(keys, {instant::min(), instant(), instant::max()});
  expect_exact<instant, sys_seconds>(
      keys, {sys_seconds::min(), sys_seconds(), sys_seconds(1s), sys_seconds::max()});
  expect_exact<instant, sys_days>(keys, {sys_days::min(), sys_days(), sys_days::max()});
  const std::vector<sys_seconds> seconds_keys{sys_seconds(-9'000'000'000s), sys_seconds(),
                                              sys_seconds(9'000'000'000s)};
  expect_exact<sys_seconds, sys_seconds>(seconds_keys,
                                         {sys_seconds::min(), sys_seconds(), sys_seconds::max()});
  expect_exact<sys_seconds, sys_time<hours>>(
      seconds_keys, {sys_time<hours>(hours::min()), sys_time<hours>(),
                     sys_time<hours>(hours(300'000)), sys_time<hours>(hours::max())});
  using short_days = sys_time<duration<std::int16_t, days::period>>;
  expect_exact<short_days, sys_days>({short_days::min(), short_days(), short_days::max()},
                                     {sys_days::min(), sys_days(days(-32769)), sys_days(days(1)),
                                      sys_days(days(32768)), sys_days::max()});
}

TEST(Bounds, OfDurationsMayBeOfACoarserUnit) {
  using namespace std::chrono;
  expect_exact<nanoseconds, hours>({nanoseconds::min(), 0ns, 1h, nanoseconds::max()},
                                   {hours(low<std::int64_t> / 4096), -1h, 0h, 1h, 2h, 3'000'000h});
  using few = duration<std::int8_t, std::milli>;
  expect_exact<few, milliseconds>({few::min(), few(0), few::max()},
                                  {-129ms, -128ms, 0ms, 1ms, 127ms, 128ms, 1'000'000ms});
}

TEST(Bounds, InsideOfPairsDecideBeforeWhatFollowsThem) {
  using key = std::pair<std::uint8_t, std::int8_t>;
  const std::vector<key> keys{{0, -128}, {0, 127}, {7, 0}, {255, -128}, {255, 127}};
  expect_exact<key, std::pair<int, int>>(
      keys,
      {{-1, 127}, {0, -1000}, {0, 0}, {0, 1000}, {7, 0}, {255, 127}, {255, 128}, {256, -1000}});
  using point = std::pair<double, int>;
  expect_exact<point, point>({{-1, 1}, {0, 0}, {0, 5}, {1, 1}},
                             {{-infinity, 9}, {0, -1}, {0, 3}, {infinity, -9}});
  using seen = std::pair<int, std::chrono::sys_time<std::chrono::nanoseconds>>;
  using asked = std::pair<int, std::chrono::sys_days>;
  expect_exact<seen, asked>({{1, {}}, {2, seen::second_type::max()}, {3, {}}},
                            {{1, std::chrono::sys_days::max()},
                             {2, std::chrono::sys_days::min()},
                             {2, std::chrono::sys_days::max()}});
}

struct reading {
  double value = 0;
  int sensor = 0;
};

TEST(Bounds, InsideOfStructsOptionalsAndListsAreBoundsToo) {
  auto t = ordered_map<reading, int>::in_memory();
  for (const double v : {-1.0, 0.0, 1.0}) ASSERT_TRUE(t.insert({v, 1}, 1));
  EXPECT_EQ(t.range(reading{-infinity, 0}, reading{infinity, 0}).size(), 3u);
  EXPECT_EQ(t.range(reading{0, 1}, reading{infinity, -5}).size(), 2u);
  using perhaps = std::optional<std::uint8_t>;
  expect_exact<perhaps, std::optional<int>>({std::nullopt, 0, 44, 255},
                                            {std::nullopt, -1, 0, 44, 255, 256, 300});
  using list = std::vector<double>;
  expect_exact<list, list>({{}, {0}, {0, 1}, {1}}, {{}, {-infinity}, {0, infinity}, {infinity}});
}

TEST(Bounds, OfBytesNeedNotBeAsManyAsAKeyHas) {
  using id = std::array<std::uint8_t, 2>;
  const auto t = table_of<id>({{1, 1}, {1, 2}, {2, 0}});
  const std::array<std::uint8_t, 1> from{1};
  const std::array<std::uint8_t, 1> to{2};
  EXPECT_EQ(t.range(std::span(from), std::span(to)).size(), 2u);
  EXPECT_EQ(t.lower_bound(std::span(to))->first, (id{2, 0}));
}

TEST(Bounds, ThatHaveNoPlaceInTheOrderAreAnErrorOrAnEmptyRange) {
  const auto t = table_of<double>({-1, 0, 1});
  const auto moment = t.snapshot();
  EXPECT_EQ(t.lower_bound(nan).error(), errc::invalid_argument);
  EXPECT_EQ(t.upper_bound(nan).error(), errc::invalid_argument);
  EXPECT_EQ(t.before(nan).error(), errc::invalid_argument);
  EXPECT_TRUE(t.range(nan, infinity).empty());
  EXPECT_TRUE(t.range(-infinity, nan).empty());
  EXPECT_TRUE(moment.starting_at(nan).empty());
  EXPECT_TRUE(moment.range(nan, nan).empty());
  EXPECT_EQ(moment.rank(nan), 0u);
}

// A key that a lookup asks for must be one: what converts to another key must not find that one.
TEST(Bounds, AKeyBeyondTheKeysTypeIsFoundByNoLookup) {
  using namespace std::chrono;
  const auto perhaps = table_of<std::optional<std::uint8_t>>({44});
  EXPECT_EQ(perhaps.lookup(300).error(), errc::invalid_argument);
  EXPECT_FALSE(perhaps.contains(300));
  EXPECT_EQ(perhaps.lookup(44), 1);
  EXPECT_EQ(perhaps.lookup(std::nullopt).error(), errc::not_found);
  const auto spans = table_of<nanoseconds>({0ns, 1h});
  EXPECT_EQ(spans.lookup(hours::max()).error(), errc::invalid_argument);
  EXPECT_EQ(spans.lookup(1h), 1);
  const auto instants = table_of<sys_time<nanoseconds>>({sys_time<nanoseconds>(1h)});
  EXPECT_EQ(instants.lookup(sys_days::max()).error(), errc::invalid_argument);
  EXPECT_EQ(instants.lookup(sys_time<hours>(1h)), 1);
  EXPECT_EQ(table_of<double>({1}).lookup(infinity).error(), errc::invalid_argument);
}

}  // namespace
}  // namespace shelf::testing
