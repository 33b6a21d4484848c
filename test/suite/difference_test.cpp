// SUITE  every verb over every kind, write mode and store
// diff of two snapshots, compared with a diff of their copies.
#include "shelf/difference.hpp"
#include "suite/ground.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace shelf::suite {
namespace {

using change = std::tuple<int, std::optional<int>, std::optional<int>>;

/// What diff says, sorted: hashed tables have no order.
template <kind Kind>
std::multiset<change> said(const snapshot<int, int, Kind>& a, const snapshot<int, int, Kind>& b) {
  std::multiset<change> all;
  for (const auto& d : diff(a, b)) all.emplace(d.key, d.before, d.after);
  return all;
}

/// What there is to say, found by walking over both.
template <kind Kind>
std::multiset<change> truth(const snapshot<int, int, Kind>& a, const snapshot<int, int, Kind>& b) {
  std::multiset<change> all;
  if constexpr (is_bag(Kind)) {
    std::map<std::pair<int, int>, int> count;
    for (const auto& e : a) --count[e];
    for (const auto& e : b) ++count[e];
    for (const auto& [e, n] : count) {
      for (int i = 0; i < n; ++i) all.emplace(e.first, std::nullopt, e.second);
      for (int i = 0; i < -n; ++i) all.emplace(e.first, e.second, std::nullopt);
    }
  } else {
    std::map<int, std::pair<std::optional<int>, std::optional<int>>> values;
    for (const auto& [key, value] : a) values[key].first = value;
    for (const auto& [key, value] : b) values[key].second = value;
    for (const auto& [key, v] : values) {
      if (v.first != v.second) all.emplace(key, v.first, v.second);
    }
  }
  return all;
}

template <kind Kind>
void random_writes() {
  auto t = table<int, int, Kind>::in_memory();
  unsigned drawn = 7;
  const auto draw = [&](unsigned below) {
    drawn = drawn * 1664525 + 1013904223;
    return static_cast<int>((drawn >> 8) % below);
  };
  std::vector<snapshot<int, int, Kind>> moments;
  for (int round = 0; round < 40; ++round) {
    const int writes = round % 8 == 7 ? 3000 : draw(60);
    for (int i = 0; i < writes; ++i) {
      const int key = draw(4000);
      if (draw(3) == 0) {
        ASSERT_TRUE(t.erase(key));
      } else {
        ASSERT_TRUE(t.insert(key, draw(3)));
      }
    }
    if (round == 20) {
      ASSERT_TRUE(t.clear());
    }
    moments.push_back(t.snapshot());
  }
  for (std::size_t i = 0; i < moments.size(); ++i) {
    for (const std::size_t k : {i, i == 0 ? i : i - 1, moments.size() - 1 - i, std::size_t{0}}) {
      ASSERT_EQ(said(moments[i], moments[k]), truth(moments[i], moments[k])) << i << ", " << k;
    }
  }
}

TEST(Difference, OfAMapIsWhatTwoWalksTell) { random_writes<kind::set>(); }
TEST(Difference, OfAnOrderedMapIsWhatTwoWalksTell) { random_writes<kind::ordered_set>(); }
TEST(Difference, OfABagIsWhatTwoWalksTell) { random_writes<kind::bag>(); }
TEST(Difference, OfADuplicateBagIsWhatTwoWalksTell) { random_writes<kind::duplicate_bag>(); }

TEST(Difference, OfAnOrderedMapComesInKeyOrder) {
  auto t = ordered_map<int, int>::in_memory();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(t.insert(i, i));
  const auto before = t.snapshot();
  ASSERT_TRUE(t.insert(900, 0));
  ASSERT_TRUE(t.erase(500));
  ASSERT_TRUE(t.insert(-1, 1));
  const auto changed = diff(before, t.snapshot());
  EXPECT_EQ(changed.size(), 3u);
  std::vector<int> keys;
  for (const auto& d : changed) keys.push_back(d.key);
  EXPECT_EQ(keys, (std::vector<int>{-1, 500, 900}));
}

TEST(Difference, OfEqualMomentsIsEmpty) {
  auto t = map<std::string, int>::in_memory();
  EXPECT_TRUE(diff(t.snapshot(), t.snapshot()).empty());
  ASSERT_TRUE(t.insert("a", 1));
  const auto here = t.snapshot();
  ASSERT_TRUE(t.insert("a", 2));
  ASSERT_TRUE(t.insert("a", 1));
  EXPECT_TRUE(diff(here, t.snapshot()).empty()) << "another entry with the same value";
}

TEST(Difference, OfTwoTablesTurnsOneIntoTheOther) {
  auto a = ordered_map<int, int>::in_memory();
  auto b = ordered_map<int, int>::in_memory();
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(a.insert(i, 1));
  for (int i = 250; i < 750; ++i) ASSERT_TRUE(b.insert(i, i % 2));
  for (const auto& d : diff(a.snapshot(), b.snapshot())) {
    if (d.after) {
      ASSERT_TRUE(a.insert(d.key, *d.after));
    } else {
      ASSERT_TRUE(a.erase(d.key));
    }
  }
  EXPECT_EQ(contents(a), contents(b));
}

TEST(Difference, OutlivesTheTable) {
  const auto changed = [] {
    auto t = ordered_map<int, std::string>::in_memory();
    const auto before = t.snapshot();
    or_throw(t.insert(1, std::string(100, 'x')));
    return diff(before, t.snapshot());
  }();
  EXPECT_EQ((*changed.begin()).after, std::string(100, 'x'));
}

}  // namespace
}  // namespace shelf::suite
