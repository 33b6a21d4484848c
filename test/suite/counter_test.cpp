// SUITE  every verb over every kind, write mode and store
// update_counter and update.
#include "suite/ground.hpp"

#include <limits>
#include <stdexcept>

namespace shelf::suite {
namespace {

template <class Kind>
class Counter : public each_kind<Kind> {};
TYPED_TEST_SUITE(Counter, map_kinds, kind_names);
template <class Kind>
class Update : public each_kind<Kind> {};
TYPED_TEST_SUITE(Update, map_kinds, kind_names);

// T18, T55, T105, T106, T107, T130
TYPED_TEST(Counter, StepsAddUpInEitherDirection) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("n", 0)));
    EXPECT_EQ(t.update_counter("n"), 1);
    EXPECT_EQ(t.update_counter("n", 2), 3);
    EXPECT_EQ(t.update_counter("n", -3), 0);
    EXPECT_EQ(t.update_counter("n", -3), -3);
    EXPECT_EQ(t.update_counter("n", 0), -3);
    EXPECT_EQ(t.update_counter("n", 1000), 997);
    EXPECT_EQ(t.lookup("n"), 997);
    g.reopen(t);
    EXPECT_EQ(t.lookup("n"), 997);
    EXPECT_EQ(t.update_counter("n", 3), 1000);
  });
}

// T104, T129
TYPED_TEST(Counter, AMissingKeyIsNotFoundUnlessItHasAnInitialValue) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    EXPECT_TRUE(refuses(t.update_counter("n"), errc::not_found));
    EXPECT_FALSE(t.contains("n"));
    EXPECT_EQ(t.update_counter("n", 5, {.initial = 10}), 15);
    EXPECT_EQ(t.update_counter("n", 1, {.initial = 10}), 16);
    g.reopen(t);
    EXPECT_EQ(contents(t), (entries{{"n", 16}}));
  });
}

// S5
TYPED_TEST(Counter, AStepOutOfTheRangeOfTheTypeIsOverflowAndChangesNothing) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    ASSERT_TRUE(ok(t.insert("n", most)));
    const std::string name = g.how == keeping::memory ? "table in memory" : path;
    EXPECT_TRUE(refuses(t.update_counter("n"), errc::overflow, {name, "overflow"}));
    EXPECT_TRUE(refuses(t.update_counter("m", least, {.initial = -1}), errc::overflow, {name}));
    EXPECT_EQ(contents(t), (entries{{"n", most}}));
    g.reopen(t);
    EXPECT_EQ(contents(t), (entries{{"n", most}}));
    EXPECT_EQ(t.update_counter("n", least), -1);
  });
}

TYPED_TEST(Counter, EachIntegerTypeHasItsOwnRange) {
  auto small = table<int, std::int8_t, TypeParam::value>::in_memory();
  ASSERT_TRUE(ok(small.insert(1, std::int8_t{127})));
  EXPECT_TRUE(refuses(small.update_counter(1), errc::overflow));
  EXPECT_EQ(small.update_counter(1, -255), -128);
  auto natural = table<int, std::uint64_t, TypeParam::value>::in_memory();
  ASSERT_TRUE(ok(natural.insert(1, std::numeric_limits<std::uint64_t>::max())));
  EXPECT_TRUE(refuses(natural.update_counter(1), errc::overflow));
  EXPECT_EQ(natural.update_counter(1, -1), std::numeric_limits<std::uint64_t>::max() - 1);
  EXPECT_TRUE(refuses(natural.update_counter(2, -1, {.initial = 0}), errc::overflow));
}

TYPED_TEST(Update, TheValueBecomesWhatTheFunctionMakesOfIt) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("n", 20)));
    EXPECT_EQ(t.update("n", [](std::int64_t v) { return v + 1; }), 21);
    EXPECT_EQ(t.update("n", [](std::int64_t& v) { v *= 2; }), 42);
    EXPECT_EQ(t.update("n", [](const std::int64_t& v) -> result<std::int64_t> { return v + 1; }),
              43);
    EXPECT_EQ(t.update("n", [](std::int64_t&& v) { return v + 1; }), 44);
    g.reopen(t);
    EXPECT_EQ(t.lookup("n"), 44);
  });
}

TYPED_TEST(Update, AMissingKeyIsNotFoundAndTheFunctionIsNotCalled) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    bool called = false;
    EXPECT_TRUE(
        refuses(t.update("n", [&](std::int64_t v) { return called = true, v; }), errc::not_found));
    EXPECT_FALSE(called);
  });
}

TYPED_TEST(Update, AFunctionThatGivesUpOrThrowsChangesNothing) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("n", 20)));
    EXPECT_TRUE(refuses(t.update("n",
                                 [](std::int64_t) -> result<std::int64_t> {
                                   return std::unexpected(error(errc::busy, "not today"));
                                 }),
                        errc::busy, {"not today"}));
    EXPECT_THROW(
        (void)t.update("n", [](std::int64_t) -> std::int64_t { throw std::runtime_error("no"); }),
        std::runtime_error);
    EXPECT_EQ(t.lookup("n"), 20);
    EXPECT_TRUE(ok(t.insert("n", 21)));
  });
}

TYPED_TEST(Update, ItRunsAgainIfSomebodyElseWasFaster) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("n", 1)));
    int runs = 0;
    EXPECT_EQ(t.update("n",
                       [&](std::int64_t v) {
                         if (++runs == 1) (void)t.insert("n", 10);
                         return v + 1;
                       }),
              11);
    EXPECT_EQ(runs, 2);
  });
}

TYPED_TEST(Update, AValueThatNoTermCanHoldIsRefused) {
  this->of_every_format([](file_format format) {
    ground<TypeParam::value, std::string, double> g(keeping::through, format);
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("n", 0.0)));
    EXPECT_TRUE(
        refuses(t.update("n", [](double v) { return v / v; }), errc::invalid_argument, {path}));
    EXPECT_EQ(t.lookup("n"), 0.0);
  });
}

}  // namespace
}  // namespace shelf::suite
