// TEST  cluster
// Writes that nobody waits for, and what becomes of them; what a replica says of itself and of its
// server. Over the server in memory, step by step.
#include "cluster_ground.hpp"
#include "shelf/transaction.hpp"

#include <gmock/gmock.h>

namespace shelf::test {
namespace {

using namespace shelf::cluster;
using ::testing::HasSubstr;
using counters = map<std::string, std::int64_t>;
using state = write_outcome::state;

/// A node, its table, and its replica.
struct node {
  fake_cluster& c;
  replication_settings how = by_hand(5);
  database db = or_throw(open_in(c, how, declare<counters>("n")));
  counters n = or_throw(db.table<counters>("n"));
  replica here = or_throw(of(db));

  result<ticket> put(const std::string& key, std::int64_t value) {
    return db.post([&](transaction& tx) { or_throw(tx(n).insert(key, value)); });
  }
};

/// As often as it takes, and no longer.
void settle_writes(const database& db) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::hours(1);
  auto& commits = behind(db).commits();
  for (int i = 0; i < 100 && !commits.is_idle(); ++i) (void)commits.step(until);
}

void nothing_fails(fake_cluster& c) {
  c.fails = [](std::string_view) { return false; };
  c.loses = c.fails;
}

TEST(ClusterPost, CommitsInTheBackgroundAndItsTicketTellsWhen) {
  fake_cluster c;
  node a{c};
  const auto posted = or_throw(a.put("k", 1));
  EXPECT_FALSE(a.n.contains("k")) << "nobody has taken a step yet";
  EXPECT_FALSE(posted.is_durable());
  EXPECT_EQ(or_throw(a.here.outcome(posted)).is, state::unknown);
  EXPECT_EQ(or_throw(a.here.outcome(posted.number())).is, state::unknown);
  EXPECT_EQ(a.here.status().queued_writes, 1u);
  EXPECT_GT(a.here.status().queued_bytes, 0u);
  or_throw(posted.wait());
  EXPECT_EQ(a.n.lookup("k"), 1);
  EXPECT_TRUE(posted.is_durable());
  EXPECT_EQ(or_throw(a.here.outcome(posted)).is, state::committed);
  EXPECT_EQ(or_throw(a.here.outcome(posted.number())).is, state::committed);
  EXPECT_EQ(a.here.status().queued_writes, 0u);
  EXPECT_EQ(a.here.status().queued_bytes, 0u);
}

TEST(ClusterPost, ManyShareACallInWhichOfEachKeyOnlyTheLastWriteIsLeft) {
  fake_cluster c;
  node a{c};
  std::size_t changes = 0;
  int calls = 0;
  c.refuses = [&](const commit_call& call) {
    ++calls;
    for (const auto& u : call.waves.front()) changes += u.changes.size();
    return std::nullopt;
  };
  for (int i = 0; i < 300; ++i) (void)or_throw(a.put("k" + std::to_string(i % 3), i));
  settle_writes(a.db);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(changes, 3u);
  EXPECT_EQ(a.n.lookup("k0"), 297);
  EXPECT_EQ(a.n.lookup("k2"), 299);
}

TEST(ClusterPost, OfAFunctionThatReadsOrWantsToBeCalledBackIsAnInvalidArgument) {
  fake_cluster c;
  node a{c};
  const auto reads = a.db.post([&](transaction& tx) { (void)tx(a.n).lookup("k"); });
  EXPECT_EQ(reads.error(), errc::invalid_argument);
  EXPECT_THAT(reads.error().message(), HasSubstr("has read"));
  const auto looks = a.db.post([&](transaction& tx) { (void)tx(a.n).insert_new("k", 1); });
  EXPECT_EQ(looks.error(), errc::invalid_argument);
  const auto tells = a.db.post([&](transaction& tx) {
    or_throw(tx(a.n).insert("k", 1));
    tx.on_commit([] {});
  });
  EXPECT_EQ(tells.error(), errc::invalid_argument);
  const auto fails =
      a.db.post([&](transaction&) -> result<> { return std::unexpected(error(errc::overflow)); });
  EXPECT_EQ(fails.error(), errc::overflow);
  EXPECT_TRUE(a.db.transact([&](transaction&) { EXPECT_EQ(a.put("k", 1).error(), errc::busy); }));
  const auto nothing = or_throw(a.db.post([](transaction&) {}));
  EXPECT_TRUE(nothing.is_durable());
  settle_writes(a.db);
  EXPECT_TRUE(a.n.empty());
}

TEST(ClusterPost, AddsToACounterAndIsRejectedWithTheReasonIfThatIsTooMuch) {
  fake_cluster c;
  node a{c};
  auto events = a.here.events();
  or_throw(a.n.insert("k", INT64_MAX - 1));
  const auto add = [&] {
    return or_throw(a.db.post([&](transaction& tx) { or_throw(tx(a.n).add("k", 1)); }));
  };
  const auto fits = add();
  const auto too_much = add();
  settle_writes(a.db);
  EXPECT_TRUE(fits.wait());
  EXPECT_EQ(too_much.wait().error(), errc::overflow);
  const auto became = or_throw(a.here.outcome(too_much));
  EXPECT_EQ(became.is, state::rejected);
  EXPECT_EQ(became.why, errc::overflow);
  const auto told = events.next({});
  ASSERT_TRUE(told);
  EXPECT_EQ(told->what, event::kind::resolved);
  EXPECT_EQ(told->ticket, too_much.number());
  EXPECT_EQ(events.next({}), std::nullopt);
}

TEST(ClusterPost, SurvivesAnOutageAResyncAndAForkAndHappensOnce) {
  fake_cluster c;
  node a{c};
  node b{c};
  c.fails = [](std::string_view) { return true; };
  const auto posted =
      or_throw(a.db.post([&](transaction& tx) { or_throw(tx(a.n).add("k", 1, {.initial = 0})); }));
  EXPECT_EQ(posted.wait().error(), errc::indeterminate);
  nothing_fails(c);
  for (int i = 0; i < 5; ++i) or_throw(b.n.insert("other", i));
  c.space->trim_to(1);
  or_throw(posted.wait());
  EXPECT_EQ(a.n.lookup("k"), 1);
  EXPECT_EQ(a.n.lookup("other"), 4);
  const auto backup = *c.space;
  or_throw(b.n.insert("lost", 1));
  or_throw(a.db.sync());
  *c.space = backup;
  or_throw(or_throw(a.put("k", 7)).wait());
  EXPECT_EQ(a.n.lookup("k"), 7);
  EXPECT_EQ(a.here.status().divergences, 1u);
  EXPECT_FALSE(a.n.contains("lost"));
}

TEST(ClusterPost, WaitsWhileTooMuchWaitsAndIsOverloadedAtTheDeadline) {
  fake_cluster c;
  using texts = map<int, std::string>;
  auto db = or_throw(open_in(c, by_hand(3), declare<texts>("t")));
  auto t = or_throw(db.table<texts>("t"));
  c.fails = [](std::string_view) { return true; };
  const std::string large(std::size_t{7} << 20, 'x');
  int taken = 0;
  result<ticket> last;
  for (; taken < 100; ++taken) {
    last = db.post([&](transaction& tx) { or_throw(tx(t).insert(taken, large)); });
    if (!last) break;
  }
  EXPECT_EQ(taken, 9);
  EXPECT_EQ(last.error(), errc::overloaded);
  nothing_fails(c);
  EXPECT_TRUE(db.post([&](transaction& tx) { or_throw(tx(t).insert(100, large)); }))
      << "the call that waits for room lets the server take what is there";
  settle_writes(db);
  EXPECT_EQ(t.size(), 10u);
}

TEST(ClusterPost, IsDrainedByCloseAndRejectedByAbandon) {
  fake_cluster c;
  node a{c};
  const auto kept = or_throw(a.put("kept", 1));
  or_throw(a.db.close());
  EXPECT_TRUE(kept.wait());
  EXPECT_EQ(a.put("late", 1).error(), errc::table_closed);
  node b{c};
  const auto gone = or_throw(b.put("gone", 1));
  b.db.abandon();
  EXPECT_EQ(gone.wait().error(), errc::table_closed);
  EXPECT_EQ(entries_of(*c.space).size(), 1u);
}

TEST(ClusterPost, ToALocalDatabaseIsCommittedWhenItReturns) {
  auto db = or_throw(database::in_memory(declare<counters>("n")));
  auto n = or_throw(db.table<counters>("n"));
  const auto posted = or_throw(db.post([&](transaction& tx) { or_throw(tx(n).insert("k", 1)); }));
  EXPECT_EQ(n.lookup("k"), 1);
  EXPECT_NE(posted.number(), 0u);
  EXPECT_EQ(posted.wait().error(), errc::invalid_argument) << "it has no disk";
  const auto reads = db.post([&](transaction& tx) { (void)tx(n).lookup("k"); });
  EXPECT_EQ(reads.error(), errc::invalid_argument);
  EXPECT_TRUE(db.transact([](transaction&) {}, {.fresh = true}));
  EXPECT_EQ(db.read([&](const auto& moment) { return moment(n).size(); }, {.fresh = true}), 1u);
}

// --- outcomes ------------------------------------------------------------------------------------

TEST(ClusterOutcome, OfAnIndeterminateWriteIsKnownByItsTicketOnceTheServerAnswers) {
  fake_cluster c;
  node a{c};
  auto events = a.here.events();
  c.loses = [](std::string_view which) { return which == "commit"; };
  c.fails = [](std::string_view which) { return which == "since"; };
  const auto unknown = a.n.insert("k", 1);
  ASSERT_EQ(unknown.error(), errc::indeterminate);
  const auto number = ticket_of(unknown.error());
  ASSERT_TRUE(number);
  EXPECT_EQ(or_throw(a.here.outcome(*number)).is, state::unknown);
  EXPECT_EQ(a.here.status().unresolved_writes, 1u);
  nothing_fails(c);
  settle_writes(a.db);
  EXPECT_EQ(or_throw(a.here.outcome(*number)).is, state::committed);
  EXPECT_EQ(a.here.status().unresolved_writes, 0u);
  std::optional<event> told;
  do {
    told = events.next({});
  } while (told && told->what != event::kind::resolved);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->ticket, *number);
  EXPECT_EQ(to_string(told->what), "resolved");
  EXPECT_EQ(a.here.outcome(*number + 1).error(), errc::not_found);
  EXPECT_EQ(ticket_of(error(errc::conflict)), std::nullopt);
}

TEST(ClusterOutcome, OfATransactionThatWasOvertakenAfterItsCallerHadGoneIsRejected) {
  fake_cluster c;
  node a{c};
  node b{c};
  or_throw(a.n.insert("k", 1));
  or_throw(b.db.sync());
  // The call is lost on its way there, and only its sender does not know that.
  bool is_away = true;
  c.refuses = [&](const commit_call&) -> std::optional<error> {
    if (is_away) return error(errc::unavailable, "fake: lost");
    return std::nullopt;
  };
  const auto unknown = a.db.transact(
      [&](transaction& tx) { or_throw(tx(a.n).insert("k", *tx(a.n).lookup("k") + 1)); });
  ASSERT_EQ(unknown.error(), errc::indeterminate);
  is_away = false;
  or_throw(b.n.insert("k", 10));
  settle_writes(a.db);
  const auto became = or_throw(a.here.outcome(*ticket_of(unknown.error())));
  EXPECT_EQ(became.is, state::rejected);
  EXPECT_EQ(became.why, errc::conflict);
  EXPECT_EQ(a.n.lookup("k"), 10);
}

TEST(ClusterOutcome, IsRememberedOfTheLastTenThousandAndOfAllThatAreUnknown) {
  outcome_log all;
  const auto open = all.begin(false);
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < outcome_log::kept + 1; ++i) {
    last = all.begin(true);
    all.resolve(last, std::nullopt);
  }
  EXPECT_EQ(all.find(open)->is, state::unknown);
  EXPECT_EQ(all.find(open + 1), std::nullopt);
  EXPECT_EQ(all.find(open + 2)->is, state::committed);
  EXPECT_EQ(all.find(last)->is, state::committed);
  EXPECT_EQ(all.unresolved(), 1u);
  EXPECT_EQ(to_string(state::rejected), "rejected");
}

TEST(ClusterOutcome, OfAWriteInFlightIsExactAlthoughAllTablesAreLoadedAnewMeanwhile) {
  int times = 1;  // before the cluster, which looks at it to the end
  fake_cluster c;
  node a{c};
  node b{c};
  or_throw(a.n.insert("k", 1));
  or_throw(b.db.sync());
  // The commit is done, its answer lost; then another node goes on, and the tables are reloaded.
  c.loses = [&](std::string_view which) {
    if (which != "commit" || times-- != 1) return false;
    or_throw(b.n.insert("other", 1));
    (void)behind(a.db).follows().want_snapshot();
    (void)behind(a.db).follows().step(std::chrono::steady_clock::now() + std::chrono::hours(1));
    return true;
  };
  EXPECT_EQ(a.n.insert("k", 2), written::replaced);
  EXPECT_EQ(a.here.status().resyncs, 1u);
  EXPECT_EQ(a.n.lookup("other"), 1);
}

TEST(ClusterOutcome, OfATransactionInFlightIsCommittedAlthoughTheLogWasTrimmedOverIt) {
  int times = 1;  // before the cluster, which looks at it to the end
  fake_cluster c;
  node a{c};
  node b{c};
  or_throw(a.n.insert("k", 1));
  or_throw(b.db.sync());
  // The answer arrives late: by then the tables were loaded anew, from a log without the commit.
  const auto overtake = [&](std::string_view which) {
    if (which == "commit" && times-- == 1) {
      times = -100;
      or_throw(b.n.insert("other", 1));
      c.space->trim_to(1);
      (void)behind(a.db).follows().step(std::chrono::steady_clock::now() + std::chrono::hours(1));
      (void)behind(a.db).follows().step(std::chrono::steady_clock::now() + std::chrono::hours(1));
      EXPECT_EQ(a.here.status().resyncs, 1u);
    }
    return false;
  };
  c.loses = overtake;
  EXPECT_TRUE(a.db.transact(
      [&](transaction& tx) { or_throw(tx(a.n).insert("k", *tx(a.n).lookup("k") + 1)); }));
  EXPECT_EQ(a.n.lookup("k"), 2);
}

TEST(ClusterOutcome, OfAWriteWhoseCallTheLogHasForgottenStaysUnknownAndItIsNotDoneAgain) {
  fake_cluster c;
  node a{c};
  node b{c};
  or_throw(a.n.insert("k", 1));
  or_throw(b.db.sync());
  c.loses = [](std::string_view which) { return which == "commit"; };
  c.fails = [](std::string_view which) { return which == "since"; };
  const auto posted = or_throw(a.db.post([&](transaction& tx) { or_throw(tx(a.n).add("k", 1)); }));
  (void)behind(a.db).commits().step(std::chrono::steady_clock::now() + std::chrono::hours(1));
  nothing_fails(c);
  for (int i = 0; i < 5; ++i) or_throw(b.n.insert("other", i));
  c.space->trim_to(1);
  settle_writes(a.db);
  or_throw(a.db.sync());
  EXPECT_EQ(a.n.lookup("k"), 2) << "once";
  const auto became = or_throw(a.here.outcome(posted));
  EXPECT_EQ(became.is, state::unknown);
  EXPECT_EQ(became.why, errc::indeterminate);
}

// --- freshness -----------------------------------------------------------------------------------

TEST(ClusterFresh, ReadsShowWhatWasAcknowledgedAnywhereBeforeThem) {
  fake_cluster c;
  node a{c};
  node b{c};
  or_throw(a.n.insert("k", 1));
  const auto look = [&](bool fresh) {
    return b.db.transact([&](transaction& tx) { return tx(b.n).contains("k"); }, {.fresh = fresh});
  };
  EXPECT_EQ(look(false), false);
  EXPECT_EQ(look(true), true);
  or_throw(a.n.insert("l", 1));
  EXPECT_EQ(b.db.read([&](const auto& moment) { return moment(b.n).size(); }), 1u);
  EXPECT_EQ(b.db.read([&](const auto& moment) { return moment(b.n).size(); }, {.fresh = true}), 2u);
  c.fails = [](std::string_view) { return true; };
  EXPECT_EQ(look(true).error(), errc::unavailable);
  EXPECT_EQ(look(false), true);
  nothing_fails(c);
  EXPECT_TRUE(b.db.transact([&](transaction&) {
    EXPECT_EQ(look(true).error(), errc::invalid_argument) << "the outer one has begun";
  }));
}

TEST(ClusterFresh, ReadsAreAnsweredWhileOthersAreStale) {
  fake_cluster c;
  auto how = by_hand();
  how.max_staleness = std::chrono::hours(1);
  node a{c, how};
  or_throw(a.n.insert("k", 1));
  (void)behind(a.db).look_at_age(std::chrono::steady_clock::now() + std::chrono::hours(2));
  EXPECT_EQ(a.db.transact([](transaction&) {}).error(), errc::stale);
  EXPECT_TRUE(a.db.transact([](transaction&) {}, {.fresh = true}));
}

// --- what the server promises --------------------------------------------------------------------

TEST(ClusterPromise, ThatIsLostAndRestoredIsToldOnceEachAndWritesWaitMeanwhile) {
  fake_cluster c;
  node a{c};
  auto events = a.here.events();
  or_throw(a.n.insert("k", 1));
  const auto next = [&] {
    const auto e = events.next({});
    return e ? std::string(to_string(e->what)) : "nothing";
  };
  c.promises = [] {
    return result<>(std::unexpected(error(errc::unsafe_engine, "fake: fsync is off")));
  };
  behind(a.db).commits().look_at_promise();
  or_throw(a.db.sync());
  EXPECT_EQ(next(), "promise_lost");
  ASSERT_TRUE(a.here.status().promise_problem);
  EXPECT_THAT(a.here.status().promise_problem->message(), HasSubstr("fsync is off"));
  const auto refused = a.n.insert("k", 2);
  EXPECT_EQ(refused.error(), errc::unavailable);
  EXPECT_EQ(a.n.lookup("k"), 1) << "reads go on";
  EXPECT_EQ(next(), "nothing");
  c.promises = [] { return result<>(); };
  EXPECT_EQ(a.n.insert("k", 3), written::replaced);
  EXPECT_EQ(next(), "promise_restored");
  EXPECT_EQ(a.here.status().promise_problem, std::nullopt);
  EXPECT_EQ(next(), "nothing");
}

}  // namespace
}  // namespace shelf::test
