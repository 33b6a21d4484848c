// SUITE  every verb over every kind, write mode and store
// Feeds and watches: what they tell, in which order, and when they have lost their place.
#include "shelf/changes.hpp"
#include "shelf/database_changes.hpp"
#include "suite/database_ground.hpp"
#include "suite/ground.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace shelf::suite {
namespace {

using namespace std::chrono_literals;

using ages = shelf::map<std::string, int>;
using tags = shelf::bag<std::string, int>;

/// A change as a test compares it.
template <class V>
struct told {
  std::string key;
  std::optional<V> before;
  std::optional<V> after;
  friend bool operator==(const told&, const told&) = default;
  friend std::ostream& operator<<(std::ostream& out, const told& t) {
    const auto text = [](const std::optional<V>& v) { return v ? std::to_string(*v) : "-"; };
    return out << t.key << ": " << text(t.before) << " -> " << text(t.after);
  }
};

template <class V>
std::vector<told<V>> plain(const change_batch<std::string, V>& b) {
  std::vector<told<V>> all;
  for (const auto& c : b.changes) all.push_back({c.key, c.before, c.after});
  return all;
}

using changed = std::vector<told<int>>;

bool is_readable(int descriptor) {
  pollfd asked{.fd = descriptor, .events = POLLIN, .revents = 0};
  return ::poll(&asked, 1, 0) == 1;
}

TEST(Changes, AFeedTellsEachWriteWithWhatItReplaced) {
  auto t = ages::in_memory();
  ASSERT_TRUE(t.insert("old", 1));
  auto feed = or_throw(t.changes({.before = true}));
  ASSERT_TRUE(t.insert("alice", 30));
  ASSERT_TRUE(t.insert("alice", 31));
  ASSERT_TRUE(t.insert("alice", 31));  // changes nothing
  ASSERT_TRUE(t.erase("alice"));
  ASSERT_TRUE(t.erase("nobody"));
  ASSERT_TRUE(t.update("old", [](int n) { return n + 1; }));
  EXPECT_EQ(plain(or_throw(feed.next())), (changed{{"alice", std::nullopt, 30}}));
  EXPECT_EQ(plain(or_throw(feed.next())), (changed{{"alice", 30, 31}}));
  EXPECT_EQ(plain(or_throw(feed.next())), (changed{{"alice", 31, std::nullopt}}));
  EXPECT_EQ(plain(or_throw(feed.next())), (changed{{"old", 1, 2}}));
  EXPECT_TRUE(or_throw(feed.next()).empty());
}

TEST(Changes, WithoutBeforeAMapTellsNoOldValues) {
  auto t = ages::in_memory();
  ASSERT_TRUE(t.insert("alice", 30));
  auto feed = or_throw(t.changes());
  ASSERT_TRUE(t.insert("alice", 31));
  ASSERT_TRUE(t.erase("alice"));
  EXPECT_EQ(plain(or_throw(feed.next())), (changed{{"alice", std::nullopt, 31}}));
  EXPECT_EQ(plain(or_throw(feed.next())), (changed{{"alice", std::nullopt, std::nullopt}}));
}

TEST(Changes, ABagTellsEachValueThatComesAndGoes) {
  auto t = tags::in_memory();
  auto feed = or_throw(t.changes());
  ASSERT_TRUE(t.insert_range({{"a", 1}, {"a", 2}, {"a", 2}, {"b", 3}}));
  ASSERT_TRUE(t.erase("a", 2));
  ASSERT_TRUE(t.insert("a", 4));
  ASSERT_TRUE(t.erase("a"));
  EXPECT_EQ(plain(or_throw(feed.next())),
            (changed{{"a", std::nullopt, 1}, {"a", std::nullopt, 2}, {"b", std::nullopt, 3}}));
  EXPECT_EQ(plain(or_throw(feed.next())), (changed{{"a", 2, std::nullopt}}));
  EXPECT_EQ(plain(or_throw(feed.next())), (changed{{"a", std::nullopt, 4}}));
  EXPECT_EQ(plain(or_throw(feed.next())),
            (changed{{"a", 1, std::nullopt}, {"a", 4, std::nullopt}}));
}

TEST(Changes, EveryCopyInADuplicateBagIsTold) {
  auto t = shelf::duplicate_bag<std::string, int>::in_memory();
  auto feed = or_throw(t.changes());
  ASSERT_TRUE(t.insert_range({{"a", 1}, {"a", 1}}));
  ASSERT_TRUE(t.erase("a", 1));
  EXPECT_EQ(or_throw(feed.next()).changes.size(), 2u);
  EXPECT_EQ(plain(or_throw(feed.next())),
            (changed{{"a", 1, std::nullopt}, {"a", 1, std::nullopt}}));
}

TEST(Changes, ABatchComesWhole) {
  auto t = ages::in_memory();
  auto feed = or_throw(t.changes({.before = true}));
  shelf::batch<std::string, int> b;
  b.insert("a", 1);
  b.insert("a", 2);
  b.insert("b", 3);
  b.erase("a");
  ASSERT_TRUE(t.write(b));
  EXPECT_EQ(
      plain(or_throw(feed.next())),
      (changed{
          {"a", std::nullopt, 1}, {"a", 1, 2}, {"b", std::nullopt, 3}, {"a", 2, std::nullopt}}));
}

TEST(Changes, ClearIsToldAsSuch) {
  auto t = ages::in_memory();
  ASSERT_TRUE(t.insert("a", 1));
  auto feed = or_throw(t.changes());
  ASSERT_TRUE(t.clear());
  const auto b = or_throw(feed.next());
  EXPECT_EQ(b.event, table_event::cleared);
  EXPECT_TRUE(b.changes.empty());
  EXPECT_FALSE(b.empty());
}

TEST(Changes, ReloadIsToldAsAReset) {
  ground<kind::set, std::string, int> g(keeping::back);
  auto t = g.open();
  ASSERT_TRUE(t.insert("a", 1));
  ASSERT_TRUE(t.save());
  ASSERT_TRUE(t.insert("a", 2));
  auto feed = or_throw(t.changes());
  ASSERT_TRUE(t.reload());
  EXPECT_EQ(or_throw(feed.next()).event, table_event::reset);
  EXPECT_EQ(t.lookup("a"), 1);
}

TEST(Changes, AFailedWriteIsNotTold) {
  ground<kind::set, std::string, int> g(keeping::through);
  auto t = g.open();
  auto feed = or_throw(t.changes());
  g.disk.inject({.kind = simulation::call::write, .error = ENOSPC});
  EXPECT_FALSE(t.insert("a", 1));
  EXPECT_TRUE(or_throw(feed.next()).empty());
  ASSERT_TRUE(t.insert("b", 2));
  EXPECT_EQ(plain(or_throw(feed.next())), (changed{{"b", std::nullopt, 2}}));
}

TEST(Changes, ASnapshotAndAFeedFromItsPositionMissNothingAndRepeatNothing) {
  auto t = ages::in_memory();
  ASSERT_TRUE(t.insert("before", 1));
  const auto moment = t.snapshot();
  const auto from = moment.position();
  ASSERT_TRUE(t.insert("after", 2));
  auto feed = or_throw(t.changes({.from = from}));
  ASSERT_TRUE(t.insert("later", 3));
  EXPECT_EQ(moment.size(), 1u);
  EXPECT_EQ(plain(or_throw(feed.next())), (changed{{"after", std::nullopt, 2}}));
  EXPECT_EQ(plain(or_throw(feed.next())), (changed{{"later", std::nullopt, 3}}));
  EXPECT_TRUE(or_throw(feed.next()).empty());
}

TEST(Changes, AFeedContinuesWhereAnotherEnded) {
  auto t = ages::in_memory();
  auto first = or_throw(t.changes());
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(t.insert(std::to_string(i), i));
  ASSERT_TRUE(first.next());
  const auto half = or_throw(first.next());
  auto second = or_throw(t.changes({.from = half.at}));
  EXPECT_EQ(second.position(), half.at);
  EXPECT_EQ(plain(or_throw(second.next())), (changed{{"2", std::nullopt, 2}}));
  auto third = or_throw(t.changes({.from = or_throw(position::parse(half.at.to_string()))}));
  EXPECT_EQ(plain(or_throw(third.next())), (changed{{"2", std::nullopt, 2}}));
}

TEST(Changes, OldestIsTheOldestThatIsKept) {
  auto t = ages::in_memory();
  ASSERT_TRUE(t.insert("unheard", 0));
  auto first = or_throw(t.changes());
  ASSERT_TRUE(t.insert("a", 1));
  auto all = or_throw(t.changes({.from = change_start::oldest}));
  EXPECT_EQ(plain(or_throw(all.next())), (changed{{"a", std::nullopt, 1}}));
}

TEST(Changes, AFeedThatFallsBehindLosesItsPlaceAndTheMessageNamesTheFirstThatIsKept) {
  auto t = shelf::map<int, std::string>::in_memory("big");
  auto feed = or_throw(t.changes());
  const std::string value(100'000, 'x');
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(t.insert(i, value));
  const auto lost = feed.next();
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error(), errc::cursor_lost);
  const auto said = lost.error().message();
  const auto named = position::parse(said.substr(said.rfind(' ') + 1));
  ASSERT_TRUE(named) << said;
  auto again = or_throw(t.changes({.from = *named}));
  int count = 0;
  while (!or_throw(again.next()).empty()) ++count;
  EXPECT_GT(count, 30);
  EXPECT_EQ(again.position(), or_throw(t.changes()).position());
}

TEST(Changes, ABatchLargerThanTheRingIsLostAndTheNextIsNot) {
  auto t = shelf::map<int, std::string>::in_memory("big");
  auto feed = or_throw(t.changes());
  ASSERT_TRUE(t.insert(1, std::string(5 << 20, 'x')));
  EXPECT_EQ(feed.next().error(), errc::cursor_lost);
  auto next = or_throw(t.changes());
  ASSERT_TRUE(t.insert(2, "small"));
  EXPECT_EQ(or_throw(next.next()).changes.size(), 1u);
}

TEST(Changes, AFeedThatWasClosedCanBeContinuedWhileTheRingHasRoom) {
  auto t = shelf::map<int, std::string>::in_memory("big");
  const std::string value(100'000, 'x');
  const auto from = [&] { return or_throw(t.changes()).position(); }();
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(t.insert(i, value));
  EXPECT_TRUE(t.changes({.from = from}));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(t.insert(i, value + "y"));
  EXPECT_EQ(t.changes({.from = from}).error(), errc::cursor_lost);
}

TEST(Changes, PositionsOfOthersAreRefused) {
  auto t = ages::in_memory();
  auto other = ages::in_memory();
  const auto here = or_throw(t.changes()).position();
  EXPECT_EQ(other.changes({.from = here}).error(), errc::cursor_lost);
  EXPECT_EQ(t.changes({.from = position{}}).error(), errc::cursor_lost);
  const position ahead{.run = here.run, .version = here.version + 1};
  EXPECT_EQ(t.changes({.from = ahead}).error(), errc::invalid_argument);
}

TEST(Changes, NothingInMemoryIsDurable) {
  auto t = ages::in_memory();
  const auto refused = t.changes({.level = change_level::durable});
  EXPECT_EQ(refused.error(), errc::invalid_argument);
}

TEST(Changes, ADurableFeedShowsAWriteOnlyOnceItIsOnDisk) {
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    ground<kind::set, std::string, int> g(how);
    auto t = g.open();
    auto written = or_throw(t.changes());
    auto durable = or_throw(t.changes({.level = change_level::durable}));
    ASSERT_TRUE(t.insert("a", 1));
    EXPECT_FALSE(or_throw(written.next()).empty());
    EXPECT_EQ(or_throw(durable.next()).empty(), how != keeping::durable);
    ASSERT_TRUE(t.insert("b", 2));
    ASSERT_TRUE(t.save());
    while (!or_throw(durable.next()).empty()) {
    }
    EXPECT_FALSE(or_throw(written.next()).empty());
    EXPECT_EQ(durable.position(), t.snapshot().position());
    EXPECT_EQ(written.position(), t.snapshot().position());
  }
}

TEST(Changes, AClosedTableTellsWhatWasWrittenAndThenThatItIsClosed) {
  ground<kind::set, std::string, int> g(keeping::back);
  auto t = g.open();
  auto feed = or_throw(t.changes({.level = change_level::durable}));
  ASSERT_TRUE(t.insert("a", 1));
  ASSERT_TRUE(t.close());
  EXPECT_EQ(plain(or_throw(feed.next())), (changed{{"a", std::nullopt, 1}}));
  EXPECT_EQ(feed.next().error(), errc::table_closed);
  EXPECT_EQ(t.changes().error(), errc::table_closed);
}

TEST(Changes, TheDescriptorIsReadableWhileThereIsMore) {
  auto t = ages::in_memory();
  auto feed = or_throw(t.changes());
  const int descriptor = or_throw(feed.event_fd());
  EXPECT_TRUE(or_throw(feed.next()).empty());
  EXPECT_FALSE(is_readable(descriptor));
  ASSERT_TRUE(t.insert("a", 1));
  ASSERT_TRUE(t.insert("b", 2));
  EXPECT_TRUE(is_readable(descriptor));
  EXPECT_FALSE(or_throw(feed.next()).empty());
  EXPECT_TRUE(is_readable(descriptor));
  EXPECT_FALSE(or_throw(feed.next()).empty());
  EXPECT_TRUE(or_throw(feed.next()).empty());
  EXPECT_FALSE(is_readable(descriptor));
  ASSERT_TRUE(t.close());
  EXPECT_TRUE(is_readable(descriptor));
}

TEST(Changes, AFeedOfADatabaseTellsATransactionAsOneBatch) {
  bank b;
  auto all = or_throw(b.db.changes({.before = true}));
  auto only = or_throw(b.visits.changes());
  ASSERT_TRUE(b.db.transact([&](transaction& tx) -> result<> {
    if (auto done = tx(b.accounts).insert("alice", 10); !done) return done;
    return tx(b.visits).insert("alice", 1);
  }));
  ASSERT_TRUE(b.accounts.insert("bob", 5));
  const auto first = or_throw(all.next());
  EXPECT_TRUE(first.touches(b.accounts));
  EXPECT_TRUE(first.touches(b.visits));
  EXPECT_EQ(plain(first.of(b.accounts)),
            (std::vector<told<std::int64_t>>{{"alice", std::nullopt, 10}}));
  EXPECT_EQ(plain(first.of(b.visits)),
            (std::vector<told<std::int64_t>>{{"alice", std::nullopt, 1}}));
  const auto second = or_throw(all.next());
  EXPECT_TRUE(second.touches(b.accounts));
  EXPECT_FALSE(second.touches(b.visits));
  EXPECT_TRUE(or_throw(all.next()).empty());
  const auto here = or_throw(only.next());
  EXPECT_EQ(here.changes.size(), 1u);
  EXPECT_EQ(here.at, first.at);
  EXPECT_TRUE(or_throw(only.next()).empty());
  EXPECT_EQ(only.position(), second.at) << "what does not concern it is passed over";
}

TEST(Changes, ANewTableDoesNotDisturbAFeed) {
  bank b;
  const auto from = b.db.snapshot().position();
  auto more = or_throw(b.db.table<tags_table>("tags"));
  ASSERT_TRUE(more.insert("a", 1));
  auto all = or_throw(b.db.changes({.from = from}));
  EXPECT_TRUE(or_throw(all.next()).touches(more));
}

TEST(Changes, PositionsAreTextAndNothingElseIs) {
  const position p{.run = 0x9f3b5c0d2e4a6178, .version = 42};
  EXPECT_EQ(p.to_string(), "1-9f3b5c0d2e4a6178-42");
  EXPECT_EQ(or_throw(position::parse(p.to_string())), p);
  for (const auto* text : {"", "1-", "1-9f3b5c0d2e4a6178", "1-9f3b5c0d2e4a6178-",
                           "9f3b5c0d2e4a6178-42", "1-9F3B5C0D2E4A6178-42", "1-9f3b5c0d2e4a6178-042",
                           "1-9f3b5c0d2e4a6178--1", "1-9f3b5c0d2e4a6178-42 ",
                           "2-9f3b5c0d2e4a6178-42", "1-9f3b5c0d2e4a6178-99999999999999999999999"}) {
    EXPECT_EQ(position::parse(text).error(), errc::invalid_argument) << text;
  }
}

TEST(Changes, WhatIsToldMakesTheTable) {
  for (const auto how : every_keeping) {
    SCOPED_TRACE(to_string(how));
    ground<kind::ordered_set, int, int> g(how);
    auto t = g.open();
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(t.insert(i, i));
    const auto moment = t.snapshot();
    auto feed = or_throw(t.changes({.from = moment.position(), .before = true}));
    std::map<int, int> model;
    for (const auto& [key, value] : moment) model.emplace(key, value);
    unsigned drawn = 1;
    for (int i = 0; i < 2000; ++i) {
      drawn = drawn * 1664525 + 1013904223;
      const int key = static_cast<int>(drawn >> 16) % 80;
      if (drawn % 97 == 0) {
        ASSERT_TRUE(t.clear());
      } else if (drawn % 3 == 0) {
        ASSERT_TRUE(t.erase(key));
      } else if (drawn % 11 == 0) {
        (void)t.take_first();
      } else {
        ASSERT_TRUE(t.insert(key, i));
      }
    }
    for (auto b = or_throw(feed.next()); !b.empty(); b = or_throw(feed.next())) {
      if (b.event == table_event::cleared) model.clear();
      for (const auto& c : b.changes) {
        const auto there = model.find(c.key);
        EXPECT_EQ(c.before.has_value(), there != model.end());
        if (there != model.end()) {
          EXPECT_EQ(c.before, there->second);
        }
        c.after ? void(model[c.key] = *c.after) : void(model.erase(c.key));
      }
    }
    EXPECT_EQ(sorted(t.snapshot()), (std::vector<std::pair<int, int>>(model.begin(), model.end())));
  }
}

TEST(Watch, TheFirstWaitTellsThePresentValue) {
  auto t = ages::in_memory();
  auto w = or_throw(t.watch("alice"));
  EXPECT_EQ(or_throw(w.wait(0s)), std::nullopt);
  EXPECT_TRUE(w.changed());
  ASSERT_TRUE(t.insert("alice", 30));
  auto other = or_throw(t.watch("alice"));
  EXPECT_EQ(or_throw(other.wait(0s)), 30);
}

TEST(Watch, ItTellsTheLatestValueAndLeavesOutThoseBetween) {
  auto t = ages::in_memory();
  auto w = or_throw(t.watch("alice"));
  ASSERT_TRUE(w.wait(0s));
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(t.insert("alice", i));
  EXPECT_EQ(or_throw(w.wait(0s)), 999);
  EXPECT_TRUE(w.changed());
  EXPECT_EQ(or_throw(w.wait(0s)), 999);
  EXPECT_FALSE(w.changed());
  ASSERT_TRUE(t.insert("bob", 1));
  EXPECT_EQ(or_throw(w.wait(0s)), 999);
  EXPECT_FALSE(w.changed());
  ASSERT_TRUE(t.insert("alice", 1));
  ASSERT_TRUE(t.insert("alice", 999));
  EXPECT_EQ(or_throw(w.wait(0s)), 999);
  EXPECT_FALSE(w.changed()) << "the value is the one that was told last";
  ASSERT_TRUE(t.erase("alice"));
  EXPECT_EQ(or_throw(w.wait(0s)), std::nullopt);
  EXPECT_TRUE(w.changed());
}

TEST(Watch, ABagTellsAllValuesOfTheKey) {
  auto t = tags::in_memory();
  auto w = or_throw(t.watch("a"));
  EXPECT_EQ(or_throw(w.wait(0s)), std::nullopt);
  ASSERT_TRUE(t.insert_range({{"a", 1}, {"b", 2}, {"a", 3}}));
  EXPECT_EQ(or_throw(w.wait(0s)), (std::vector<int>{1, 3}));
  ASSERT_TRUE(t.erase("a", 1));
  EXPECT_EQ(or_throw(w.wait(0s)), (std::vector<int>{3}));
}

TEST(Watch, ClearAndReloadCountAsWrites) {
  ground<kind::set, std::string, int> g(keeping::back);
  auto t = g.open();
  ASSERT_TRUE(t.insert("a", 1));
  ASSERT_TRUE(t.save());
  auto w = or_throw(t.watch("a"));
  EXPECT_EQ(or_throw(w.wait(0s)), 1);
  ASSERT_TRUE(t.clear());
  EXPECT_EQ(or_throw(w.wait(0s)), std::nullopt);
  ASSERT_TRUE(t.reload());
  EXPECT_EQ(or_throw(w.wait(0s)), 1);
}

TEST(Watch, AClosedTableIsToldAtOnce) {
  auto t = ages::in_memory();
  auto w = or_throw(t.watch("a"));
  ASSERT_TRUE(t.close());
  EXPECT_EQ(w.wait(24h).error(), errc::table_closed);
  EXPECT_EQ(t.watch("a").error(), errc::table_closed);
}

}  // namespace
}  // namespace shelf::suite
