// TEST  cluster
// Thousands of histories with lost answers, crashes, trimmed logs and forks, and nothing wrong in
// any of them.
#include "budget.hpp"
#include "history.hpp"

#include <gtest/gtest.h>

namespace shelf::test {
namespace {

using verb = key_call::verb;

key_call put(std::int64_t value, std::uint64_t began, std::uint64_t ended) {
  key_call c;
  c.what = verb::put;
  c.written = value;
  c.began = began;
  c.ended = ended;
  return c;
}
key_call read(std::optional<std::int64_t> value, std::uint64_t began, std::uint64_t ended) {
  key_call c;
  c.seen = value;
  c.began = began;
  c.ended = ended;
  return c;
}

TEST(Linearizable, IsWhatOneOrderOfTheCallsExplains) {
  EXPECT_TRUE(is_linearizable({}));
  EXPECT_TRUE(is_linearizable({put(1, 1, 2), read(1, 3, 4)}));
  EXPECT_TRUE(is_linearizable({put(1, 1, 4), read(std::nullopt, 2, 3)})) << "at the same time";
  auto in_doubt = put(1, 1, 0);
  in_doubt.has_result = false;
  in_doubt.ended = UINT64_MAX;
  EXPECT_TRUE(is_linearizable({in_doubt, read(std::nullopt, 2, 3), read(1, 4, 5)}));
}

TEST(Linearizable, IsNeitherAReadOfThePastNorOfWhatIsGoneNorAWrongCount) {
  EXPECT_FALSE(is_linearizable({put(1, 1, 2), read(std::nullopt, 3, 4)}));
  EXPECT_FALSE(is_linearizable({put(1, 1, 6), read(1, 2, 3), read(std::nullopt, 4, 5)}));
  auto second = put(2, 3, 4);
  EXPECT_FALSE(is_linearizable({put(1, 1, 2), second})) << "it replaces something";
  second.was_there = true;
  EXPECT_TRUE(is_linearizable({put(1, 1, 2), second}));
}

TEST(ClusterHistories, AreLinearizablePerKeyAndLoseAndDoubleNothing) {
  for (std::uint64_t seed = 1; seed <= budgeted(4'000); ++seed) {
    ASSERT_EQ(violations_of({.seed = seed}), std::vector<std::string>()) << "seed " << seed;
  }
}

TEST(ClusterHistories, OverAServerThatLosesCommitsAreWholeAndShowWhatItHas) {
  for (std::uint64_t seed = 1; seed <= budgeted(1'000); ++seed) {
    ASSERT_EQ(violations_of({.seed = seed, .calls = 40, .forks = true}), std::vector<std::string>())
        << "seed " << seed;
  }
}

}  // namespace
}  // namespace shelf::test
