// SUITE  every verb over every kind, write mode and store
// Entries that expire in transactions and databases.
#include "suite/database_ground.hpp"
#include "suite/expiry_ground.hpp"

namespace shelf::suite {
namespace {

/// A database of two tables, the first of which has a time to live.
struct timed_bank : database_ground {
  explicit timed_bank(milliseconds ttl = 0ms) : time(year_2026), db(open_timed(ttl)) {
    accounts.emplace(or_throw(db.table<accounts_table>("accounts")));
    visits.emplace(or_throw(db.table<visits_table>("visits")));
  }
  [[nodiscard]] database open_timed(milliseconds ttl) {
    auto c = config();
    c.clock = &time;
    return or_throw(database::open(c, declare<accounts_table>("accounts", {.ttl = ttl}),
                                   declare<visits_table>("visits")));
  }
  manual_clock time;
  database db;
  std::optional<accounts_table> accounts;
  std::optional<visits_table> visits;
};

TEST(ExpiryInDatabases, EachTableHasItsOwnTimeToLive) {
  timed_bank b(10s);
  ASSERT_TRUE(ok(b.accounts->insert("a", 1)));
  ASSERT_TRUE(ok(b.visits->insert("v", 1)));
  EXPECT_EQ(or_throw(b.accounts->expires_at("a")), std::optional(year_2026 + 10s));
  EXPECT_EQ(or_throw(b.visits->expires_at("v")), std::optional<expiry::time>());
  const auto again = or_throw(b.db.table<visits_table>("visits", {.ttl = 5s}));
  ASSERT_TRUE(ok(b.visits->insert("v", 1)));
  EXPECT_EQ(or_throw(b.visits->expires_at("v")), std::optional(year_2026 + 5s));
  const auto made = or_throw(b.db.table<visits_table>("more", {.ttl = 7s}));
  auto more = or_throw(b.db.table<visits_table>("more"));
  ASSERT_TRUE(ok(more.insert("m", 1)));
  EXPECT_EQ(or_throw(more.expires_at("m")), std::optional(year_2026 + 7s));
  EXPECT_TRUE(
      refuses(b.db.table<visits_table>("bad", {.ttl = -1s}), errc::invalid_argument, {"ttl"}));
  EXPECT_TRUE(
      refuses(b.db.table<tags_table>("tags", {.ttl = 1s}), errc::invalid_argument, {"bag"}));
  const auto moment = b.db.snapshot();
  b.time.advance(1h);
  EXPECT_TRUE(moment(*b.accounts).contains("a"));
  EXPECT_TRUE(moment(*b.visits).contains("v"));
  EXPECT_FALSE(b.db.snapshot()(*b.accounts).contains("a"));
  EXPECT_EQ(or_throw(b.db.stats()).all.expired, 3u);
}

TEST(ExpiryInTransactions, WritesGiveDeadlinesAndSeeThem) {
  timed_bank b(10s);
  ASSERT_TRUE(ok(b.accounts->insert("gone", 1, expiry::in(1s))));
  ASSERT_TRUE(ok(b.accounts->insert("there", 1, expiry::in(1h))));
  b.time.advance(1s);
  const auto now = year_2026 + 1s;
  ASSERT_TRUE(ok(b.db.transact([&](transaction& tx) -> result<> {
    auto t = tx(*b.accounts);
    EXPECT_FALSE(t.contains("gone"));
    EXPECT_TRUE(refuses(t.expires_at("gone"), errc::not_found));
    EXPECT_TRUE(refuses(t.touch("gone", expiry::in(1s)), errc::not_found));
    EXPECT_TRUE(ok(t.insert_new("gone", 2)));
    EXPECT_EQ(or_throw(t.expires_at("gone")), std::optional(now + 10s));
    EXPECT_TRUE(ok(t.update("there", [](std::int64_t v) { return v + 1; })));
    EXPECT_EQ(or_throw(t.expires_at("there")), std::optional(year_2026 + 1h));
    EXPECT_TRUE(ok(t.touch("there", expiry::in(2h))));
    EXPECT_TRUE(ok(t.insert("past", 1, expiry::at(year_2026))));
    EXPECT_FALSE(t.contains("past"));
    EXPECT_TRUE(ok(t.insert_range({{"x", 1}, {"y", 2}}, expiry::never())));
    EXPECT_TRUE(ok(t.persist("gone")));
    EXPECT_TRUE(ok(t.add("counted", 1, {.initial = 0, .expiry = expiry::in(3s)})));
    EXPECT_TRUE(refuses(t.insert("bad", 1, expiry::in(-1s)), errc::invalid_argument));
    EXPECT_EQ(t.count_if([](std::string_view, std::int64_t) { return true; }), 5u);
    return {};
  })));
  EXPECT_EQ(or_throw(b.accounts->expires_at("gone")), std::optional<expiry::time>());
  EXPECT_EQ(or_throw(b.accounts->expires_at("there")), std::optional(now + 2h));
  EXPECT_EQ(or_throw(b.accounts->expires_at("x")), std::optional<expiry::time>());
  EXPECT_EQ(or_throw(b.accounts->expires_at("counted")), std::optional(now + 3s));
  EXPECT_EQ(contents(*b.accounts),
            (entries{{"counted", 1}, {"gone", 2}, {"there", 2}, {"x", 1}, {"y", 2}}));
}

/// How often it runs if `meanwhile` happens between its reads and its commit.
template <class Read, class Meanwhile>
int runs_of(timed_bank& b, Read read, Meanwhile meanwhile) {
  int runs = 0;
  EXPECT_TRUE(ok(b.db.transact([&](transaction& tx) -> result<> {
    auto t = tx(*b.accounts);
    read(t);
    if (++runs == 1) meanwhile();
    return tx(*b.visits).insert("done", runs);
  })));
  return runs;
}

TEST(ExpiryInTransactions, AReadThatExpiresBeforeTheCommitIsAConflict) {
  const auto lookup = [](auto& t) { (void)t.lookup("a"); };
  const auto seek = [](auto& t) { (void)t.first(); };
  const auto walk = [](auto& t) {
    (void)t.count_if([](std::string_view, std::int64_t) { return true; });
  };
  const auto range = [](auto& t) {
    for (const auto& e : t.range("a", "b")) (void)e;
  };
  const auto peek = [](auto& t) { (void)t.peek("a"); };
  const auto other = [](auto& t) { (void)t.lookup("z"); };
  const auto count = [](auto read) {
    timed_bank b;
    EXPECT_TRUE(ok(b.accounts->insert("a", 1, expiry::in(5s))));
    EXPECT_TRUE(ok(b.accounts->insert("z", 1, expiry::in(1h))));
    return runs_of(b, read, [&] { b.time.advance(5s); });
  };
  EXPECT_EQ(count(lookup), 2);
  EXPECT_EQ(count(seek), 2);
  EXPECT_EQ(count(walk), 2);
  EXPECT_EQ(count(range), 2);
  EXPECT_EQ(count(peek), 1);
  EXPECT_EQ(count(other), 1);
}

TEST(ExpiryInTransactions, WhatHadExpiredStaysAbsentWhenItIsSwept) {
  const auto count = [](auto read) {
    timed_bank b;
    EXPECT_TRUE(ok(b.accounts->insert("a", 1, expiry::in(5s))));
    EXPECT_TRUE(ok(b.accounts->insert("z", 1)));
    b.time.advance(5s);
    return runs_of(b, read,
                   [&] { elsewhere([&] { EXPECT_EQ(b.accounts->purge_expired(), 1u); }); });
  };
  EXPECT_EQ(count([](auto& t) { EXPECT_FALSE(t.contains("a")); }), 1);
  EXPECT_EQ(count([](auto& t) { EXPECT_EQ(or_throw(t.first()).first, "z"); }), 1);
  EXPECT_EQ(count([](auto& t) { EXPECT_EQ(t.to_vector().size(), 1u); }), 1);
}

TEST(ExpiryInTransactions, AWriteOfAnExpiredKeyIsAConflictForWhoReadItAsAbsent) {
  timed_bank b;
  ASSERT_TRUE(ok(b.accounts->insert("a", 1, expiry::in(5s))));
  b.time.advance(5s);
  const auto runs = runs_of(
      b, [](auto& t) { (void)t.contains("a"); },
      [&] { elsewhere([&] { EXPECT_TRUE(ok(b.accounts->insert("a", 2))); }); });
  EXPECT_EQ(runs, 2);
}

TEST(ExpiryInTransactions, BlindCountersCountFromInitialOnceTheyHaveExpired) {
  timed_bank b;
  ASSERT_TRUE(ok(b.accounts->insert("a", 7, expiry::in(5s))));
  ASSERT_TRUE(ok(b.db.transact([&](transaction& tx) -> result<> {
    auto done = tx(*b.accounts).add("a", 1, {.initial = 100});
    b.time.advance(5s);
    return done;
  })));
  EXPECT_EQ(b.accounts->lookup("a"), 101);
}

}  // namespace
}  // namespace shelf::suite
