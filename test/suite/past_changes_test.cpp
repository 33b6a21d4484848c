// SUITE  every verb over every kind, write mode and store
// Feeds that continue from the file: after a restart, in another process, or far behind.
#include "shelf/changes.hpp"
#include "shelf/database_changes.hpp"
#include "suite/database_ground.hpp"
#include "suite/feeds.hpp"
#include "suite/ground.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace shelf::suite {
namespace {

using ages_ground = ground<kind::set, std::string, int>;
using ages = ages_ground::table;

TEST(PastChanges, AFeedContinuesAfterTheTableWasClosedAndOpened) {
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    ages_ground g(how);
    auto t = g.open();
    ASSERT_TRUE(t.insert("a", 1));
    ASSERT_TRUE(t.save());
    auto model = model_of(t);
    const auto from = kept(t.snapshot().position());
    ASSERT_TRUE(t.insert("b", 2));
    ASSERT_TRUE(t.save());
    g.reopen(t);
    ASSERT_TRUE(t.erase("a"));
    ASSERT_TRUE(t.save());
    g.reopen(t);
    auto feed = or_throw(t.changes({.from = from}));
    EXPECT_EQ(follow(feed, model), 2);
    ASSERT_TRUE(t.insert("c", 3));
    ASSERT_TRUE(t.save());
    EXPECT_EQ(follow(feed, model), 1) << "and goes on with what is written from here on";
    EXPECT_EQ(model, model_of(t));
  }
}

TEST(PastChanges, APositionAtTheEndOfAnOpeningContinuesWithTheNextOne) {
  ages_ground g(keeping::through);
  auto t = g.open();
  ASSERT_TRUE(t.insert("a", 1));
  const auto written = t.snapshot().position();
  g.reopen(t);
  const auto opened = t.snapshot().position();
  EXPECT_EQ(written, opened) << "nothing was written in between";
  g.reopen(t);
  g.reopen(t);
  ASSERT_TRUE(t.insert("b", 2));
  for (const auto& from : {written, opened}) {
    auto feed = or_throw(t.changes({.from = from}));
    const auto b = or_throw(feed.next());
    ASSERT_EQ(b.changes.size(), 1u);
    EXPECT_EQ(b.changes[0].key, "b");
    EXPECT_TRUE(or_throw(feed.next()).empty());
  }
}

TEST(PastChanges, AFeedThatFellBehindTheRingGoesOnInTheFile) {
  for (const auto how : at_once) {
    SCOPED_TRACE(to_string(how));
    ground<kind::set, int, std::string> g(how);
    auto t = g.open();
    auto slow = or_throw(t.changes());
    auto durable = or_throw(t.changes({.level = change_level::durable}));
    const std::string value(50'000, 'x');
    std::map<int, std::string> told;
    std::map<int, std::string> told_durable;
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 100; ++i) ASSERT_TRUE(t.insert(100 * round + i, value));
      ASSERT_TRUE(t.sync());
      EXPECT_EQ(follow(slow, told), 100);
      EXPECT_EQ(follow(durable, told_durable), 100);
    }
    EXPECT_EQ(told, model_of(t));
    EXPECT_EQ(told_durable, model_of(t));
    EXPECT_EQ(slow.position(), t.snapshot().position());
  }
}

TEST(PastChanges, ADurableFeedOfAFileDoesNotTellWhatIsNotOnDisk) {
  ages_ground g(keeping::through);
  auto t = g.open();
  const auto from = kept(t.snapshot().position());
  ASSERT_TRUE(t.insert("a", 1));
  ASSERT_TRUE(t.sync());
  ASSERT_TRUE(t.insert("b", 2));
  auto feed = or_throw(t.changes({.from = from}));
  std::map<std::string, int> told;
  EXPECT_EQ(follow(feed, told), 1) << "a parsed position tells durable batches only";
  ASSERT_TRUE(t.sync());
  EXPECT_EQ(follow(feed, told), 1);
  auto written = or_throw(t.changes({.from = from, .level = change_level::written}));
  ASSERT_TRUE(t.insert("c", 3));
  EXPECT_EQ(follow(written, told), 3);
}

TEST(PastChanges, OldestIsTheBeginningOfTheFile) {
  ages_ground g(keeping::through);
  auto t = g.open();
  ASSERT_TRUE(t.insert("a", 1));
  g.reopen(t);
  ASSERT_TRUE(t.insert("b", 2));
  auto feed = or_throw(t.changes({.from = change_start::oldest}));
  std::map<std::string, int> all;
  EXPECT_EQ(follow(feed, all), 2);
  EXPECT_EQ(all, model_of(t));
}

TEST(PastChanges, CompactionKeepsThePositionOfItsStateAndDropsThoseBefore) {
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    ages_ground g(how);
    auto t = g.open();
    ASSERT_TRUE(t.insert("a", 1));
    ASSERT_TRUE(t.save());
    const auto before = t.snapshot().position();
    ASSERT_TRUE(t.insert("b", 2));
    ASSERT_TRUE(t.save());
    g.reopen(t);
    auto model = model_of(t);
    const auto now = t.snapshot().position();
    ASSERT_TRUE(t.compact());
    ASSERT_TRUE(t.insert("c", 3));
    ASSERT_TRUE(t.save());
    g.reopen(t);
    auto feed = or_throw(t.changes({.from = kept(now)}));
    EXPECT_EQ(follow(feed, model), 1);
    EXPECT_EQ(model, model_of(t));
    const auto lost = t.changes({.from = kept(before)});
    EXPECT_TRUE(refuses(lost, errc::cursor_lost, {"no longer kept"}));
    const auto said = lost.error().message();
    EXPECT_EQ(or_throw(position::parse(said.substr(said.rfind(' ') + 1))), now);
  }
}

TEST(PastChanges, AFeedInTheMiddleOfAFileThatIsCompactedHasLostItsPlace) {
  ages_ground g(keeping::through);
  auto t = g.open();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(t.insert("a", i));
  g.reopen(t);
  auto feed = or_throw(t.changes({.from = change_start::oldest}));
  ASSERT_FALSE(or_throw(feed.next()).empty());
  ASSERT_TRUE(t.compact());
  EXPECT_EQ(feed.next().error(), errc::cursor_lost);
}

TEST(PastChanges, ATailThatAPowerFailureTookIsSaidToBeRolledBack) {
  ages_ground g(keeping::through);
  auto t = g.open();
  ASSERT_TRUE(t.insert("a", 1));
  ASSERT_TRUE(t.sync());
  const auto safe = kept(t.snapshot().position());
  const auto on_disk = *g.disk.read_all(path);
  ASSERT_TRUE(t.insert("b", 2));
  const auto unsafe = kept(t.snapshot().position());
  t.abandon();
  g.disk.put(path, on_disk);  // the power failed
  t = g.open();
  EXPECT_TRUE(refuses(t.changes({.from = unsafe}), errc::cursor_lost, {"rolled back"}));
  ASSERT_TRUE(t.insert("b", 3));
  EXPECT_TRUE(refuses(t.changes({.from = unsafe}), errc::cursor_lost, {"rolled back"}));
  auto feed = or_throw(t.changes({.from = safe, .level = change_level::written}));
  const auto b = or_throw(feed.next());
  ASSERT_EQ(b.changes.size(), 1u);
  EXPECT_EQ(b.changes[0].after, 3);
}

TEST(PastChanges, AReadThatFailsIsAnErrorAndTheFeedContinues) {
  int failed = 0;
  for (std::uint64_t nth = 1; nth < 12; ++nth) {
    ages_ground g(keeping::through);
    auto t = g.open();
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(t.insert("a", i));
    g.reopen(t);
    g.disk.inject({.nth = nth, .error = EIO});
    auto feed = t.changes({.from = change_start::oldest});
    const auto first = feed ? feed->next() : result<change_batch<std::string, int>>();
    if (!feed || !first) {
      EXPECT_EQ(feed ? first.error() : feed.error(), errc::file_error);
      ++failed;
    }
    g.disk.clear_faults();
    if (!feed) feed = t.changes({.from = change_start::oldest});
    ASSERT_TRUE(feed);
    std::map<std::string, int> told;
    EXPECT_EQ(follow(*feed, told), first && !first->empty() ? 4 : 5);
    EXPECT_EQ(told, model_of(t));
  }
  EXPECT_GT(failed, 1);
}

TEST(PastChanges, PositionsOfOtherFilesAndForgedOnesAreLost) {
  ages_ground g(keeping::through);
  auto t = g.open();
  ASSERT_TRUE(t.insert("a", 1));
  const auto own = t.snapshot().position();
  ages_ground other(keeping::through);
  for (int i = 0; i < 10; ++i) (void)other.disk.random();
  auto u = other.open();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(u.insert("a", i));
  EXPECT_TRUE(refuses(t.changes({.from = kept(u.snapshot().position())}), errc::cursor_lost));
  t.abandon();
  t = g.open();
  const auto forged = {position{},
                       position{.run = own.run ^ 1, .version = own.version},
                       position{.run = own.run + (std::uint64_t{40} << 32), .version = 1},
                       position{.run = own.run, .version = own.version + 1000},
                       position{.run = own.run, .version = ~std::uint64_t{0}},
                       position{.run = ~std::uint64_t{0}, .version = ~std::uint64_t{0}}};
  for (const auto& p : forged) {
    EXPECT_TRUE(refuses(t.changes({.from = p}), errc::cursor_lost)) << p.to_string();
  }
  EXPECT_TRUE(t.changes({.from = own}));
}

TEST(PastChanges, RecoverKeepsThePositionsOfThisOpening) {
  ages_ground g(keeping::durable);
  auto t = g.open();
  ASSERT_TRUE(t.insert("a", 1));
  auto model = model_of(t);
  const auto from = t.snapshot().position();
  g.disk.inject({.kind = simulation::call::sync_data, .error = EIO});
  ASSERT_FALSE(t.insert("b", 2));
  ASSERT_TRUE(t.recover());
  ASSERT_TRUE(t.insert("c", 3));
  auto feed = or_throw(t.changes({.from = from}));
  follow(feed, model);
  EXPECT_EQ(model, model_of(t));
  const auto later = kept(feed.position());
  g.reopen(t);
  ASSERT_TRUE(t.insert("d", 4));
  auto again = or_throw(t.changes({.from = later}));
  EXPECT_EQ(follow(again, model), 1);
  EXPECT_EQ(model, model_of(t));
}

TEST(PastChanges, APositionToldBehindRecoverCountsAfterARestart) {
  ages_ground g(keeping::durable);
  auto t = g.open();
  ASSERT_TRUE(t.insert("a", 1));
  g.disk.inject({.kind = simulation::call::sync_data, .error = EIO});
  ASSERT_FALSE(t.insert("b", 2));
  auto feed = or_throw(t.changes());
  ASSERT_TRUE(t.recover());
  const auto told = kept(feed.position());
  const auto shown = kept(t.snapshot().position());
  EXPECT_EQ(told, shown);
  g.reopen(t);
  ASSERT_TRUE(t.insert("c", 3));
  auto again = or_throw(t.changes({.from = told}));
  EXPECT_EQ(or_throw(again.next()).changes.size(), 1u);
}

TEST(PastChanges, ABagTellsTheErasureOfAKeyAsOneChangeWithoutValues) {
  ground<kind::bag, std::string, int> g(keeping::through);
  auto t = g.open();
  ASSERT_TRUE(t.insert_range({{"a", 1}, {"a", 2}}));
  ASSERT_TRUE(t.erase("a", 1));
  ASSERT_TRUE(t.erase("a"));
  g.reopen(t);
  auto feed = or_throw(t.changes({.from = change_start::oldest}));
  EXPECT_EQ(or_throw(feed.next()).changes.size(), 2u);
  const auto one = or_throw(feed.next());
  ASSERT_EQ(one.changes.size(), 1u);
  EXPECT_EQ(one.changes[0].before, 1);
  const auto all = or_throw(feed.next());
  ASSERT_EQ(all.changes.size(), 1u);
  EXPECT_FALSE(all.changes[0].before || all.changes[0].after);
}

TEST(PastChanges, ADatabaseContinuesWithTablesInMemoryBesides) {
  bank b;
  ASSERT_TRUE(b.accounts.insert("alice", 1));
  auto scratch = or_throw(b.db.table<visits_table>("scratch", {.storage = storage::memory}));
  const auto from = kept(b.db.snapshot().position());
  ASSERT_TRUE(scratch.insert("x", 1));
  const auto between = kept(b.db.snapshot().position());
  ASSERT_TRUE(b.accounts.insert("bob", 2));
  ASSERT_TRUE(b.db.close());
  b.db = b.open(declare<accounts_table>("accounts"), declare<visits_table>("visits"));
  b.accounts = or_throw(b.db.table<accounts_table>("accounts"));
  for (const auto& p : {from, between}) {
    auto feed = or_throw(b.accounts.changes({.from = p}));
    const auto batch = or_throw(feed.next());
    ASSERT_EQ(batch.changes.size(), 1u) << p.to_string();
    EXPECT_EQ(batch.changes[0].key, "bob");
    EXPECT_TRUE(or_throw(feed.next()).empty());
  }
}

TEST(PastChanges, WhatAFileTellsMakesTheTableInEveryKind) {
  ground<kind::ordered_set, int, int> g(keeping::through);
  auto t = g.open();
  unsigned drawn = 7;
  for (int i = 0; i < 1000; ++i) {
    drawn = drawn * 1664525 + 1013904223;
    const int key = static_cast<int>(drawn >> 16) % 60;
    if (drawn % 199 == 0) {
      ASSERT_TRUE(t.clear());
    } else if (drawn % 3 == 0) {
      ASSERT_TRUE(t.erase(key));
    } else {
      ASSERT_TRUE(t.insert(key, i));
    }
    if (i % 100 == 99) g.reopen(t);
  }
  std::map<int, int> told;
  auto feed = or_throw(t.changes({.from = change_start::oldest}));
  follow(feed, told);
  EXPECT_EQ(told, model_of(t));
}

}  // namespace
}  // namespace shelf::suite
