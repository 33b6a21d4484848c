// SUITE  every verb over every kind, write mode and store
// What an ordered_map answers beyond a map: order, neighbours, ranges, ranks.
#include "suite/ground.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <random>

namespace shelf::suite {
namespace {

class Ordered : public each_kind<of<kind::ordered_set>> {
 protected:
  static void fill(table_of_kind& t) {
    ASSERT_TRUE(ok(t.insert_range({{"d", 4}, {"b", 2}, {"a", 1}, {"c", 3}})));
  }
};
using entry = std::pair<std::string, std::int64_t>;

TEST_F(Ordered, EveryWalkIsInTheOrderOfTheKeys) {
  everywhere([](auto& g) {
    auto t = g.open();
    fill(t);
    const entries expected{{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}};
    EXPECT_EQ(t.to_vector(), expected);
    std::string keys;
    t.for_each([&](const std::string& k, auto) { keys += k; });
    EXPECT_EQ(keys, "abcd");
    g.reopen(t);
    EXPECT_EQ(t.to_vector(), expected);
  });
}

TEST_F(Ordered, TheNeighboursOfAKeyAreFoundWhetherItIsThereOrNot) {
  everywhere([](auto& g) {
    auto t = g.open();
    EXPECT_TRUE(refuses(t.first(), errc::not_found));
    EXPECT_TRUE(refuses(t.last(), errc::not_found));
    EXPECT_TRUE(refuses(t.lower_bound("a"), errc::not_found));
    fill(t);
    ASSERT_TRUE(ok(t.erase("c")));
    EXPECT_EQ(t.first(), (entry{"a", 1}));
    EXPECT_EQ(t.last(), (entry{"d", 4}));
    EXPECT_EQ(t.lower_bound("b"), (entry{"b", 2}));
    EXPECT_EQ(t.lower_bound("bb"), (entry{"d", 4}));
    EXPECT_EQ(t.upper_bound("b"), (entry{"d", 4}));
    EXPECT_EQ(t.before("b"), (entry{"a", 1}));
    EXPECT_EQ(t.before("c"), (entry{"b", 2}));
    EXPECT_EQ(t.before("zz"), (entry{"d", 4}));
    EXPECT_TRUE(refuses(t.before("a"), errc::not_found));
    EXPECT_TRUE(refuses(t.upper_bound("d"), errc::not_found));
    EXPECT_TRUE(refuses(t.lower_bound("e"), errc::not_found));
    ASSERT_TRUE(ok(t.close()));
    EXPECT_TRUE(refuses(t.first(), errc::table_closed));
    EXPECT_TRUE(refuses(t.last(), errc::table_closed));
    EXPECT_TRUE(refuses(t.lower_bound("a"), errc::table_closed));
    EXPECT_TRUE(t.range("a", "z").empty());
  });
}

TEST_F(Ordered, ARangeHoldsItsStartAndNotItsEnd) {
  everywhere([](auto& g) {
    auto t = g.open();
    fill(t);
    EXPECT_EQ(sorted(t.range("b", "d")), (entries{{"b", 2}, {"c", 3}}));
    EXPECT_EQ(sorted(t.range("aa", "cc")), (entries{{"b", 2}, {"c", 3}}));
    EXPECT_EQ(t.range("", "zz").size(), 4u);
    EXPECT_TRUE(t.range("b", "b").empty());
    EXPECT_TRUE(t.range("d", "b").empty());
    EXPECT_EQ(std::ranges::distance(t.range("d", "b")), 0);
  });
}

TEST_F(Ordered, ASnapshotKnowsRanksAndSlicesOfItsMoment) {
  everywhere([](auto& g) {
    auto t = g.open();
    fill(t);
    const auto moment = t.snapshot();
    ASSERT_TRUE(ok(t.clear()));
    ASSERT_TRUE(ok(t.insert("0", 0)));
    EXPECT_EQ(moment.rank("a"), 0u);
    EXPECT_EQ(moment.rank("c"), 2u);
    EXPECT_EQ(moment.rank("bb"), 2u);
    EXPECT_EQ(moment.rank("z"), 4u);
    EXPECT_EQ(sorted(moment.slice(1, 3)), (entries{{"b", 2}, {"c", 3}}));
    EXPECT_EQ(moment.slice(0, 100).size(), 4u);
    EXPECT_TRUE(moment.slice(3, 1).empty());
    EXPECT_TRUE(moment.slice(9, 12).empty());
    EXPECT_EQ(sorted(moment.starting_at("c")), (entries{{"c", 3}, {"d", 4}}));
    EXPECT_EQ(sorted(moment.range("b", "c")), (entries{{"b", 2}}));
    EXPECT_EQ(sorted(t.range("", "z")), (entries{{"0", 0}}));
  });
}

template <class K>
void expect_order(std::vector<K> keys) {
  auto t = ordered_map<K, int>::in_memory();
  const auto expected = keys;
  std::ranges::shuffle(keys, std::mt19937_64(7));
  for (const auto& k : keys) ASSERT_TRUE(ok(t.insert(k, 1)));
  std::vector<K> walked;
  for (const auto& [key, value] : t.snapshot()) walked.push_back(key);
  EXPECT_EQ(walked, expected);
}

TEST_F(Ordered, KeysOfEachTypeStandInTheOrderAReaderExpects) {
  using limits = std::numeric_limits<std::int64_t>;
  expect_order<std::int64_t>({limits::min(), -(1ll << 40), -70000, -256, -1, 0, 1, 255, 256, 70000,
                              1ll << 31, 1ll << 40, limits::max()});
  expect_order<std::uint64_t>({0, 255, 256, 1ull << 31, 1ull << 63, ~0ull});
  expect_order<double>({-1e300, -2.5, -1, 0, 1e-300, 1, 2.5, 1e300});
  expect_order<std::string>(
      {"", std::string(1, '\0'), "A", "Z", "a", "aa", "ab", "b", "\xc3\xa9", "\xff"});
  expect_order<std::pair<int, std::string>>({{-1, "z"}, {0, ""}, {0, "a"}, {1, "a"}});
  expect_order<std::vector<int>>({{}, {1}, {1, 2}, {1, 300}, {2}, {300}});
}

// 1 and 1.0 compare equal as terms, so they are one key of an ordered table, as in ETS.
TEST_F(Ordered, TermsThatCompareEqualAreOneKey) {
  for (const auto how : in_files) {
    ground<kind::ordered_set, term, int> g(how);
    auto t = g.open();
    EXPECT_EQ(t.insert(term::integer(1), 1), written::added);
    EXPECT_EQ(t.insert(*term::floating(1.0), 2), written::replaced);
    EXPECT_EQ(t.size(), 1u);
    EXPECT_EQ(t.lookup(term::integer(1)), 2);
    EXPECT_EQ(t.first()->first, *term::floating(1.0));
    g.reopen(t);
    EXPECT_EQ(t.size(), 1u);
    EXPECT_EQ(t.first()->first, *term::floating(1.0));
    EXPECT_EQ(t.erase(term::integer(1)), 1u);
    g.reopen(t);
    EXPECT_TRUE(t.empty());
  }
}

TEST_F(Ordered, RandomKeysAnswerAsAStdMapDoes) {
  everywhere([](auto& g) {
    auto t = g.open();
    std::map<std::string, std::int64_t> model;
    std::mt19937_64 dice(3);
    for (int i = 0; i < 2000; ++i) {
      const auto key = "k" + std::to_string(dice() % 700);
      if (dice() % 3 == 0) {
        EXPECT_EQ(*t.erase(key), model.erase(key));
      } else {
        ASSERT_TRUE(ok(t.insert(key, i)));
        model[key] = i;
      }
      const auto probe = "k" + std::to_string(dice() % 800);
      const auto as_entry = [&](auto at) -> std::optional<entry> {
        if (at == model.end()) return std::nullopt;
        return entry(*at);
      };
      const auto as_found = [](const auto& r) -> std::optional<entry> {
        if (!r) return std::nullopt;
        return *r;
      };
      ASSERT_EQ(as_found(t.lower_bound(probe)), as_entry(model.lower_bound(probe)));
      ASSERT_EQ(as_found(t.upper_bound(probe)), as_entry(model.upper_bound(probe)));
      const auto at = model.lower_bound(probe);
      ASSERT_EQ(as_found(t.before(probe)),
                at == model.begin() ? std::nullopt : as_entry(std::prev(at)));
      if (i % 50 == 0) {
        const auto moment = t.snapshot();
        const auto rank = static_cast<std::size_t>(std::distance(model.begin(), at));
        ASSERT_EQ(moment.rank(probe), rank);
        ASSERT_EQ(moment.starting_at(probe).size(), model.size() - rank);
      }
    }
    EXPECT_EQ(t.to_vector(), entries(model.begin(), model.end()));
  });
}

}  // namespace
}  // namespace shelf::suite
