// API  [api] -> table -> journal -> file
// What a kept callable may be made of, and that it owns it.
#include "shelf/function.hpp"

#include "shelf/config.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace shelf {
namespace {

int twice(int i) { return 2 * i; }

struct box {
  int content = 0;
  [[nodiscard]] int plus(int i) const { return content + i; }
};

TEST(Function, IsEmptyWithoutACallable) {
  EXPECT_FALSE(function<void()>());
  EXPECT_FALSE(function<void()>(nullptr));
  EXPECT_FALSE(function<int(int)>(static_cast<int (*)(int)>(nullptr)));
  EXPECT_FALSE(function<int(int)>(std::function<int(int)>()));
  EXPECT_TRUE(function<void()>() == nullptr);
}

/// Copying one asks whether it can be made of a function.
struct hook {
  hook(function<int()> f) : call(std::move(f)) {}  // NOLINT: implicit, as such classes are
  function<int()> call;
};

TEST(Function, AClassThatIsMadeOfOneCanBeCopied) {
  const hook first = function<int()>([] { return 4; });
  const hook second = first;
  static_assert(std::is_copy_constructible_v<hook>);
  EXPECT_EQ(second.call(), 4);
}

/// False as a condition, which says nothing of its call.
struct switched_off {
  explicit operator bool() const { return false; }
  int operator()() const { return 5; }
};

TEST(Function, ACallableThatIsFalseIsNotEmpty) {
  const function<int()> f = switched_off();
  ASSERT_TRUE(f);
  EXPECT_EQ(f(), 5);
}

TEST(Function, AnEmptyOneThatIsCalledSaysSo) {
  const function<int(int)> empty;
  try {
    empty(1);
    FAIL() << "it was called";
  } catch (const exception& e) {
    EXPECT_EQ(e.reason(), errc::invalid_argument);
    EXPECT_STREQ(e.what(), "an empty shelf::function cannot be called");
  }
}

TEST(Function, CallsWhateverStdFunctionWouldCall) {
  function<int(int)> f = twice;
  EXPECT_EQ(f(3), 6);
  f = [](int i) { return i + 1; };
  EXPECT_EQ(f(3), 4);
  f = std::function<int(int)>([by = 5](int i) { return i * by; });
  EXPECT_EQ(f(3), 15);
  const function<int(const box&, int)> member = &box::plus;
  EXPECT_EQ(member(box{4}, 3), 7);
  const function<int(const box*)> content = &box::content;
  const box nine{9};
  EXPECT_EQ(content(&nine), 9);
  const function<void(int)> drops = twice;  // what it returns
  drops(1);
  const std::function<int(int)> back = f;
  EXPECT_EQ(back(3), 15);
}

TEST(Function, OwnsItsCallableAndACopyHasOneOfItsOwn) {
  auto alive = std::make_shared<int>(0);
  {
    function<int()> counts = [alive, n = 0]() mutable { return ++n; };
    EXPECT_EQ(alive.use_count(), 2);
    EXPECT_EQ(counts(), 1);
    auto copy = counts;
    EXPECT_EQ(alive.use_count(), 3);
    EXPECT_EQ(counts(), 2);
    EXPECT_EQ(copy(), 2);
    const auto moved = std::move(copy);
    EXPECT_EQ(alive.use_count(), 3);
    EXPECT_EQ(moved(), 3);
    counts = nullptr;
    EXPECT_EQ(alive.use_count(), 2);
  }
  EXPECT_EQ(alive.use_count(), 1);
}

TEST(Function, PassesReferencesAndMoveOnlyArguments) {
  const function<int&(int&)> same = [](int& i) -> int& { return i; };
  int i = 1;
  EXPECT_EQ(&same(i), &i);
  const function<int(std::unique_ptr<int>)> takes = [](std::unique_ptr<int> p) { return *p; };
  EXPECT_EQ(takes(std::make_unique<int>(8)), 8);
}

TEST(Function, IsWhatTheConfigTakes) {
  std::string said;
  const config<std::string, int> c{
      .check = [](const std::string& key, int value) { return !key.empty() && value > 0; },
      .on_error = [&](const error& e) { said = e.message(); }};
  EXPECT_TRUE(c.check("a", 1));
  EXPECT_FALSE(c.check("", 1));
  c.on_error(errc::fenced);
  EXPECT_FALSE(said.empty());
}

}  // namespace
}  // namespace shelf
