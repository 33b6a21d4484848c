// SUITE  every verb over every kind, write mode and store
// Published values that follow a key.
#include "shelf/mirror.hpp"
#include "suite/ground.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

namespace shelf::suite {
namespace {

using namespace std::chrono_literals;

using limits_table = map<std::string, int>;

TEST(Mirror, LoadsTheValueAndFollowsIt) {
  auto t = limits_table::in_memory();
  ASSERT_TRUE(t.insert("limit", 1));
  published<int> live;
  auto m = or_throw(mirror(live, t, "limit"));
  EXPECT_EQ(live.copy(), 1);
  EXPECT_FALSE(or_throw(m.poll()));
  ASSERT_TRUE(t.insert("limit", 2));
  EXPECT_EQ(live.copy(), 1) << "nothing happens but on the thread that polls";
  EXPECT_TRUE(or_throw(m.poll()));
  EXPECT_EQ(live.copy(), 2);
}

TEST(Mirror, KeepsTheLastValueOfAKeyThatIsErased) {
  auto t = limits_table::in_memory();
  published<int> live(7);
  auto m = or_throw(mirror(live, t, "limit"));
  EXPECT_EQ(live.copy(), 7);
  EXPECT_FALSE(or_throw(m.poll()));
  ASSERT_TRUE(t.insert("limit", 8));
  EXPECT_TRUE(or_throw(m.poll()));
  ASSERT_TRUE(t.erase("limit"));
  EXPECT_FALSE(or_throw(m.poll()));
  EXPECT_EQ(live.copy(), 8);
}

TEST(Mirror, EndsWithTheTable) {
  auto t = limits_table::in_memory();
  published<int> live;
  auto m = or_throw(mirror(live, t, "limit"));
  ASSERT_TRUE(t.close());
  EXPECT_EQ(m.poll(24h).error(), errc::table_closed);
  EXPECT_EQ(mirror(live, t, "limit").error(), errc::table_closed);
}

TEST(Mirror, AThreadThatPollsPublishesWhatOthersWrite) {
  auto t = limits_table::in_memory();
  published<int> live;
  auto m = or_throw(mirror(live, t, "limit"));
  std::thread follower([&] {
    while (m.poll(10s)) {
    }
  });
  for (int i = 1; i <= 100; ++i) {
    ASSERT_TRUE(t.insert("limit", i));
    while (*live.read() != i) std::this_thread::yield();
  }
  ASSERT_TRUE(t.close());
  follower.join();
}

}  // namespace
}  // namespace shelf::suite
