// SUITE  every verb over every kind, write mode and store
// insert, insert_new, insert_range, insert_new_range.
#include "suite/ground.hpp"

#include <map>
#include <ranges>

namespace shelf::suite {
namespace {

template <class Kind>
class Insert : public each_kind<Kind> {};
TYPED_TEST_SUITE(Insert, all_kinds, kind_names);
template <class Kind>
class InsertInMaps : public each_kind<Kind> {};
TYPED_TEST_SUITE(InsertInMaps, map_kinds, kind_names);

// T5, T21
TYPED_TEST(Insert, AnInsertedValueIsFound) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    EXPECT_EQ(t.insert("alice", 30), written::added);
    if constexpr (is_bag(TypeParam::value)) {
      EXPECT_EQ(t.insert("alice", 31), written::added);
      EXPECT_EQ(t.lookup("alice"), (std::vector<std::int64_t>{30, 31}));
    } else {
      EXPECT_EQ(t.lookup("alice"), 30);
    }
  });
}

// T6
TYPED_TEST(InsertInMaps, ASecondInsertReplacesTheValueAndSaysSo) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    EXPECT_EQ(t.insert("alice", 30), written::added);
    EXPECT_EQ(t.insert("alice", 31), written::replaced);
    EXPECT_EQ(t.insert("alice", 31), written::unchanged);
    EXPECT_EQ(contents(t), (entries{{"alice", 31}}));
    g.reopen(t);
    EXPECT_EQ(contents(t), (entries{{"alice", 31}}));
  });
}

// T22, T36
TYPED_TEST(Insert, TheSamePairTwiceIsOneEntryExceptInADuplicateBag) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    const bool repeats = TypeParam::value == kind::duplicate_bag;
    EXPECT_EQ(t.insert("alice", 30), written::added);
    EXPECT_EQ(t.insert("alice", 30), repeats ? written::added : written::unchanged);
    EXPECT_EQ(t.size(), repeats ? 2u : 1u);
    g.reopen(t);
    EXPECT_EQ(t.size(), repeats ? 2u : 1u);
  });
}

TYPED_TEST(Insert, AnInsertThatChangesNothingWritesNothing) {
  if constexpr (TypeParam::value != kind::duplicate_bag) {
    this->everywhere([](auto& g) {
      auto t = g.open();
      ASSERT_TRUE(ok(t.insert("alice", 30)));
      const auto calls = g.disk.calls(simulation::call::write);
      const auto before = t.stats()->sequence;
      EXPECT_EQ(t.insert("alice", 30), written::unchanged);
      EXPECT_EQ(t.stats()->sequence, before);
      EXPECT_EQ(g.disk.calls(simulation::call::write), calls);
    });
  }
}

// T9
TYPED_TEST(InsertInMaps, InsertNewLeavesAKeyThatIsThereAlone) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    EXPECT_TRUE(ok(t.insert_new("alice", 30)));
    EXPECT_TRUE(refuses(t.insert_new("alice", 99), errc::key_already_present));
    EXPECT_EQ(t.lookup("alice"), 30);
    g.reopen(t);
    EXPECT_EQ(contents(t), (entries{{"alice", 30}}));
  });
}

// T10, T28, T42
TYPED_TEST(Insert, ARangeIsInsertedWhole) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    EXPECT_EQ(t.insert_range({{"carol", 50}, {"alice", 30}, {"bob", 40}, {"alice", 30}}), 4u);
    entries expected{{"alice", 30}, {"bob", 40}, {"carol", 50}};
    if (TypeParam::value == kind::duplicate_bag) expected.insert(expected.begin(), {"alice", 30});
    EXPECT_EQ(contents(t), expected);
    g.reopen(t);
    EXPECT_EQ(contents(t), expected);
  });
}

TYPED_TEST(Insert, OfEqualKeysInARangeTheLastWinsInMapsAndAllStayInBags) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    EXPECT_EQ(t.insert_range({{"alice", 1}, {"alice", 2}, {"alice", 3}}), 3u);
    if constexpr (is_bag(TypeParam::value)) {
      EXPECT_EQ(t.lookup("alice"), (std::vector<std::int64_t>{1, 2, 3}));
    } else {
      EXPECT_EQ(t.lookup("alice"), 3);
    }
  });
}

TYPED_TEST(Insert, AnEmptyRangeIsZeroEntriesAndNoWrite) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    const auto before = t.stats()->sequence;
    EXPECT_EQ(t.insert_range(entries{}), 0u);
    EXPECT_EQ(t.stats()->sequence, before);
  });
}

TYPED_TEST(Insert, AnyRangeOfPairsWillDo) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    EXPECT_EQ(t.insert_range(std::map<std::string, int>{{"a", 1}, {"b", 2}}), 2u);
    EXPECT_EQ(t.insert_range(std::views::iota(3, 6) | std::views::transform([](int i) {
                               return std::pair(std::string(1, static_cast<char>('a' + i)), i);
                             })),
              3u);
    auto other = table<std::string, std::int64_t, TypeParam::value>::in_memory();
    EXPECT_EQ(other.insert_range(t.snapshot()), 5u);
    EXPECT_EQ(contents(other), contents(t));
    const std::vector<std::tuple<std::string_view, short>> views{{"z", short{26}}};
    EXPECT_EQ(other.insert_range(views), 1u);
    EXPECT_EQ(other.size(), 6u);
  });
}

TYPED_TEST(Insert, ALargeRangeIsOneBatch) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    entries many;
    for (int i = 0; i < 5000; ++i) many.emplace_back("k" + std::to_string(10000 + i), i);
    const auto before = t.stats()->sequence;
    EXPECT_EQ(t.insert_range(many), 5000u);
    EXPECT_EQ(t.stats()->sequence, before + 1);
    EXPECT_EQ(contents(t), many);
    g.reopen(t);
    EXPECT_EQ(contents(t), many);
  });
}

TYPED_TEST(InsertInMaps, ARangeOfNewKeysIsRefusedWholeIfOneKeyIsThere) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("bob", 40)));
    EXPECT_TRUE(refuses(t.insert_new_range({{"alice", 1}, {"bob", 2}, {"carol", 3}}),
                        errc::key_already_present));
    EXPECT_EQ(contents(t), (entries{{"bob", 40}}));
    EXPECT_EQ(t.insert_new_range({{"alice", 1}, {"carol", 3}}), 2u);
    g.reopen(t);
    EXPECT_EQ(contents(t), (entries{{"alice", 1}, {"bob", 40}, {"carol", 3}}));
  });
}

TYPED_TEST(Insert, ABadEntryInARangeKeepsTheWholeRangeOut) {
  this->of_every_format([](file_format format) {
    ground<TypeParam::value, std::string, double> g(keeping::through, format);
    auto t = g.open();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    EXPECT_TRUE(
        refuses(t.insert_range({{"alice", 1.0}, {"bob", nan}}), errc::invalid_argument, {path}));
    EXPECT_TRUE(t.empty());
    g.reopen(t);
    EXPECT_TRUE(t.empty());
  });
}

struct place {
  std::int64_t x = 0;
  std::string name;
  bool operator==(const place&) const = default;
};

TYPED_TEST(Insert, KeysAndValuesMayBeWrittenInBraces) {
  table<std::pair<int, std::string>, place, TypeParam::value> t =
      table<std::pair<int, std::string>, place, TypeParam::value>::in_memory();
  ASSERT_TRUE(ok(t.insert({1, "one"}, {.x = 1, .name = "first"})));
  ASSERT_TRUE(ok(t.insert(std::pair(2, std::string_view("two")), {2, "second"})));
  EXPECT_TRUE(t.contains({1, "one"}));
  EXPECT_TRUE(t.contains(std::tuple(2, "two")));
  EXPECT_EQ(t.erase({1, "one"}, {1, "first"}), 1u);
  EXPECT_EQ(t.erase({2, "two"}), 1u);
}

}  // namespace
}  // namespace shelf::suite
