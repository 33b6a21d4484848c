// API  [api] -> table -> journal -> file
// What a function given to update may take and return. What it may not: test/compile_fail/update_*.
#include "shelf/shelf.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

namespace shelf::testing {
namespace {

struct counter {
  int hits = 0;
  void hit() { ++hits; }
  [[nodiscard]] counter next() const { return {hits + 1}; }
  bool operator==(const counter&) const = default;
};

TEST(Update, TakesFunctionsThatReturnTheNewValue) {
  auto t = map<int, int>::in_memory();
  ASSERT_TRUE(t.insert(1, 0));
  EXPECT_EQ(t.update(1, [](int v) { return v + 1; }), 1);
  EXPECT_EQ(t.update(1, [](const int& v) { return v + 1; }), 2);
  EXPECT_EQ(t.update(1, [](int&& v) { return v + 1; }), 3);
  EXPECT_EQ(t.update(1, [](auto v) { return v + 1; }), 4);
  EXPECT_EQ(t.update(1, [](int v) -> result<int> { return v + 1; }), 5);
  EXPECT_EQ(t.update(1, [](int) -> result<int> { return std::unexpected(errc::overflow); }).error(),
            errc::overflow);
  EXPECT_EQ(t.lookup(1), 5);
}

TEST(Update, TakesFunctionsThatChangeTheValueInPlace) {
  auto t = map<int, int>::in_memory();
  ASSERT_TRUE(t.insert(1, 0));
  EXPECT_EQ(t.update(1, [](int& v) { v += 100; }), 100);
  EXPECT_EQ(t.update(1, [](auto& v) { v += 100; }), 200);
  EXPECT_EQ(t.update(1,
                     [](int& v) -> result<> {
                       v += 100;
                       return {};
                     }),
            300);
  const auto refused = t.update(1, [](int& v) -> result<> {
    v = -1;
    return std::unexpected(errc::overflow);
  });
  EXPECT_EQ(refused.error(), errc::overflow);
  EXPECT_EQ(t.lookup(1), 300);
}

TEST(Update, TakesABoolWhereTheValueIsOneOrHoldsOne) {
  auto flags = map<int, bool>::in_memory();
  ASSERT_TRUE(flags.insert(1, false));
  EXPECT_EQ(flags.update(1, [](bool v) { return !v; }), true);
  EXPECT_EQ(flags.update(1, [](bool& v) { return !v; }), false);
  EXPECT_EQ(flags.update(1, [](bool v) -> result<bool> { return !v; }), true);
  auto answers = map<int, std::optional<bool>>::in_memory();
  ASSERT_TRUE(answers.insert(1, std::nullopt));
  ASSERT_TRUE(answers.update(1, [](const auto& v) { return !v.has_value(); }));
  EXPECT_EQ(answers.snapshot().value_or(1, std::nullopt), true);
}

TEST(Update, TakesMemberFunctions) {
  auto t = map<int, counter>::in_memory();
  ASSERT_TRUE(t.insert(1, {}));
  EXPECT_EQ(t.update(1, &counter::hit), counter{1});
  EXPECT_EQ(t.update(1, &counter::next), counter{2});
  EXPECT_EQ(t.lookup(1), counter{2});
}

}  // namespace
}  // namespace shelf::testing
