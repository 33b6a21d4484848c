// SUITE  every verb over every kind, write mode and store
// History: what compaction keeps, for how long, and what feeds read of it.
#include "journal/file_header.hpp"
#include "shelf/database_changes.hpp"
#include "shelf/upkeep.hpp"
#include "suite/database_ground.hpp"
#include "suite/feeds.hpp"
#include "suite/ground.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace shelf::suite {
namespace {

using namespace std::chrono_literals;

using ages_ground = ground<kind::set, std::string, int>;
using ages = ages_ground::table;

ages open_with(ages_ground& g, const history& kept) {
  auto c = g.config();
  c.history = kept;
  return or_throw(ages::open(std::move(c)));
}

bool has_history(const ages_ground& g) {
  const auto all = *g.disk.read_all(path);
  return journal::decode_header(bytes(all).first(8192), path)->history;
}

TEST(History, PositionsBeforeACompactionStayAndTheirChangesAreToldOnce) {
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    ages_ground g(how);
    auto t = open_with(g, {.bytes = 1 << 20});
    ASSERT_TRUE(t.insert("a", 1));
    ASSERT_TRUE(t.save());
    auto model = model_of(t);
    const auto from = kept(t.snapshot().position());
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(t.insert(std::to_string(i), i));
      ASSERT_TRUE(t.save());
    }
    ASSERT_TRUE(t.compact());
    ASSERT_TRUE(t.erase("a"));
    ASSERT_TRUE(t.save());
    ASSERT_TRUE(t.compact());
    ASSERT_TRUE(t.insert("z", 26));
    ASSERT_TRUE(t.save());
    ASSERT_TRUE(t.close());
    t = open_with(g, {.bytes = 1 << 20});
    auto feed = or_throw(t.changes({.from = from}));
    EXPECT_EQ(follow(feed, model), 12);
    EXPECT_EQ(model, model_of(t));
    EXPECT_TRUE(has_history(g));
    EXPECT_GT(or_throw(t.stats()).history_bytes, 0u);
  }
}

TEST(History, AFileWithoutItHasNoBitAndAfterACompactionWithoutItNoneAgain) {
  ages_ground g(keeping::through);
  auto t = g.open();
  ASSERT_TRUE(t.insert("a", 1));
  ASSERT_TRUE(t.compact());
  EXPECT_FALSE(has_history(g));
  ASSERT_TRUE(t.close());
  t = open_with(g, {.age = 1h});
  EXPECT_FALSE(has_history(g)) << "nothing was written yet";
  ASSERT_TRUE(t.insert("a", 2));
  EXPECT_TRUE(has_history(g));
  ASSERT_TRUE(t.close());
  g.reopen(t = g.open());
  ASSERT_TRUE(t.insert("a", 3));
  EXPECT_TRUE(has_history(g));
  ASSERT_TRUE(t.compact());
  EXPECT_FALSE(has_history(g));
  EXPECT_EQ(t.lookup("a"), 3);
}

TEST(History, NoMoreBytesAreKeptThanAsked) {
  ages_ground g(keeping::through);
  auto t = open_with(g, {.bytes = 1000});
  std::vector<position> all;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(t.insert("a", i));
    all.push_back(t.snapshot().position());
  }
  ASSERT_TRUE(t.compact());
  ASSERT_TRUE(t.close());
  t = open_with(g, {.bytes = 1000});
  int found = 0;
  for (const auto& p : all) found += t.changes({.from = p}) ? 1 : 0;
  EXPECT_GT(found, 5);
  EXPECT_LT(found, 1000 / 56 + 2) << "frames of 56 bytes";
  auto feed = or_throw(t.changes({.from = change_start::oldest}));
  std::map<std::string, int> told;
  EXPECT_EQ(follow(feed, told), found - 1);
  EXPECT_LE(or_throw(t.stats()).history_bytes, 1000u);
}

TEST(History, AgeKeepsWhatIsYoungEnough) {
  ages_ground g(keeping::through);
  auto t = open_with(g, {.age = 1h});
  ASSERT_TRUE(t.insert("old", 1));
  const auto old = t.snapshot().position();
  ASSERT_TRUE(t.insert("old", 2));
  g.disk.advance(50min);
  ASSERT_TRUE(t.insert("young", 1));
  const auto young = t.snapshot().position();
  ASSERT_TRUE(t.insert("young", 2));
  ASSERT_TRUE(t.compact());
  EXPECT_TRUE(t.changes({.from = old})) << "both are within the hour";
  g.disk.advance(20min);
  ASSERT_TRUE(t.compact());
  ASSERT_TRUE(t.close());
  t = open_with(g, {.age = 1h});
  EXPECT_EQ(t.changes({.from = old}).error(), errc::cursor_lost);
  auto feed = or_throw(t.changes({.from = young}));
  std::map<std::string, int> told;
  EXPECT_EQ(follow(feed, told), 1);
  g.disk.advance(2h);
  EXPECT_EQ(or_throw(t.stats()).history_bytes, 0u);
  ASSERT_TRUE(t.compact());
  EXPECT_EQ(model_of(t), (std::map<std::string, int>{{"old", 2}, {"young", 2}}));
}

TEST(History, AClockThatIsSetBackLosesNothing) {
  ages_ground g(keeping::through);
  auto t = open_with(g, {.age = 1h});
  ASSERT_TRUE(t.insert("a", 1));
  const auto from = t.snapshot().position();
  g.disk.advance(-20min);
  ASSERT_TRUE(t.insert("a", 2));
  ASSERT_TRUE(t.compact());
  ASSERT_TRUE(t.close());
  t = open_with(g, {.age = 1h});
  EXPECT_TRUE(t.changes({.from = from}));
}

TEST(History, RetainedChangesAreNoGarbageSoThatTheFileIsNotCompactedForEver) {
  ages_ground g(keeping::through);
  auto c = g.config();
  c.history = {.bytes = 100'000};
  c.compaction = {.min_bytes = 20'000, .close_min_bytes = 20'000};
  auto t = or_throw(ages::open(std::move(c)));
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(t.insert("a", i));
  EXPECT_LT(or_throw(t.stats()).garbage_bytes, 10'000u);
  const auto before = g.disk.read_all(path)->size();
  ASSERT_TRUE(t.close());
  EXPECT_GE(g.disk.read_all(path)->size(), before);
}

TEST(History, HistoryThatDoesNotFitTheDiskLeavesTheOldFile) {
  ages_ground g(keeping::through);
  auto t = open_with(g, {.bytes = std::uint64_t{1} << 60});
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(t.insert("a", i));
  const auto from = t.snapshot().position();
  g.disk.inject({.kind = simulation::call::write, .nth = 3, .error = ENOSPC});
  EXPECT_EQ(t.compact().error(), errc::no_space);
  g.disk.clear_faults();
  ASSERT_TRUE(t.insert("a", 100));
  ASSERT_TRUE(t.compact());
  EXPECT_TRUE(t.changes({.from = from}));
  EXPECT_EQ(t.lookup("a"), 100);
}

TEST(History, BeforeTellsWhatWasReplacedAlsoFromTheFile) {
  ages_ground g(keeping::through);
  auto t = open_with(g, {.bytes = 1 << 20, .before = true});
  ASSERT_TRUE(t.insert("a", 1));
  ASSERT_TRUE(t.insert("a", 2));
  ASSERT_TRUE(t.insert("a", 2));
  ASSERT_TRUE(t.erase("a"));
  ASSERT_TRUE(t.compact());
  ASSERT_TRUE(t.insert("b", 7));
  ASSERT_TRUE(t.update("b", [](int n) { return n + 1; }));
  ASSERT_TRUE(t.close());
  t = open_with(g, {});
  auto feed = or_throw(t.changes({.from = change_start::oldest, .before = true}));
  std::vector<std::pair<std::optional<int>, std::optional<int>>> told;
  for (auto b = or_throw(feed.next()); !b.empty(); b = or_throw(feed.next())) {
    for (const auto& c : b.changes) told.emplace_back(c.before, c.after);
  }
  EXPECT_EQ(told, (decltype(told){
                      {std::nullopt, 1}, {1, 2}, {2, std::nullopt}, {std::nullopt, 7}, {7, 8}}));
  auto plain = or_throw(t.changes({.from = change_start::oldest}));
  EXPECT_EQ(or_throw(plain.next()).changes.size(), 1u);
  EXPECT_FALSE(or_throw(plain.next()).changes[0].before) << "not asked for";
  EXPECT_EQ(model_of(t), (std::map<std::string, int>{{"b", 8}}));
}

TEST(History, BeforeNamesTheValuesOfABagsKeyThatIsErased) {
  ground<kind::bag, std::string, int> g(keeping::durable);
  auto c = g.config();
  c.history = {.before = true};
  auto t = or_throw(decltype(g)::table::open(std::move(c)));
  ASSERT_TRUE(t.insert_range({{"a", 1}, {"a", 2}}));
  ASSERT_TRUE(t.erase("a"));
  ASSERT_TRUE(t.insert("a", 3));
  g.reopen(t);
  auto feed = or_throw(t.changes({.from = change_start::oldest}));
  ASSERT_TRUE(feed.next());
  const auto gone = or_throw(feed.next());
  ASSERT_EQ(gone.changes.size(), 2u);
  EXPECT_EQ(gone.changes[0].before, 1);
  EXPECT_EQ(gone.changes[1].before, 2);
  EXPECT_EQ(contents(t), (std::vector<std::pair<std::string, int>>{{"a", 3}}));
}

TEST(History, HistoryAboutDeadlinesIsKeptWhenNoEntryHasOneAnyMore) {
  ages_ground g(keeping::through);
  auto t = open_with(g, {.bytes = 1 << 20});
  ASSERT_TRUE(t.insert("a", 1, expiry::in(1h)));
  ASSERT_TRUE(t.touch("a", expiry::in(2h)));
  ASSERT_TRUE(t.erase("a"));
  ASSERT_TRUE(t.compact());
  ASSERT_TRUE(t.close());
  t = open_with(g, {.bytes = 1 << 20});
  std::map<std::string, int> told;
  auto feed = or_throw(t.changes({.from = change_start::oldest}));
  EXPECT_EQ(follow(feed, told), 2) << "a new deadline is no new value";
  ASSERT_TRUE(t.insert("b", 1, expiry::in(1h)));
  ASSERT_TRUE(t.touch("b", expiry::in(2h)));
  EXPECT_EQ(follow(feed, told), 1) << "out of memory as well";
  told.clear();
}

TEST(History, WhatExpiredIsToldAsExpiredOutOfMemoryAndOutOfTheFile) {
  ages_ground g(keeping::through);
  auto t = open_with(g, {.bytes = 1 << 20});
  auto live = or_throw(t.changes());
  ASSERT_TRUE(t.insert("a", 1, expiry::in(1ms)));
  g.disk.advance(1h);
  ASSERT_EQ(or_throw(t.purge_expired()), 1u);
  ASSERT_TRUE(t.compact());
  const auto last_cause = [](auto& feed) {
    auto cause = change_cause::user;
    for (auto b = or_throw(feed.next()); !b.empty(); b = or_throw(feed.next())) {
      cause = b.changes.back().cause;
    }
    return cause;
  };
  EXPECT_EQ(last_cause(live), change_cause::expired);
  ASSERT_TRUE(t.close());
  t = open_with(g, {.bytes = 1 << 20});
  auto past = or_throw(t.changes({.from = change_start::oldest}));
  EXPECT_EQ(last_cause(past), change_cause::expired);
}

TEST(History, OptionsThatMakeNoSenseAreRefused) {
  ages_ground g(keeping::back);
  auto c = g.config();
  c.history = {.before = true};
  EXPECT_TRUE(refuses(ages::open(std::move(c)), errc::invalid_argument, {"history.before"}));
  c = g.config();
  c.history = {.age = -1h};
  EXPECT_TRUE(refuses(ages::open(std::move(c)), errc::invalid_argument, {"age"}));
  c = g.config();
  c.follow = 1s;
  EXPECT_TRUE(refuses(ages::open(std::move(c)), errc::invalid_argument, {"follow"}));
  c = g.config();
  c.format = file_format::dets;
  c.history = {.bytes = 1};
  EXPECT_TRUE(refuses(ages::open(std::move(c)), errc::invalid_argument, {"DETS"}));
}

TEST(History, AnEmptyTableWithHistoryIsCompactedAndOpens) {
  ages_ground g(keeping::through);
  auto t = open_with(g, {.bytes = 1 << 20});
  ASSERT_TRUE(t.insert("a", 1));
  ASSERT_TRUE(t.erase("a"));
  ASSERT_TRUE(t.compact());
  ASSERT_TRUE(t.close());
  t = open_with(g, {.bytes = 1 << 20});
  EXPECT_EQ(t.size(), 0u);
  auto feed = or_throw(t.changes({.from = change_start::oldest}));
  std::map<std::string, int> told;
  EXPECT_EQ(follow(feed, told), 2);
}

TEST(History, CheckCopyDescribeAndSalvageReadAFileWithHistory) {
  ages_ground g(keeping::through);
  auto t = open_with(g, {.bytes = 1 << 20, .before = true});
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(t.insert(std::to_string(i % 5), i));
  ASSERT_TRUE(t.compact());
  ASSERT_TRUE(t.insert("x", 1));
  const auto all = model_of(t);
  ASSERT_TRUE(t.close());
  const path_options on{.system = &g.disk};
  EXPECT_EQ(or_throw(check(path, on)).entries, all.size());
  EXPECT_TRUE(describe(path, on));
  ASSERT_TRUE(copy(path, "copy.shelf", on));
  EXPECT_EQ(or_throw(check("copy.shelf", on)).entries, all.size());
  ASSERT_TRUE(salvage(path, "saved.shelf", {.where = on}));
  for (const auto* made : {"copy.shelf", "saved.shelf"}) {
    auto c = g.config();
    c.path = made;
    EXPECT_EQ(model_of(or_throw(ages::open(std::move(c)))), all) << made;
  }
}

TEST(History, FeedsOfADatabaseReadTransactionsAsOneBatch) {
  bank b;
  ASSERT_TRUE(b.db.close());
  auto c = b.config();
  c.history = {.bytes = 1 << 20};
  b.db = or_throw(database::open(std::move(c), declare<accounts_table>("accounts"),
                                 declare<visits_table>("visits")));
  b.accounts = or_throw(b.db.table<accounts_table>("accounts"));
  b.visits = or_throw(b.db.table<visits_table>("visits"));
  const auto from = b.db.snapshot().position();
  ASSERT_TRUE(b.db.transact([&](transaction& tx) -> result<> {
    if (auto done = tx(b.accounts).insert("alice", 10); !done) return done;
    return tx(b.visits).insert("alice", 1);
  }));
  ASSERT_TRUE(b.db.compact());
  ASSERT_TRUE(b.db.close());
  b.db = b.open(declare<accounts_table>("accounts"), declare<visits_table>("visits"));
  b.accounts = or_throw(b.db.table<accounts_table>("accounts"));
  b.visits = or_throw(b.db.table<visits_table>("visits"));
  auto feed = or_throw(b.db.changes({.from = from}));
  const auto batch = or_throw(feed.next());
  EXPECT_TRUE(batch.touches(b.accounts));
  EXPECT_TRUE(batch.touches(b.visits));
  EXPECT_TRUE(or_throw(feed.next()).empty());
}

}  // namespace
}  // namespace shelf::suite
