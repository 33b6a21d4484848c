// TEST  cluster
// PostgreSQL with schema.sql does what the model does: random calls, snapshots, the log, the
// catalog.
#include "budget.hpp"
#include "cluster/postgres_server.hpp"
#include "fake_server.hpp"
#include "postgres.hpp"
#include "random_calls.hpp"

#include <map>
#include <memory>

namespace shelf::test {
namespace {

using namespace shelf::cluster;

/// A snapshot as values: table, key, the key's values in order.
struct kept_snapshot final : snapshot_visitor {
  log_position at;
  std::vector<catalog_table> tables;
  std::map<std::pair<std::int32_t, buffer>, std::vector<buffer>> entries;
  std::function<void()> when_begun;

  result<> begin(const log_position& position, const std::vector<catalog_table>& all) override {
    at = position;
    tables = all;
    if (when_begun) when_begun();
    return {};
  }
  result<> entry(const snapshot_entry& e) override {
    entries[{e.table, buffer(e.key.begin(), e.key.end())}].emplace_back(e.content.begin(),
                                                                        e.content.end());
    return {};
  }
};

kept_snapshot snapshot_of(server& s) {
  kept_snapshot all;
  or_throw(s.snapshot(all, soon()));
  return all;
}

buffer text(std::string_view content) {
  const auto t = term::binary(content);
  return {t.encoded().begin(), t.encoded().end()};
}

commit_call put(const log_position& base, std::int32_t table, std::string_view key,
                std::string_view value) {
  const change c{
      .code = change_code::put, .table = table, .key = text(key), .content = text(value)};
  return {.base = base, .nonce = random_uuid(), .waves = {{{.changes = {c}, .reads = {}}}}};
}

catalog_table wanted(std::string_view name, kind what = kind::set) {
  return {
      .name = std::string(name), .what = what, .key_schema = text("k"), .value_schema = text("v")};
}

std::vector<refused_unit> sorted(std::vector<refused_unit> all) {
  std::ranges::sort(all, {}, &refused_unit::unit);
  return all;
}

class Server : public PostgresTest {
 protected:
  Server() { or_throw(initialize(config())); }

  std::unique_ptr<server> session() {
    space_settings how;
    how.connection.connection = config().connection;
    how.schema = config().schema;
    return or_throw(open_postgres(how, soon()));
  }
};

TEST_F(Server, AnswersRandomCallsAsTheModelDoesAndKeepsTheSameLogAndEntries) {
  const auto real = session();
  fake_server model;
  constexpr kind kinds[] = {kind::set, kind::ordered_set, kind::bag, kind::duplicate_bag,
                            kind::set};
  for (std::size_t i = 0; i < std::size(kinds); ++i) {
    const auto name = "table" + std::to_string(i);
    const auto there = or_throw(real->declare(wanted(name, kinds[i]), soon()));
    EXPECT_EQ(there, or_throw(model.declare(wanted(name, kinds[i]), soon())));
  }
  struct base {
    log_position real;
    log_position model;
    kept_snapshot seen;
  };
  std::vector<base> bases{
      {or_throw(real->head(soon())), or_throw(model.head(soon())), snapshot_of(model)}};
  random_calls random(19);
  std::map<commit_outcome, int> outcomes;
  int refused = 0;
  const auto rounds = budgeted(400);
  for (std::size_t i = 0; i < rounds; ++i) {
    const auto& from = bases[bases.size() - 1 - std::min(random.below(4), bases.size() - 1)];
    random.count = [&](std::int32_t table, const buffer& key) {
      const auto found = from.seen.entries.find({table, key});
      return found == from.seen.entries.end() ? 0 : found->second.size();
    };
    commit_call call{.base = from.real, .nonce = random_uuid(), .waves = random.waves()};
    const auto got = or_throw(real->commit(call, soon()));
    const auto base_of_real = call.base;
    call.base = from.model;
    const auto expected = or_throw(model.commit(call, soon()));
    ASSERT_EQ(got.outcome, expected.outcome) << "round " << i;
    ASSERT_EQ(got.seq, expected.seq) << "round " << i;
    ASSERT_EQ(sorted(got.refused), sorted(expected.refused)) << "round " << i;
    ++outcomes[got.outcome];
    refused += !got.refused.empty();
    if (random.below(5) == 0 && got.outcome == commit_outcome::committed) {
      call.base = base_of_real;
      EXPECT_EQ(or_throw(real->commit(call, soon())), got) << "sent again";
    }
    if (got.outcome == commit_outcome::committed) {
      bases.push_back(
          {or_throw(real->head(soon())), or_throw(model.head(soon())), snapshot_of(model)});
    }
  }
  EXPECT_GT(outcomes[commit_outcome::committed], outcomes[commit_outcome::all_refused]);
  EXPECT_GT(refused, 0);
  EXPECT_EQ(snapshot_of(*real).entries, snapshot_of(model).entries);
  const auto in_real = or_throw(real->since(bases.front().real, 1'000'000, soon()));
  const auto in_model = or_throw(model.since(bases.front().model, 1'000'000, soon()));
  ASSERT_EQ(in_real.commits.size(), in_model.commits.size());
  for (std::size_t i = 0; i < in_real.commits.size(); ++i) {
    ASSERT_EQ(in_real.commits[i].at.seq, in_model.commits[i].at.seq);
    ASSERT_EQ(in_real.commits[i].call, in_model.commits[i].call);
    ASSERT_EQ(in_real.commits[i].changes, in_model.commits[i].changes) << i;
  }
}

TEST_F(Server, ASnapshotIsOneCommitWhateverIsWrittenClearedOrDroppedMeanwhile) {
  const auto reader = session();
  const auto writer = session();
  const auto a = or_throw(writer->declare(wanted("a"), soon())).id;
  const auto b = or_throw(writer->declare(wanted("b"), soon())).id;
  or_throw(writer->commit(put(or_throw(writer->head(soon())), a, "k", "old"), soon()));
  or_throw(writer->commit(put(or_throw(writer->head(soon())), b, "k", "old"), soon()));
  const auto before = or_throw(writer->head(soon()));
  kept_snapshot seen;
  seen.when_begun = [&] {
    commit_call clear{.base = or_throw(writer->head(soon())), .nonce = random_uuid(), .waves = {}};
    clear.waves = {{{.changes = {{.code = change_code::clear, .table = a}}, .reads = {}}}};
    or_throw(writer->commit(clear, soon()));
    or_throw(writer->commit(put(or_throw(writer->head(soon())), a, "k", "new"), soon()));
    or_throw(writer->drop("b", soon()));
    execute("SELECT " + config().schema + ".collect(), " + config().schema + ".collect()");
  };
  or_throw(reader->snapshot(seen, soon()));
  EXPECT_EQ(seen.at, before);
  EXPECT_EQ(seen.tables.size(), 2u);
  const std::vector<buffer> old{text("old")};
  EXPECT_EQ((seen.entries[{a, text("k")}]), old);
  EXPECT_EQ((seen.entries[{b, text("k")}]), old);
  const auto after = snapshot_of(*reader);
  EXPECT_EQ(after.entries.size(), 1u);
  EXPECT_EQ(after.tables.size(), 1u);
}

TEST_F(Server, APositionOfAnotherHistoryAndOneThatWasTrimmedAreToldApart) {
  const auto s = session();
  const auto t = or_throw(s->declare(wanted("t"), soon())).id;
  const auto first = or_throw(s->head(soon()));
  for (int i = 0; i < 5; ++i) {
    or_throw(s->commit(put(or_throw(s->head(soon())), t, "k", std::to_string(i)), soon()));
  }
  const auto last = or_throw(s->head(soon()));
  using relation = log_slice::relation;
  EXPECT_EQ(or_throw(s->since(last, 10, soon())).how, relation::continues);
  EXPECT_EQ(or_throw(s->since(last, 10, soon())).commits.size(), 0u);
  EXPECT_EQ(or_throw(s->since(first, 3, soon())).commits.size(), 3u);
  EXPECT_EQ(or_throw(s->since({last.seq, random_uuid()}, 10, soon())).how, relation::diverged);
  EXPECT_EQ(or_throw(s->since({last.seq + 1, random_uuid()}, 10, soon())).how, relation::diverged);
  const auto forked = or_throw(s->commit(put({last.seq, random_uuid()}, t, "k", "v"), soon()));
  EXPECT_EQ(forked.outcome, commit_outcome::other_history);

  execute("SELECT " + config().schema + ".trim(1, 2, '0 s')");
  EXPECT_EQ(or_throw(s->since(first, 10, soon())).how, relation::trimmed);
  EXPECT_EQ(or_throw(s->commit(put(first, t, "k", "v"), soon())).outcome,
            commit_outcome::base_trimmed);
}

TEST_F(Server, ATableIsDeclaredOnceAndNotFoundAfterItWasDropped) {
  const auto s = session();
  const auto t = or_throw(s->declare(wanted("t"), soon()));
  auto other = wanted("t", kind::bag);
  other.key_schema = text("another");
  EXPECT_EQ(or_throw(s->declare(other, soon())), t);
  const auto before = or_throw(s->head(soon()));
  or_throw(s->drop("t", soon()));
  EXPECT_EQ(s->drop("t", soon()).error(), errc::not_found);
  EXPECT_EQ(or_throw(s->commit(put(before, t.id, "k", "v"), soon())).outcome,
            commit_outcome::catalog_changed);
  EXPECT_NE(or_throw(s->declare(wanted("t"), soon())).id, t.id);
}

TEST_F(Server, AnOperationThatDoesNotFitItsTableIsRefusedAndChangesNothing) {
  const auto s = session();
  const auto bag = or_throw(s->declare(wanted("bag", kind::bag), soon())).id;
  const auto before = or_throw(s->head(soon()));
  const auto refused = s->commit(put(before, bag, "k", "v"), soon());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::server_error);
  EXPECT_EQ(or_throw(s->head(soon())), before);
}

TEST_F(Server, AKeyThatIsTooLargeForTheServersIndexIsASizeError) {
  const auto s = session();
  const auto t = or_throw(s->declare(wanted("t"), soon())).id;
  std::string key;  // does not compress
  for (std::uint64_t i = 0, x = 1; i < 4000;
       ++i, x = x * 6364136223846793005u + 1442695040888963407u) {
    key += static_cast<char>(x >> 56);
  }
  const auto refused = s->commit(put(or_throw(s->head(soon())), t, key, "v"), soon());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::size_limit_exceeded);
}

TEST_F(Server, ACommitWhoseAnswerWasLostIsDoneOnceHoweverOftenItIsSentAgain) {
  const auto first = session();
  const auto t = or_throw(first->declare(wanted("t"), soon())).id;
  const auto call = put(or_throw(first->head(soon())), t, "k", "v");
  auto holder = superuser();
  or_throw(
      holder.run("hold the space", "BEGIN; SELECT pg_advisory_xact_lock(1936221292, 1)", soon()));
  const auto lost = first->commit(call, in(std::chrono::milliseconds(50)));
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error(), errc::unavailable);
  EXPECT_TRUE(first->was_sent());
  or_throw(holder.run("let go", "COMMIT", soon()));

  // The backend of the lost session may commit before or after this, or never.
  const auto second = session();
  const auto answer = or_throw(second->commit(call, soon()));
  EXPECT_EQ(answer.outcome, commit_outcome::committed);
  EXPECT_EQ(or_throw(second->commit(call, soon())), answer);
  const auto log = or_throw(second->since(call.base, 10, soon()));
  ASSERT_EQ(log.commits.size(), 1u);
  EXPECT_EQ(log.commits[0].at, (log_position{answer.seq, answer.nonce}));
  EXPECT_EQ(log.commits[0].call, call.nonce);
}

TEST_F(Server, ACallThatIsSentAgainInAnotherHistoryMakesACommitOfAnotherName) {
  const auto s = session();
  const auto t = or_throw(s->declare(wanted("t"), soon())).id;
  const auto base = or_throw(s->head(soon()));
  const auto schema = config().schema;
  // What a server does that has not got the last commits, and goes on.
  const auto lose = [&] {
    const auto seq = std::to_string(base.seq);
    execute("DELETE FROM " + schema + ".commits WHERE seq > " + seq + "; UPDATE " + schema +
            ".spaces SET seq = " + seq + ", nonce = '" + to_string(base.nonce) + "'; DELETE FROM " +
            schema + ".entries");
  };
  const auto call = put(base, t, "k", "v");
  or_throw(s->commit(put(base, t, "other", "1"), soon()));
  const auto first = or_throw(s->commit(call, soon()));
  lose();
  or_throw(s->commit(put(base, t, "other", "2"), soon()));
  const auto second = or_throw(s->commit(call, soon()));
  EXPECT_EQ(first.seq, second.seq);
  EXPECT_NE(first.nonce, second.nonce);
  const auto diverged = log_slice::relation::diverged;
  EXPECT_EQ(or_throw(s->since({first.seq, first.nonce}, 10, soon())).how, diverged);
}

TEST_F(Server, WhoHoldsTheSpaceCommitsAndOthersWaitUntilItHasOrLetsGo) {
  const auto holder = session();
  const auto t = or_throw(holder->declare(wanted("t"), soon())).id;
  const auto head = or_throw(holder->head(soon()));
  EXPECT_EQ(or_throw(holder->hold(soon())), head);
  const auto call = put(head, t, "k", "other");
  const auto waits = session()->commit(call, in(std::chrono::milliseconds(50)));
  ASSERT_FALSE(waits);
  EXPECT_EQ(waits.error(), errc::unavailable);
  const auto mine = or_throw(holder->commit(put(head, t, "k", "mine"), soon()));
  EXPECT_EQ(mine.seq, head.seq + 1);
  // The call that waited may have been done since.
  const auto other = session();
  EXPECT_EQ(or_throw(other->commit(call, soon())).seq, head.seq + 2);
  const auto last = or_throw(holder->hold(soon()));
  EXPECT_EQ(last.seq, head.seq + 2);
  or_throw(holder->let_go(soon()));
  EXPECT_EQ(or_throw(other->commit(put(last, t, "k", "again"), soon())).seq, head.seq + 3);
  or_throw(holder->hold(soon()));
  EXPECT_FALSE(holder->commit(put(last, 99'999, "k", "no table"), soon()).value().seq == 0);
  EXPECT_EQ(or_throw(other->head(soon())).seq, head.seq + 3) << "nothing is left open";
  or_throw(other->commit(put(or_throw(other->head(soon())), t, "k", "last"), soon()));
}

TEST_F(Server, RowsOfTheLogThatMakeNoSenseAreServerErrors) {
  const auto s = session();
  const auto t = or_throw(s->declare(wanted("t"), soon())).id;
  const auto before = or_throw(s->head(soon()));
  or_throw(s->commit(put(before, t, "k", "v"), soon()));
  const auto last = std::to_string(before.seq + 1);
  for (const auto* lie :
       {"codes = '{1,1}'", "codes = '{9}'", "codes = '{11}'", "codes = '{NULL}'", "codes = '{{1}}'",
        "codes = '[0:0]={1}'", "codes = '{3}'", "tables = '{}'", "keys = '{NULL}'", "keys = NULL",
        "contents = NULL", "terms = '{x,y}'", "refused = '{1}'", "refused = '{1,7}'"}) {
    const auto rows = config().schema + ".commits WHERE seq = " + last;
    execute("CREATE TABLE " + config().schema + ".kept AS SELECT * FROM " + rows);
    execute("UPDATE " + config().schema + ".commits SET " + lie + " WHERE seq = " + last);
    const auto read = s->since(before, 10, soon());
    ASSERT_FALSE(read) << lie;
    EXPECT_EQ(read.error(), errc::server_error) << lie;
    execute("DELETE FROM " + rows + "; INSERT INTO " + config().schema + ".commits SELECT * FROM " +
            config().schema + ".kept; DROP TABLE " + config().schema + ".kept");
    EXPECT_EQ(or_throw(s->since(before, 10, soon())).commits.size(), 1u) << lie;
  }
}

TEST_F(Server, AGapInTheLogIsAServerErrorThatNamesTheCommit) {
  const auto s = session();
  const auto t = or_throw(s->declare(wanted("t"), soon())).id;
  const auto base = or_throw(s->head(soon()));
  for (int i = 0; i < 3; ++i) {
    or_throw(s->commit(put(or_throw(s->head(soon())), t, "k", "v"), soon()));
  }
  execute("DELETE FROM " + config().schema +
          ".commits WHERE seq = " + std::to_string(base.seq + 2));
  const auto read = s->since(base, 10, soon());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error(), errc::server_error);
  EXPECT_NE(read.error().message().find("commit 4 where 3 was expected"), std::string::npos)
      << read.error();
}

TEST_F(Server, AnEntryWithoutItsTermInAnOrderedTableEndsTheSnapshot) {
  const auto s = session();
  const auto t = or_throw(s->declare(wanted("t", kind::ordered_set), soon())).id;
  execute("INSERT INTO " + config().schema +
          ".entries SELECT store, 1, 1, 'k', '', NULL, 'v' FROM " + config().schema +
          ".tables WHERE id = " + std::to_string(t));
  kept_snapshot seen;
  const auto read = s->snapshot(seen, soon());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error(), errc::server_error);
  EXPECT_TRUE(seen.entries.empty());
}

TEST_F(Server, AWaitEndsWhenAnotherSessionWakesIt) {
  const auto waiting = session();
  const auto other = session();
  or_throw(waiting->listen(soon()));
  EXPECT_EQ(or_throw(waiting->wait(in(std::chrono::milliseconds(1)))), std::nullopt);
  or_throw(other->wake(17, soon()));
  EXPECT_EQ(or_throw(waiting->wait(soon())), 17);
}

TEST_F(Server, ABeatReportsTheNodeAndReturnsTheHead) {
  const auto s = session();
  or_throw(s->declare(wanted("t"), soon()));
  const auto head = or_throw(s->head(soon()));
  EXPECT_EQ(or_throw(s->beat(random_uuid(), "web-1", 0, soon())), head);
  const auto seen = or_throw(inspect(config()));
  ASSERT_EQ(seen.nodes.size(), 1u);
  EXPECT_EQ(seen.nodes[0].name, "web-1");
  EXPECT_EQ(seen.nodes[0].seq, 0);
}

}  // namespace
}  // namespace shelf::test
