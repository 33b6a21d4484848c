// SUITE  every verb over every kind, write mode and store
// Followers: tables opened to read, which show what another opening writes, batch by batch.
#include "shelf/changes.hpp"
#include "shelf/database_changes.hpp"
#include "suite/database_ground.hpp"
#include "suite/feeds.hpp"
#include "suite/ground.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>

namespace shelf::suite {
namespace {

using namespace std::chrono_literals;

using ages_ground = ground<kind::set, std::string, int>;
using ages = ages_ground::table;

ages reader_of(ages_ground& g) {
  auto c = g.config();
  c.opening = opening::read_only;
  return or_throw(ages::open(std::move(c)));
}

TEST(Followers, CatchUpShowsWhatWasWrittenSince) {
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    ages_ground g(how);
    auto t = g.open();
    ASSERT_TRUE(t.insert("a", 1));
    ASSERT_TRUE(t.save());
    auto r = reader_of(g);
    EXPECT_EQ(or_throw(r.catch_up()), 0u);
    ASSERT_TRUE(t.insert("b", 2));
    ASSERT_TRUE(t.erase("a"));
    ASSERT_TRUE(t.save());
    EXPECT_EQ(r.lookup("a"), 1) << "not before it is asked to";
    EXPECT_GE(or_throw(r.catch_up()), 1u);
    EXPECT_EQ(model_of(r), model_of(t));
    EXPECT_EQ(r.snapshot().position(), t.snapshot().position());
    EXPECT_EQ(or_throw(r.catch_up()), 0u);
    ASSERT_TRUE(t.clear());
    ASSERT_TRUE(t.insert("c", 3));
    ASSERT_TRUE(t.close());
    ASSERT_TRUE(r.catch_up());
    EXPECT_EQ(model_of(r), (std::map<std::string, int>{{"c", 3}}));
    t = g.open();
    ASSERT_TRUE(t.insert("d", 4));
    ASSERT_TRUE(t.save());
    ASSERT_TRUE(r.catch_up());
    EXPECT_EQ(model_of(r), model_of(t));
    EXPECT_EQ(r.snapshot().position(), t.snapshot().position());
  }
}

TEST(Followers, FeedsAndWatchesTellWhatTheWriterDoes) {
  ages_ground g(keeping::through);
  auto t = g.open();
  ASSERT_TRUE(t.insert("a", 1));
  auto r = reader_of(g);
  auto feed = or_throw(r.changes({.before = true}));
  auto watch = or_throw(r.watch("a"));
  EXPECT_EQ(or_throw(watch.wait(0s)), 1);
  shelf::batch<std::string, int> b;
  b.insert("a", 2);
  b.insert("b", 3);
  ASSERT_TRUE(t.write(b));
  ASSERT_TRUE(t.erase("b"));
  ASSERT_TRUE(r.catch_up());
  const auto first = or_throw(feed.next());
  ASSERT_EQ(first.changes.size(), 2u);
  EXPECT_EQ(first.changes[0].before, 1);
  EXPECT_EQ(first.changes[0].after, 2);
  const auto second = or_throw(feed.next());
  ASSERT_EQ(second.changes.size(), 1u);
  EXPECT_EQ(second.changes[0].before, 3);
  EXPECT_TRUE(or_throw(feed.next()).empty());
  EXPECT_EQ(or_throw(watch.wait(0s)), 2);
  EXPECT_EQ(feed.position(), t.snapshot().position());
}

TEST(Followers, APositionOfTheWriterIsOneOfTheFollowerAndTheOtherWayRound) {
  ages_ground g(keeping::through);
  auto t = g.open();
  const auto from = kept(t.snapshot().position());
  ASSERT_TRUE(t.insert("a", 1));
  auto r = reader_of(g);
  ASSERT_TRUE(t.insert("b", 2));
  ASSERT_TRUE(r.catch_up());
  auto feed = or_throw(r.changes({.from = from, .level = change_level::written}));
  std::map<std::string, int> told;
  EXPECT_EQ(follow(feed, told), 2);
  ASSERT_TRUE(t.insert("c", 3));
  auto again = or_throw(t.changes({.from = feed.position()}));
  EXPECT_EQ(follow(again, told), 1);
  EXPECT_EQ(told, model_of(t));
}

TEST(Followers, WhatIsInTheFileAndWhatIsFollowedIsToldOnce) {
  ages_ground g(keeping::through);
  auto t = g.open();
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(t.insert("a", i));
    if (i % 10 == 9) g.reopen(t);
  }
  auto r = reader_of(g);
  auto feed = or_throw(r.changes({.from = change_start::oldest}));
  for (int i = 30; i < 40; ++i) ASSERT_TRUE(t.insert("a", i));
  ASSERT_TRUE(r.catch_up());
  std::map<std::string, int> told;
  EXPECT_EQ(follow(feed, told), 40);
  for (int i = 40; i < 50; ++i) ASSERT_TRUE(t.insert("a", i));
  ASSERT_TRUE(r.catch_up());
  EXPECT_EQ(follow(feed, told), 10);
  EXPECT_EQ(told, model_of(t));
}

TEST(Followers, ADurableFeedOfAFollowerSyncsWhatItTells) {
  ages_ground g(keeping::through);
  auto t = g.open();
  auto r = reader_of(g);
  auto feed = or_throw(r.changes({.level = change_level::durable}));
  ASSERT_TRUE(t.insert("a", 1));
  ASSERT_TRUE(r.catch_up());
  const auto b = or_throw(feed.next());
  ASSERT_EQ(b.changes.size(), 1u);
  EXPECT_EQ(*g.disk.read_durable(path), *g.disk.read_all(path)) << "no power failure takes it";
}

TEST(Followers, ACompactionThatDropsWhatTheyHaveNotSeenIsAReset) {
  for (const auto how : at_once) {
    SCOPED_TRACE(to_string(how));
    ages_ground g(how);
    auto t = g.open();
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(t.insert("a", i));
    auto r = reader_of(g);
    auto feed = or_throw(r.changes());
    ASSERT_TRUE(t.insert("a", 10));
    ASSERT_TRUE(t.compact());
    ASSERT_TRUE(t.insert("b", 1));
    ASSERT_TRUE(r.catch_up());
    EXPECT_EQ(or_throw(feed.next()).event, table_event::reset);
    EXPECT_EQ(model_of(r), model_of(t));
    EXPECT_EQ(r.snapshot().position(), t.snapshot().position());
    ASSERT_TRUE(t.insert("c", 1));
    ASSERT_TRUE(r.catch_up());
    EXPECT_EQ(or_throw(feed.next()).changes.size(), 1u);
  }
}

TEST(Followers, ACompactionOfWhatTheyHaveSeenIsNoReset) {
  for (const auto how : at_once) {
    SCOPED_TRACE(to_string(how));
    ages_ground g(how);
    auto t = g.open();
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(t.insert("a", i));
    auto r = reader_of(g);
    auto feed = or_throw(r.changes({.before = true}));
    ASSERT_TRUE(t.compact());
    EXPECT_EQ(or_throw(r.catch_up()), 0u);
    ASSERT_TRUE(t.insert("a", 10));
    ASSERT_TRUE(t.insert("b", 1));
    EXPECT_EQ(or_throw(r.catch_up()), 2u);
    const auto first = or_throw(feed.next());
    EXPECT_EQ(first.event, table_event::none);
    ASSERT_EQ(first.changes.size(), 1u);
    EXPECT_EQ(first.changes[0].before, 9);
    EXPECT_EQ(or_throw(feed.next()).changes.size(), 1u);
    EXPECT_EQ(model_of(r), model_of(t));
    EXPECT_EQ(r.snapshot().position(), t.snapshot().position());
  }
}

TEST(Followers, WithHistoryEachChangeIsToldOverACompaction) {
  for (const auto level : {change_level::written, change_level::durable}) {
    ages_ground g(keeping::through);
    auto c = g.config();
    c.history = {.bytes = 1 << 20, .before = true};
    auto t = or_throw(ages::open(std::move(c)));
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(t.insert("a", i));
    auto r = reader_of(g);
    auto feed = or_throw(r.changes({.level = level}));
    ASSERT_TRUE(t.insert("a", 10));
    ASSERT_TRUE(t.clear());
    ASSERT_TRUE(t.insert("b", 11, expiry::in(1h)));
    ASSERT_TRUE(t.compact());
    ASSERT_TRUE(t.touch("b", expiry::in(2h)));
    ASSERT_TRUE(t.compact());
    ASSERT_TRUE(t.insert("c", 12));
    ASSERT_TRUE(r.catch_up());
    EXPECT_EQ(or_throw(feed.next()).changes.at(0).after, 10);
    EXPECT_EQ(or_throw(feed.next()).event, table_event::cleared);
    EXPECT_EQ(or_throw(feed.next()).changes.at(0).after, 11);
    EXPECT_EQ(or_throw(feed.next()).changes.at(0).after, 12);
    EXPECT_TRUE(or_throw(feed.next()).empty());
    EXPECT_EQ(model_of(r), model_of(t));
    EXPECT_EQ(or_throw(r.expires_at("b")), or_throw(t.expires_at("b")));
    EXPECT_EQ(r.snapshot().position(), t.snapshot().position());
  }
}

TEST(Followers, AFeedInThePastGoesOnInTheFileOfACompaction) {
  ages_ground g(keeping::through);
  auto c = g.config();
  c.history = {.bytes = 1 << 20};
  auto t = or_throw(ages::open(std::move(c)));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(t.insert("a", i));
  auto r = reader_of(g);
  auto feed = or_throw(r.changes({.from = change_start::oldest}));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(or_throw(feed.next()).changes.at(0).after, i);
  for (int i = 10; i < 15; ++i) ASSERT_TRUE(t.insert("a", i));
  ASSERT_TRUE(t.compact());
  for (int i = 15; i < 20; ++i) ASSERT_TRUE(t.insert("a", i));
  ASSERT_TRUE(r.catch_up());
  for (int i = 5; i < 20; ++i) EXPECT_EQ(or_throw(feed.next()).changes.at(0).after, i);
  EXPECT_TRUE(or_throw(feed.next()).empty());
}

TEST(Followers, RecoverIsAResetAndWhatWasNotAcknowledgedIsGone) {
  ages_ground g(keeping::durable);
  auto t = g.open();
  ASSERT_TRUE(t.insert("a", 1));
  auto r = reader_of(g);
  g.disk.inject({.kind = simulation::call::sync_data, .error = EIO});
  ASSERT_FALSE(t.insert("b", 2));
  ASSERT_TRUE(r.catch_up());  // it is in the file, whatever becomes of it
  ASSERT_TRUE(t.recover());
  ASSERT_TRUE(r.catch_up());
  EXPECT_EQ(model_of(r), model_of(t));
}

TEST(Followers, ARolledBackFileIsNoticed) {
  ages_ground g(keeping::through);
  auto t = g.open();
  ASSERT_TRUE(t.insert("a", 1));
  const auto before = *g.disk.read_all(path);
  ASSERT_TRUE(t.insert("b", 2));
  auto r = reader_of(g);
  t.abandon();
  g.disk.put(path, before);
  t = g.open();
  ASSERT_TRUE(t.insert("c", 3));
  ASSERT_TRUE(r.catch_up());
  EXPECT_EQ(model_of(r), model_of(t));
}

TEST(Followers, ATableThatTheWriterCreatesIsSeen) {
  bank b;
  auto c = b.config();
  c.opening = opening::read_only;
  auto r = or_throw(database::open(std::move(c), declare<accounts_table>("accounts")));
  auto more = or_throw(b.db.table<tags_table>("tags"));
  ASSERT_TRUE(more.insert("a", 1));
  ASSERT_TRUE(b.accounts.insert("alice", 1));
  ASSERT_TRUE(r.catch_up());
  EXPECT_EQ(or_throw(r.table<tags_table>("tags")).size(), 1u);
  EXPECT_EQ(or_throw(r.table<accounts_table>("accounts")).lookup("alice"), 1);
}

TEST(Followers, ATransactionIsSeenWholeOrNotAtAll) {
  bank b;
  auto c = b.config();
  c.opening = opening::read_only;
  auto r = or_throw(database::open(std::move(c), declare<accounts_table>("accounts"),
                                   declare<visits_table>("visits")));
  auto feed = or_throw(r.changes());
  ASSERT_TRUE(b.db.transact([&](transaction& tx) -> result<> {
    if (auto done = tx(b.accounts).insert("alice", 10); !done) return done;
    return tx(b.visits).insert("alice", 1);
  }));
  EXPECT_EQ(or_throw(r.catch_up()), 1u);
  auto accounts = or_throw(r.table<accounts_table>("accounts"));
  EXPECT_TRUE(or_throw(feed.next()).touches(accounts));
  EXPECT_TRUE(or_throw(feed.next()).empty());
}

TEST(Followers, DeadlinesAreFollowed) {
  ages_ground g(keeping::through);
  auto t = g.open();
  ASSERT_TRUE(t.insert("a", 1, expiry::in(1h)));
  auto r = reader_of(g);
  ASSERT_TRUE(t.touch("a", expiry::in(2h)));
  ASSERT_TRUE(t.insert("b", 2, expiry::in(3h)));
  ASSERT_TRUE(r.catch_up());
  EXPECT_EQ(or_throw(r.expires_at("a")), or_throw(t.expires_at("a")));
  EXPECT_EQ(or_throw(r.expires_at("b")), or_throw(t.expires_at("b")));
}

TEST(Followers, EntriesOfOtherTypesAreRefusedAndTheTableStaysAsItWas) {
  ages_ground g(keeping::through);
  auto t = g.open();
  ASSERT_TRUE(t.insert("a", 1));
  auto c = g.config();
  c.opening = opening::read_only;
  c.check = [](const std::string&, const int& age) { return age < 100; };
  auto r = or_throw(ages::open(std::move(c)));
  ASSERT_TRUE(t.insert("b", 200));
  EXPECT_TRUE(refuses(r.catch_up(), errc::type_mismatch, {"config.check"}));
  EXPECT_EQ(model_of(r), (std::map<std::string, int>{{"a", 1}}));
}

TEST(Followers, OnlyReadersCatchUp) {
  ages_ground g(keeping::through);
  auto t = g.open();
  EXPECT_EQ(t.catch_up().error(), errc::invalid_argument);
  EXPECT_EQ(ages::in_memory().catch_up().error(), errc::invalid_argument);
  auto r = reader_of(g);
  ASSERT_TRUE(r.close());
  EXPECT_EQ(r.catch_up().error(), errc::table_closed);
}

TEST(Followers, AFileThatIsGoneIsAnErrorAndWhatWasReadStays) {
  ages_ground g(keeping::through);
  auto t = g.open();
  ASSERT_TRUE(t.insert("a", 1));
  auto r = reader_of(g);
  t.abandon();
  g.disk.remove(path);
  EXPECT_EQ(r.catch_up().error(), errc::not_found);
  EXPECT_EQ(r.lookup("a"), 1);
}

TEST(Followers, ACallThatFailsIsAnErrorAndTheNextLookSucceeds) {
  for (const bool compacts : {false, true}) {
    int failed = 0;
    for (std::uint64_t nth = 1; nth < 40; ++nth) {
      ages_ground g(keeping::through);
      auto c = g.config();
      c.history = {.bytes = 1 << 20};
      auto t = or_throw(ages::open(std::move(c)));
      ASSERT_TRUE(t.insert("a", 1));
      auto r = reader_of(g);
      auto feed = or_throw(r.changes());
      ASSERT_TRUE(t.insert("b", 2));
      if (compacts) {
        ASSERT_TRUE(t.compact());
      }
      ASSERT_TRUE(t.insert("c", 3));
      g.disk.inject({.nth = nth, .error = EIO});
      const auto came = r.catch_up();
      if (!came) {
        EXPECT_EQ(came.error(), errc::file_error) << came.error();
        ++failed;
      }
      g.disk.clear_faults();
      ASSERT_TRUE(r.catch_up());
      EXPECT_EQ(model_of(r), model_of(t));
      std::map<std::string, int> told;
      EXPECT_EQ(follow(feed, told), 2) << "each batch once, at call " << nth;
    }
    EXPECT_GT(failed, 3);
  }
}

/// Returns how many resets a feed told.
int follow_a_long_life(const history& kept_changes) {
  ground<kind::ordered_set, int, int> g(keeping::through);
  using table = decltype(g)::table;
  const auto open = [&] {
    auto c = g.config();
    c.history = kept_changes;
    return or_throw(table::open(std::move(c)));
  };
  auto t = open();
  auto c = g.config();
  c.opening = opening::read_only;
  auto r = or_throw(table::open(std::move(c)));
  auto feed = or_throw(r.changes());
  int resets = 0;
  std::map<int, int> told;
  unsigned drawn = 11;
  for (int i = 0; i < 1500; ++i) {
    drawn = drawn * 1664525 + 1013904223;
    const int key = static_cast<int>(drawn >> 16) % 60;
    if (drawn % 199 == 0) {
      EXPECT_TRUE(t.clear());
    } else if (drawn % 3 == 0) {
      EXPECT_TRUE(t.erase(key));
    } else {
      EXPECT_TRUE(t.insert(key, i));
    }
    if (drawn % 301 == 0) {
      EXPECT_TRUE(t.compact());
    }
    if (drawn % 97 == 0) {
      EXPECT_TRUE(t.close());
      t = open();
    }
    if (drawn % 7 != 0) continue;
    EXPECT_TRUE(r.catch_up());
    EXPECT_EQ(model_of(r), model_of(t)) << i;
    EXPECT_EQ(r.snapshot().position(), t.snapshot().position()) << i;
    for (auto b = or_throw(feed.next()); !b.empty(); b = or_throw(feed.next())) {
      const bool is_reset = b.event == table_event::reset;
      is_reset ? void(told = model_of(r)) : take_in(b, told);
      if (is_reset) ++resets;
    }
    EXPECT_EQ(told, model_of(t)) << i;
    if (::testing::Test::HasFailure()) break;
  }
  return resets;
}

TEST(Followers, EveryBatchOfALongLifeIsFollowed) {
  EXPECT_GT(follow_a_long_life({}), 0);
  EXPECT_EQ(follow_a_long_life({.bytes = 1 << 20}), 0) << "history has all that was not seen";
}

}  // namespace
}  // namespace shelf::suite
