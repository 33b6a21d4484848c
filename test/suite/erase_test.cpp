// SUITE  every verb over every kind, write mode and store
// erase of a key, of a pair, and clear.
#include "suite/ground.hpp"

namespace shelf::suite {
namespace {

template <class Kind>
class Erase : public each_kind<Kind> {};
TYPED_TEST_SUITE(Erase, all_kinds, kind_names);

// T11, T30, T43, T54, T60
TYPED_TEST(Erase, AKeyGoesWithAllItsValuesAndStaysGone) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"a", 2}, {"b", 3}})));
    EXPECT_EQ(t.erase("a"), is_bag(TypeParam::value) ? 2u : 1u);
    EXPECT_TRUE(refuses(t.lookup("a"), errc::not_found));
    EXPECT_FALSE(t.contains("a"));
    EXPECT_EQ(contents(t), (entries{{"b", 3}}));
    g.reopen(t);
    EXPECT_EQ(contents(t), (entries{{"b", 3}}));
  });
}

// S1, S2
TYPED_TEST(Erase, WhatIsNotThereCountsZeroAndWritesNothing) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    const auto before = t.stats()->sequence;
    EXPECT_EQ(t.erase("b"), 0u);
    EXPECT_EQ(t.erase("a", 2), 0u);
    EXPECT_EQ(t.erase("b", 1), 0u);
    EXPECT_EQ(t.stats()->sequence, before);
    EXPECT_EQ(contents(t), (entries{{"a", 1}}));
  });
}

// T29, T44, T56, T62, S25
TYPED_TEST(Erase, APairGoesWithItsCopiesAndOtherValuesStay) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"a", 2}, {"a", 1}, {"a", 3}, {"b", 1}})));
    entries expected;
    if constexpr (is_bag(TypeParam::value)) {
      EXPECT_EQ(t.erase("a", 1), TypeParam::value == kind::bag ? 1u : 2u);
      expected = {{"a", 2}, {"a", 3}, {"b", 1}};
    } else {
      EXPECT_EQ(t.erase("a", 1), 0u);
      EXPECT_EQ(t.erase("a", 3), 1u);
      expected = {{"b", 1}};
    }
    EXPECT_EQ(contents(t), expected);
    g.reopen(t);
    EXPECT_EQ(contents(t), expected);
  });
}

TYPED_TEST(Erase, APairIsComparedExactly) {
  auto t = table<std::string, term, TypeParam::value>::in_memory();
  ASSERT_TRUE(ok(t.insert("a", term::integer(1))));
  EXPECT_EQ(t.erase("a", *term::floating(1.0)), 0u);
  EXPECT_EQ(t.erase("a", term::integer(1)), 1u);
}

TYPED_TEST(Erase, TheLastPairOfAKeyTakesTheKeyWithIt) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    EXPECT_EQ(t.erase("a", 1), 1u);
    EXPECT_FALSE(t.contains("a"));
    EXPECT_TRUE(refuses(t.lookup("a"), errc::not_found));
    EXPECT_EQ(t.insert("a", 1), written::added);
  });
}

// T12, T31, T45, T57
TYPED_TEST(Erase, AClearedTableIsEmptyAndUsable) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}, {"a", 3}})));
    EXPECT_EQ(t.clear(), is_bag(TypeParam::value) ? 3u : 2u);
    EXPECT_EQ(t.size(), 0u);
    EXPECT_EQ(t.clear(), 0u);
    g.reopen(t);
    EXPECT_EQ(t.size(), 0u);
    ASSERT_TRUE(ok(t.insert("c", 4)));
    g.reopen(t);
    EXPECT_EQ(contents(t), (entries{{"c", 4}}));
  });
}

TYPED_TEST(Erase, WhatWasErasedAndInsertedAgainStandsLast) {
  if constexpr (is_bag(TypeParam::value)) {
    this->everywhere([](auto& g) {
      auto t = g.open();
      ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"a", 2}, {"a", 3}})));
      if (g.how != keeping::memory) {
        ASSERT_TRUE(ok(t.save()));
      }
      ASSERT_TRUE(ok(t.erase("a", 1)));
      ASSERT_TRUE(ok(t.insert("a", 1)));
      EXPECT_EQ(t.lookup("a"), (std::vector<std::int64_t>{2, 3, 1}));
      g.reopen(t);
      EXPECT_EQ(t.lookup("a"), (std::vector<std::int64_t>{2, 3, 1}));
    });
  }
}

}  // namespace
}  // namespace shelf::suite
