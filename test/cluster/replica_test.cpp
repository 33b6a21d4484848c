// TEST  cluster
// Replicas follow their server, whatever the network does: over the server in memory, step by step.
#include "budget.hpp"
#include "cluster_ground.hpp"
#include "random_calls.hpp"
#include "shelf/changes.hpp"
#include "shelf/database_changes.hpp"

#include <gmock/gmock.h>

#include <random>

namespace shelf::test {
namespace {

using namespace shelf::cluster;
using ::testing::HasSubstr;
using ages_table = map<std::string, int>;

const auto later = std::chrono::steady_clock::now() + std::chrono::hours(1);

buffer text(std::string_view content) {
  const auto t = term::binary(content);
  return {t.encoded().begin(), t.encoded().end()};
}
buffer number(std::int64_t value) {
  const auto t = term::integer(value);
  return {t.encoded().begin(), t.encoded().end()};
}

/// Commits a put as another node would.
commit_answer put(fake_server& at, std::int32_t table, std::string_view key, int value) {
  const change c{
      .code = change_code::put, .table = table, .key = text(key), .content = number(value)};
  return or_throw(at.commit(
      {.base = *at.head({}), .nonce = random_uuid(), .waves = {{{.changes = {c}, .reads = {}}}}},
      {}));
}

TEST(Replica, ShowsAtEveryStepExactlyTheCommitThatItNames) {
  for (std::uint64_t seed = 1; seed <= budgeted(60); ++seed) {
    SCOPED_TRACE(seed);
    fake_cluster c;
    std::mt19937_64 random(seed);
    const auto chance = [&](unsigned per_cent) { return random() % 100 < per_cent; };
    random_tables t{.db = or_throw(open_random_tables(c, by_hand()))};
    random_calls calls(seed);
    std::map<uuid, entries_by_key> states;
    const auto note = [&] { states[c.space->head({})->nonce] = entries_of(*c.space); };
    note();
    auto backup = *c.space;
    c.fails = [&](std::string_view) { return chance(10); };
    c.loses = [&](std::string_view) { return chance(5); };
    for (int round = 0; round < 60; ++round) {
      const auto seen = entries_of(*c.space);
      calls.count = [&](std::int32_t table, const buffer& key) -> std::size_t {
        constexpr const char* names[] = {"set", "order", "bag", "duplicates", "counters"};
        const auto found = seen.find({names[table - 1], key});
        return found == seen.end() ? 0 : found->second.size();
      };
      (void)c.space->commit(
          {.base = *c.space->head({}), .nonce = random_uuid(), .waves = calls.waves()}, {});
      note();
      if (chance(3)) backup = *c.space;
      if (chance(2)) {
        *c.space = backup;  // restored, and going on in another way
        (void)put(*c.space, in_set, "key0", 1);
        note();
      }
      if (chance(5)) c.space->trim_to(1 + random() % 5);
      if (chance(60)) (void)behind(t.db).follows().step(later);
      const auto at = behind(t.db).status().position;
      ASSERT_TRUE(states.contains(uuid{at.nonce})) << "round " << round;
      ASSERT_EQ(t.entries(), states.at(uuid{at.nonce})) << "round " << round;
    }
    c.fails = [](std::string_view) { return false; };
    c.loses = c.fails;
    settle(t.db);
    EXPECT_EQ(behind(t.db).status().position.nonce, c.space->head({})->nonce.content);
    EXPECT_EQ(t.entries(), entries_of(*c.space));
    EXPECT_EQ(behind(t.db).status().state, replica_state::following);
  }
}

TEST(Replica, ShowsNothingThatALyingServerMakesUpAndIsRightAgainWhenItStopsLying) {
  const std::vector<std::function<void(log_slice&)>> lies{
      [](log_slice& s) { s.commits.front().at.seq += 1; },
      [](log_slice& s) { s.commits.push_back(s.commits.front()); },
      [](log_slice& s) { s.commits.front().changes.front().table = 99; },
      [](log_slice& s) { s.commits.front().changes.front().code = change_code::append; },
      [](log_slice& s) { s.commits.front().changes.front().code = change_code::erase_value; },
      [](log_slice& s) { s.commits.front().changes.front().term = text("k"); },
      [](log_slice& s) { s.commits.front().changes.front().key = buffer(3, std::byte{0x6D}); },
      [](log_slice& s) { s.commits.front().changes.front().key = number(7); },
      [](log_slice& s) { s.commits.front().changes.front().content = text("no number"); },
      [](log_slice& s) { s.commits.front().changes.front().content = buffer(); },
      [](log_slice& s) { s.how = log_slice::relation::trimmed; },
      [](log_slice& s) { s.how = log_slice::relation::diverged; }};
  for (std::size_t i = 0; i < lies.size(); ++i) {
    SCOPED_TRACE(i);
    fake_cluster c;
    auto db = or_throw(open_in(c, by_hand(), declare<ages_table>("ages")));
    auto ages = or_throw(db.table<ages_table>("ages"));
    put(*c.space, 1, "alice", 30);
    c.lies = [&](log_slice& s) {
      if (!s.commits.empty()) lies[i](s);
    };
    for (int step = 0; step < 6; ++step) (void)behind(db).follows().step(later);
    const auto shown = ages.lookup("alice");
    EXPECT_TRUE(!shown || *shown == 30);
    put(*c.space, 1, "bob", 40);
    c.lies = [](log_slice&) {};
    settle(db);
    EXPECT_EQ(ages.lookup("alice"), 30);
    EXPECT_EQ(ages.lookup("bob"), 40);
    EXPECT_EQ(ages.size(), 2u);
    EXPECT_EQ(behind(db).status().state, replica_state::following);
  }
}

TEST(Replica, AnEntryThatDoesNotFitStopsItAndReadsGoOn) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<ages_table>("ages")));
  auto ages = or_throw(db.table<ages_table>("ages"));
  put(*c.space, 1, "alice", 30);
  settle(db);
  const change bad{.code = change_code::put, .table = 1, .key = text("bob"), .content = text("x")};
  or_throw(c.space->commit({.base = *c.space->head({}),
                            .nonce = random_uuid(),
                            .waves = {{{.changes = {bad}, .reads = {}}}}},
                           {}));
  settle(db, 5);
  EXPECT_EQ(behind(db).status().state, replica_state::stopped);
  EXPECT_EQ(behind(db).status().problem, errc::type_mismatch);
  EXPECT_EQ(ages.lookup("alice"), 30);
  put(*c.space, 1, "bob", 40);
  settle(db);
  EXPECT_EQ(behind(db).status().state, replica_state::following);
  EXPECT_EQ(ages.lookup("bob"), 40);
}

TEST(Replica, ATableThatAnotherNodeDeclaredOtherwiseIsRefusedByName) {
  fake_cluster c;
  const auto first = or_throw(open_in(c, by_hand(), declare<ages_table>("ages")));
  const auto other_value = open_in(c, by_hand(), declare<map<std::string, std::string>>("ages"));
  ASSERT_FALSE(other_value);
  EXPECT_EQ(other_value.error(), errc::type_mismatch);
  EXPECT_THAT(other_value.error().message(), HasSubstr("table 'ages': the value type differs"));
  const auto other_kind = open_in(c, by_hand(), declare<bag<std::string, int>>("ages"));
  ASSERT_FALSE(other_kind);
  EXPECT_EQ(other_kind.error(), errc::wrong_kind);
}

TEST(Replica, TablesThatCannotBeReplicatedAreInvalidArguments) {
  fake_cluster c;
  const auto refuses = [&](table_options<ages_table> how) {
    const auto opened = open_in(c, by_hand(), declare<ages_table>("ages", std::move(how)));
    return !opened && opened.error() == errc::invalid_argument;
  };
  EXPECT_TRUE(refuses({.storage = storage::memory}));
  EXPECT_TRUE(refuses({.ttl = std::chrono::seconds(1)}));
  EXPECT_TRUE(refuses({.bounds = {.max_entries = 1}}));
  EXPECT_TRUE(refuses({.check = [](const std::string&, int) { return true; }}));
}

TEST(Replica, TablesAreMadeByTheFirstWhoAsksAndAreThereForTheOthers) {
  fake_cluster c;
  auto first = or_throw(open_in(c, by_hand()));
  auto second = or_throw(open_in(c, by_hand()));
  auto ages = or_throw(first.table<ages_table>("ages"));
  put(*c.space, 1, "alice", 30);
  settle(first);
  settle(second);
  auto same = or_throw(second.table<ages_table>("ages"));
  EXPECT_EQ(ages.lookup("alice"), 30);
  EXPECT_EQ(same.lookup("alice"), 30);
  EXPECT_EQ((second.table<map<int, int>>("ages").error()), errc::type_mismatch);
  EXPECT_EQ(second.tables().size(), 1u);
}

TEST(Replica, ADroppedTableIsClosedAndAnotherOfItsNameIsATableOfItsOwn) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<ages_table>("ages")));
  auto ages = or_throw(db.table<ages_table>("ages"));
  put(*c.space, 1, "alice", 30);
  settle(db);
  or_throw(c.space->drop("ages", {}));
  settle(db);
  EXPECT_EQ(ages.lookup("alice").error(), errc::table_closed);
  auto again = or_throw(db.table<ages_table>("ages"));
  EXPECT_TRUE(again.empty());
  EXPECT_EQ(ages.lookup("alice").error(), errc::table_closed);
  EXPECT_EQ(db.tables().size(), 1u);
}

TEST(Replica, ATableThatIsGoneBeforeItsTypesCouldBeReadIsPassedOver) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<ages_table>("ages")));
  or_throw(
      c.space->declare({.name = "brief", .key_schema = text("k"), .value_schema = text("v")}, {}));
  put(*c.space, 2, "k", 1);
  or_throw(c.space->drop("brief", {}));
  put(*c.space, 1, "alice", 30);
  settle(db);
  EXPECT_EQ(or_throw(db.table<ages_table>("ages")).lookup("alice"), 30);
  EXPECT_EQ(behind(db).status().resyncs, 0u);
}

TEST(Replica, SyncShowsWhatWasCommittedAnywhereBeforeItAndFailsWithoutAServer) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<ages_table>("ages")));
  auto ages = or_throw(db.table<ages_table>("ages"));
  put(*c.space, 1, "alice", 30);
  EXPECT_EQ(ages.lookup("alice").error(), errc::not_found);
  or_throw(db.sync());
  EXPECT_EQ(ages.lookup("alice"), 30);
  c.fails = [](std::string_view) { return true; };
  EXPECT_EQ(db.sync().error(), errc::unavailable);
  EXPECT_EQ(ages.lookup("alice"), 30);
}

TEST(Replica, WaitsForAPositionOfAnotherNodeAndKnowsOneOfALostHistory) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<ages_table>("ages")));
  const auto here = or_throw(of(db));
  put(*c.space, 1, "alice", 30);
  const auto head = *c.space->head({});
  const cluster::position wanted{head.seq, head.nonce.content};
  EXPECT_EQ(or_throw(position_from(to_string(wanted))), wanted);
  EXPECT_EQ(position_from("7:no").error(), errc::invalid_argument);
  or_throw(here.wait_for(wanted, std::chrono::seconds(1)));
  EXPECT_EQ(here.position(), wanted);
  EXPECT_EQ(here.wait_for({wanted.seq, {}}, std::chrono::seconds(1)).error(), errc::cursor_lost);
  EXPECT_EQ(here.wait_for({wanted.seq + 1, {}}, std::chrono::seconds(1)).error(),
            errc::unavailable);
  const auto local = or_throw(database::in_memory());
  EXPECT_EQ(of(local).error(), errc::invalid_argument);
}

TEST(Replica, ReadsAreRefusedAsStaleOnceTheLastProofIsTooOldAndNotAfterTheNextOne) {
  fake_cluster c;
  auto how = by_hand();
  how.max_staleness = std::chrono::hours(1);
  using sorted_table = ordered_map<std::string, int>;
  auto db = or_throw(open_in(c, how, declare<ages_table>("ages"), declare<sorted_table>("sorted")));
  auto ages = or_throw(db.table<ages_table>("ages"));
  auto sorted = or_throw(db.table<sorted_table>("sorted"));
  auto events = or_throw(of(db)).events();
  put(*c.space, 1, "alice", 30);
  settle(db);
  EXPECT_EQ(ages.lookup("alice"), 30);
  c.fails = [](std::string_view) { return true; };
  (void)behind(db).look_at_age(std::chrono::steady_clock::now() + std::chrono::hours(2));
  EXPECT_EQ(ages.lookup("alice").error(), errc::stale);
  EXPECT_EQ(sorted.first().error(), errc::stale);
  EXPECT_EQ(ages.lookup_many({"alice"}).error(), errc::stale);
  EXPECT_EQ(db.transact([](transaction&) {}).error(), errc::stale);
  EXPECT_EQ(ages.size(), 1u);
  c.fails = [](std::string_view) { return false; };
  or_throw(db.sync());
  (void)behind(db).look_at_age(std::chrono::steady_clock::now());
  EXPECT_EQ(ages.lookup("alice"), 30);
  EXPECT_EQ(events.next({})->what, event::kind::stale);
  EXPECT_EQ(events.next({})->what, event::kind::fresh);
}

TEST(Replica, TellsOfDisconnectionsResyncsAndForksInTheirOrder) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<ages_table>("ages")));
  auto events = or_throw(of(db)).events();
  const auto next = [&] { return std::string(to_string(events.next({})->what)); };
  c.fails = [](std::string_view) { return true; };
  (void)behind(db).follows().step(later);
  EXPECT_EQ(next(), "disconnected");
  EXPECT_EQ(to_string(behind(db).status().state), "disconnected");
  c.fails = [](std::string_view) { return false; };
  settle(db);
  EXPECT_EQ(next(), "resumed");
  auto backup = *c.space;
  put(*c.space, 1, "lost", 1);
  settle(db);
  *c.space = backup;
  put(*c.space, 1, "other", 2);
  settle(db);
  EXPECT_EQ(next(), "diverged");
  EXPECT_EQ(next(), "resynced");
  EXPECT_EQ(behind(db).status().divergences, 1u);
  auto ages = or_throw(db.table<ages_table>("ages"));
  EXPECT_FALSE(ages.contains("lost"));
  EXPECT_TRUE(ages.contains("other"));
  for (int i = 0; i < 5; ++i) put(*c.space, 1, "more", i);
  c.space->trim_to(1);
  settle(db);
  EXPECT_EQ(next(), "resynced");
  EXPECT_EQ(events.next({}), std::nullopt);
}

TEST(Replica, FeedsTellEveryCommitOnceAndAResetWhereTablesWereLoadedAnew) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<ages_table>("ages")));
  auto ages = or_throw(db.table<ages_table>("ages"));
  auto feed = or_throw(ages.changes());
  put(*c.space, 1, "alice", 30);
  put(*c.space, 1, "alice", 31);
  settle(db);
  for (int i = 0; i < 2; ++i) {
    const auto batch = or_throw(feed.next(std::chrono::seconds(10)));
    EXPECT_EQ(batch.changes.size(), 1u);
  }
  c.space->trim_to(1);
  put(*c.space, 1, "bob", 40);
  c.space->trim_to(1);
  settle(db);
  EXPECT_EQ(or_throw(feed.next(std::chrono::seconds(10))).event, table_event::reset);
}

TEST(Replica, NamesWithOddCharactersAreNamesOfTables) {
  fake_cluster c;
  const std::string names[] = {"O'Brien \"quoted\"", "naïve ☕ %s $1", "a;b--c",
                               std::string(255, 'x')};
  auto db =
      or_throw(open_in(c, by_hand(), declare<ages_table>(names[0]), declare<ages_table>(names[1]),
                       declare<ages_table>(names[2]), declare<ages_table>(names[3])));
  for (std::int32_t i = 0; i < 4; ++i) put(*c.space, i + 1, "k", i);
  settle(db);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(or_throw(db.table<ages_table>(names[i])).lookup("k"), i);
  }
}

TEST(Replica, AFileHasNoPartInItAndAClosedOneIsClosed) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<ages_table>("ages")));
  EXPECT_EQ(db.compact().error(), errc::invalid_argument);
  EXPECT_EQ(db.catch_up().error(), errc::invalid_argument);
  or_throw(db.reload());
  EXPECT_EQ(behind(db).status().resyncs, 1u);
  or_throw(db.recover());
  or_throw(db.save());
  const auto here = or_throw(of(db));
  or_throw(db.close());
  EXPECT_EQ(db.close().error(), errc::table_closed);
  EXPECT_EQ(db.sync().error(), errc::table_closed);
  EXPECT_EQ(here.status().state, replica_state::closed);
  EXPECT_EQ(here.wait_for({1'000, {}}, std::chrono::seconds(1)).error(), errc::table_closed);
}

}  // namespace
}  // namespace shelf::test
