// SUITE  every verb over every kind, write mode and store
// lookup in its forms, lookup_many, get, contains, size.
#include "suite/ground.hpp"

#include <ranges>
#include <sstream>

namespace shelf::suite {
namespace {

template <class Kind>
class Lookup : public each_kind<Kind> {};
TYPED_TEST_SUITE(Lookup, all_kinds, kind_names);
template <class Kind>
class LookupInMaps : public each_kind<Kind> {};
TYPED_TEST_SUITE(LookupInMaps, map_kinds, kind_names);

// T7, T23, T37
TYPED_TEST(Lookup, AMissingKeyIsNotFoundAndNotAnEmptyList) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    EXPECT_TRUE(refuses(t.lookup("nobody"), errc::not_found));
    ASSERT_TRUE(ok(t.insert("nobody", 1)));
    ASSERT_TRUE(ok(t.erase("nobody")));
    EXPECT_TRUE(refuses(t.lookup("nobody"), errc::not_found));
    EXPECT_TRUE(refuses(t.lookup("nobody", [](std::int64_t) {}), errc::not_found));
  });
}

// T8, T24, T38
TYPED_TEST(Lookup, ContainsTellsWhatIsThere) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("alice", 30)));
    EXPECT_TRUE(t.contains("alice"));
    EXPECT_FALSE(t.contains("bob"));
    EXPECT_FALSE(t.contains("alice "));
    EXPECT_FALSE(t.contains(""));
  });
}

// T14, T27, T41
TYPED_TEST(Lookup, SizeCountsEntriesNotKeys) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    EXPECT_EQ(t.size(), 0u);
    EXPECT_TRUE(t.empty());
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}, {"c", 3}})));
    EXPECT_EQ(t.size(), 3u);
    EXPECT_FALSE(t.empty());
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"a", 2}})));
    constexpr std::size_t expected = TypeParam::value == kind::bag             ? 4
                                     : TypeParam::value == kind::duplicate_bag ? 5
                                                                               : 3;
    EXPECT_EQ(t.size(), expected);
    EXPECT_EQ(t.to_vector().size(), expected);
    EXPECT_EQ(t.snapshot().size(), expected);
  });
}

// T121, T122
TYPED_TEST(Lookup, TheValuesOfAKeyStandInTheOrderOfTheirInsertion) {
  if constexpr (is_bag(TypeParam::value)) {
    this->everywhere([](auto& g) {
      auto t = g.open();
      for (const int v : {3, 1, 2}) ASSERT_TRUE(ok(t.insert("k", v)));
      ASSERT_TRUE(ok(t.insert_range({{"k", 9}, {"other", 0}, {"k", 7}})));
      const std::vector<std::int64_t> expected{3, 1, 2, 9, 7};
      EXPECT_EQ(t.lookup("k"), expected);
      g.reopen(t);
      EXPECT_EQ(t.lookup("k"), expected);
    });
  }
}

struct user {
  std::string name;
  std::int64_t age = 0;
  std::vector<int> marks;
  bool operator==(const user&) const = default;
};
struct user_view {
  std::string_view name;
  std::int64_t age = 0;
  std::vector<int> marks;
};

TYPED_TEST(Lookup, ACallbackSeesTheValueWhereItLies) {
  auto t = table<std::string, std::string, TypeParam::value>::in_memory();
  ASSERT_TRUE(ok(t.insert("k", "value")));
  std::string seen;
  EXPECT_TRUE(ok(t.lookup("k", [&](std::string_view v) { seen += v; })));
  EXPECT_EQ(seen, "value");
  if constexpr (is_bag(TypeParam::value)) {
    ASSERT_TRUE(ok(t.insert("k", "+more")));
    seen.clear();
    EXPECT_TRUE(ok(t.lookup("k", [&](std::string_view v) { seen += v; })));
    EXPECT_EQ(seen, "value+more");
  } else {
    EXPECT_EQ(t.lookup("k", [](std::string_view v) { return v.size(); }), 5u);
  }
}

TYPED_TEST(LookupInMaps, AViewOfTheUsersOwnAndASingleMemberAreRead) {
  auto t = table<std::string, user, TypeParam::value>::in_memory();
  ASSERT_TRUE(ok(t.insert("a", {"alice", 30, {1, 2}})));
  EXPECT_EQ(t.template lookup<user_view>(
                "a", [](user_view u) { return u.name == "alice" ? u.age + 1 : 0; }),
            31);
  EXPECT_EQ(t.template get<&user::age>("a"), 30);
  EXPECT_EQ(t.template get<&user::name>("a"), "alice");
  EXPECT_TRUE(refuses(t.template get<&user::age>("b"), errc::not_found));
  EXPECT_EQ(t.lookup("a"), (user{"alice", 30, {1, 2}}));
}

TYPED_TEST(LookupInMaps, ManyLookupsAtOnceAnswerInTheOrderOfTheKeys) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    std::vector<std::string> keys;
    for (int i = 0; i < 300; ++i) {
      keys.push_back("k" + std::to_string(i));
      if (i % 3 != 0) {
        ASSERT_TRUE(ok(t.insert(keys.back(), i)));
      }
    }
    const auto found = t.lookup_many(keys);
    ASSERT_TRUE(ok(found));
    ASSERT_EQ(found->size(), 300u);
    for (int i = 0; i < 300; ++i) {
      const auto& one = (*found)[static_cast<std::size_t>(i)];
      EXPECT_EQ(one.has_value(), i % 3 != 0);
      if (one) {
        EXPECT_EQ(*one, i);
      }
    }
    EXPECT_EQ(t.lookup_many({"k1", "k0"})->at(0), 1);
    EXPECT_TRUE(t.lookup_many(std::vector<std::string_view>{})->empty());
  });
}

// Keys that a range makes as it goes are gone when the lookups begin.
TYPED_TEST(LookupInMaps, ManyLookupsTakeKeysThatStandInOnePlaceOneAfterAnother) {
  auto t = table<std::string, int, TypeParam::value>::in_memory();
  for (int i = 0; i < 40; ++i)
    ASSERT_TRUE(ok(t.insert("a key of some length " + std::to_string(i), i)));
  std::string place;
  const auto next = [&](int i) -> const std::string& {
    return place = "a key of some length " + std::to_string(i);
  };
  const auto found = t.lookup_many(std::views::iota(0, 40) | std::views::transform(next));
  ASSERT_TRUE(ok(found));
  for (int i = 0; i < 40; ++i) EXPECT_EQ((*found)[static_cast<std::size_t>(i)], i);
  std::istringstream words("a b");
  ASSERT_TRUE(ok(t.insert("a", 1)));
  EXPECT_EQ(t.lookup_many(std::views::istream<std::string>(words))->at(0), 1);
}

TYPED_TEST(Lookup, AViewOfAKeyWillDoAndNoKeyIsBuilt) {
  const auto t = [] {
    auto made = table<std::pair<std::string, int>, int, TypeParam::value>::in_memory();
    (void)made.insert({"a", 1}, 5);
    return made;
  }();
  EXPECT_TRUE(t.contains(std::pair<std::string_view, long>("a", 1)));
  EXPECT_TRUE(ok(t.lookup(std::tuple("a", short{1}))));
}

TYPED_TEST(Lookup, AKeyNumberOutOfRangeIsAnArgumentErrorAndNotFoundByContains) {
  auto t = table<std::int8_t, int, TypeParam::value>::in_memory();
  ASSERT_TRUE(ok(t.insert(std::int8_t{44}, 1)));
  EXPECT_TRUE(refuses(t.lookup(300), errc::invalid_argument, {"range"}));  // 300 & 255 is 44
  EXPECT_FALSE(t.contains(300));
  EXPECT_TRUE(t.contains(44L));
}

}  // namespace
}  // namespace shelf::suite
