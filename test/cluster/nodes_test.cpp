// TEST  cluster
// Nodes on a real PostgreSQL: each shows what the others commit.
#include "budget.hpp"
#include "postgres.hpp"
#include "shelf/database_changes.hpp"

#include <atomic>
#include <set>
#include <thread>
#include <vector>

namespace shelf::test {
namespace {

using namespace shelf::cluster;
using counters = map<std::string, std::int64_t>;
using ages_table = ordered_map<std::string, int>;

constexpr std::chrono::seconds patience{60};

class Nodes : public PostgresTest {
 protected:
  Nodes() { or_throw(initialize(config())); }

  /// As the tests' server is: it syncs nothing.
  [[nodiscard]] cluster::config node(const std::string& name) {
    auto how = config();
    how.node = name;
    how.promise = promise::none;
    how.on_error = [](const error&) {};
    return how;
  }
};

TEST_F(Nodes, AWriteIsDeniedWhileThePrivilegeIsGoneAndDoneWhenItIsBack) {
  const auto role = config().schema + "_web";
  const auto app = config().schema + "_app";
  execute("CREATE ROLE " + role + " LOGIN; GRANT " + app + " TO " + role);
  {
    auto admin = or_throw(cluster::open(node("admin"), declare<counters>("n")));
    auto how = node("web");
    how.connection += " user=" + role;
    how.deadline = std::chrono::seconds(1);
    auto db = or_throw(cluster::open(how, declare<counters>("n")));
    auto n = or_throw(db.table<counters>("n"));
    const auto write_until = [&](auto is_reached) {
      const auto until = std::chrono::steady_clock::now() + patience;
      result<written> last = written::unchanged;
      do {
        last = n.insert("k", 1);
      } while (!is_reached(last) && std::chrono::steady_clock::now() < until);
      return last;
    };
    execute("REVOKE " + app + " FROM " + role);
    const auto denied = write_until([](const auto& r) { return !r && r.error() == errc::denied; });
    ASSERT_FALSE(denied);
    EXPECT_EQ(denied.error(), errc::denied);
    EXPECT_NE(denied.error().message().find("permission denied"), std::string::npos);
    execute("GRANT " + app + " TO " + role);
    EXPECT_TRUE(write_until([](const auto& r) { return r.has_value(); }));
  }
  execute("DROP ROLE " + role);
}

TEST_F(Nodes, ShowEachOtherWhatTheyCommitInTablesOfAllKinds) {
  const auto declared = [&](const std::string& name) {
    return or_throw(cluster::open(
        node(name), declare<counters>("n"), declare<ages_table>("o'dd \"näme\" ☕"),
        declare<bag<std::string, int>>("bag"), declare<duplicate_bag<int, std::string>>("copies")));
  };
  auto a = declared("a");
  auto b = declared("b");
  const auto here = or_throw(of(b));
  auto n = or_throw(a.table<counters>("n"));
  auto ages = or_throw(a.table<ages_table>("o'dd \"näme\" ☕"));
  auto several = or_throw(a.table<bag<std::string, int>>("bag"));
  auto copies = or_throw(a.table<duplicate_bag<int, std::string>>("copies"));
  EXPECT_EQ(n.insert("k", 1), written::added);
  EXPECT_EQ(n.insert("k", 1), written::unchanged);
  EXPECT_EQ(n.insert("k", 2), written::replaced);
  EXPECT_EQ(n.update_counter("k", 1'000'000'000'000), 1'000'000'000'002);
  EXPECT_EQ(n.insert_new("k", 2).error(), errc::key_already_present);
  or_throw(ages.insert_range({{"bob", 40}, {"alice", 30}, {"zed", 1}}));
  EXPECT_EQ(or_throw(ages.take_last()).first, "zed");
  for (const auto value : {3, 1, 3, 2}) or_throw(several.insert("k", value));
  EXPECT_EQ(several.erase("k", 1), 1u);
  for (const auto* value : {"x", "y", "x"}) or_throw(copies.insert(7, value));
  EXPECT_EQ(n.erase("gone"), 0u);

  or_throw(here.wait_for(or_throw(of(a)).position(), patience));
  EXPECT_EQ(or_throw(b.table<counters>("n")).lookup("k"), 1'000'000'000'002);
  const auto there = or_throw(b.table<ages_table>("o'dd \"näme\" ☕"));
  EXPECT_EQ(there.to_vector().front().first, "alice");
  EXPECT_EQ(there.size(), 2u);
  EXPECT_EQ(or_throw(b.table<bag<std::string, int>>("bag")).lookup("k"), (std::vector{3, 2}));
  EXPECT_EQ((or_throw(b.table<duplicate_bag<int, std::string>>("copies")).lookup(7)),
            (std::vector<std::string>{"x", "y", "x"}));
  EXPECT_EQ(or_throw(several.clear()), 2u);
  or_throw(b.sync());
  EXPECT_TRUE((or_throw(b.table<bag<std::string, int>>("bag")).empty()));

  // A third one loads what the others have followed.
  auto c = declared("c");
  EXPECT_EQ(or_throw(c.table<counters>("n")).lookup("k"), 1'000'000'000'002);
  EXPECT_EQ((or_throw(c.table<duplicate_bag<int, std::string>>("copies")).lookup(7)),
            (std::vector<std::string>{"x", "y", "x"}));
  EXPECT_EQ(or_throw(inspect(config())).nodes.size(), 3u);
}

TEST_F(Nodes, CountEveryStepOnceWhileTheirSessionsAreEnded) {
  // Names of their own: other tests use the server meanwhile.
  database nodes[] = {or_throw(cluster::open(node("ended 1"), declare<counters>("n"))),
                      or_throw(cluster::open(node("ended 2"), declare<counters>("n")))};
  const auto steps = static_cast<int>(budgeted(100));
  std::vector<std::thread> writers;
  for (auto& db : nodes) {
    for (int w = 0; w < 4; ++w) {
      writers.emplace_back([&] {
        auto n = or_throw(db.table<counters>("n"));
        for (int i = 0; i < steps; ++i) {
          EXPECT_TRUE(n.update_counter("hot", 1, {.initial = 0}));
        }
      });
    }
  }
  auto admin = superuser();
  for (int i = 0; i < 5; ++i) {
    or_throw(admin.run("end sessions",
                       "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                       " WHERE application_name IN ('shelf ended 1', 'shelf ended 2')",
                       soon()));
    const auto seen = or_throw(of(nodes[0]));
    (void)seen.wait_for({seen.position().seq + 5, {}}, std::chrono::seconds(1));
  }
  for (auto& w : writers) w.join();
  for (auto& db : nodes) {
    or_throw(db.sync());
    EXPECT_EQ(or_throw(db.table<counters>("n")).lookup("hot"), 8 * steps);
    EXPECT_EQ(or_throw(of(db)).status().divergences, 0u);
    or_throw(db.close());
  }
}

TEST_F(Nodes, MoveMoneyInTransactionsAndNoneSeesASumThatNeverWas) {
  using accounts = ordered_map<std::string, std::int64_t>;
  database nodes[] = {or_throw(cluster::open(node("a"), declare<accounts>("n"))),
                      or_throw(cluster::open(node("b"), declare<accounts>("n")))};
  or_throw(or_throw(nodes[0].table<accounts>("n")).insert_range({{"a", 100}, {"b", 100}}));
  or_throw(nodes[1].sync());
  const auto rounds = static_cast<int>(budgeted(40));
  std::vector<std::thread> threads;
  for (auto& db : nodes) {
    threads.emplace_back([&] {
      auto n = or_throw(db.table<accounts>("n"));
      for (int i = 0; i < rounds; ++i) {
        EXPECT_TRUE(db.transact(
            [&](transaction& tx) {
              auto t = tx(n);
              std::int64_t sum = 0;
              for (const auto& [key, value] : t) sum += value;
              EXPECT_EQ(sum, 200);
              or_throw(t.insert("a", *t.lookup("a") - 1));
              or_throw(t.insert("b", *t.lookup("b") + 1));
            },
            {.attempts = 10'000}));
      }
    });
  }
  for (auto& t : threads) t.join();
  for (auto& db : nodes) {
    or_throw(db.sync());
    EXPECT_EQ(or_throw(db.table<accounts>("n")).lookup("a"), 100 - 2 * rounds);
  }
}

TEST_F(Nodes, ALongTransactionSucceedsWithinEightAttemptsAgainstSevenNodesOfShortOnes) {
  std::vector<database> nodes;
  for (int i = 0; i < 8; ++i) {
    nodes.push_back(or_throw(cluster::open(node("n" + std::to_string(i)), declare<counters>("n"))));
  }
  std::atomic<bool> is_over{false};
  std::vector<std::thread> short_ones;
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    short_ones.emplace_back([&, i] {
      auto n = or_throw(nodes[i].table<counters>("n"));
      while (!is_over) (void)n.update_counter("k" + std::to_string(i), 1, {.initial = 0});
    });
  }
  auto n = or_throw(nodes[0].table<counters>("n"));
  for (int round = 0; round < 3; ++round) {
    const auto done = nodes[0].transact(
        [&](transaction& tx) {
          std::int64_t sum = 0;
          for (int i = 1; i < 8; ++i) {
            sum += tx(n).lookup("k" + std::to_string(i)).value_or(0);
            // Long enough for others to come in between.
            (void)or_throw(of(nodes[0])).wait_for({INT64_MAX, {}}, std::chrono::milliseconds(5));
          }
          or_throw(tx(n).insert("sum", sum));
        },
        {.attempts = 8});
    EXPECT_TRUE(done) << done.error();
  }
  is_over = true;
  for (auto& t : short_ones) t.join();
}

TEST_F(Nodes, PostWritesThatAreCommittedWhenTheirTicketsSayAndFreshReadsSeeThem) {
  auto a = or_throw(cluster::open(node("a"), declare<counters>("n")));
  auto b = or_throw(cluster::open(node("b"), declare<counters>("n")));
  auto n = or_throw(a.table<counters>("n"));
  const auto there = or_throw(b.table<counters>("n"));
  const auto here = or_throw(of(a));
  ticket last;
  const auto rounds = static_cast<int>(budgeted(500));
  for (int i = 0; i < rounds; ++i) {
    last = or_throw(a.post([&](transaction& tx) {
      or_throw(tx(n).insert("last", i));
      or_throw(tx(n).add("count", 1, {.initial = 0}));
    }));
  }
  or_throw(last.wait());
  EXPECT_EQ(or_throw(here.outcome(last)).is, write_outcome::state::committed);
  EXPECT_EQ(n.lookup("count"), rounds);
  EXPECT_EQ(
      b.read([&](const auto& moment) { return *moment(there).lookup("count"); }, {.fresh = true}),
      rounds);
  EXPECT_EQ(there.lookup("last"), rounds - 1);
  EXPECT_EQ(here.status().queued_writes, 0u);
}

TEST_F(Nodes, LoadAnewWhatTheLogNoLongerHasAndTellTheirFeeds) {
  auto a = or_throw(cluster::open(node("a"), declare<counters>("n")));
  auto n = or_throw(a.table<counters>("n"));
  auto feed = or_throw(a.changes());
  for (int i = 0; i < 20; ++i) or_throw(n.insert("k", i));
  or_throw(a.reload());
  EXPECT_EQ(n.lookup("k"), 19);
  EXPECT_EQ(or_throw(of(a)).status().resyncs, 1u);
  EXPECT_TRUE(feed.next(patience));
}

TEST_F(Nodes, SayAtOnceWhatKeepsThemFromBeingOpened) {
  auto unsafe = node("a");
  unsafe.promise = promise::synchronous;
  const auto promised = cluster::open(unsafe, declare<counters>("n"));
  ASSERT_FALSE(promised);
  EXPECT_EQ(promised.error(), errc::unsafe_engine);
  auto nowhere = node("a");
  nowhere.space = "nowhere";
  EXPECT_EQ(cluster::open(nowhere).error(), errc::not_found);
  const auto first = or_throw(cluster::open(node("a"), declare<counters>("n")));
  EXPECT_EQ((cluster::open(node("b"), declare<map<int, int>>("n")).error()), errc::type_mismatch);
  EXPECT_EQ((cluster::open(node("b"), declare<bag<std::string, int>>("n")).error()),
            errc::wrong_kind);
  EXPECT_EQ(cluster::open(node("b"), declare<counters>("")).error(), errc::invalid_argument);
  auto impossible = node("a");
  impossible.deadline = {};
  EXPECT_EQ(cluster::open(impossible).error(), errc::invalid_argument);
}

TEST_F(Nodes, WithoutThePrivilegeToCreateUseTheTablesThatAreThere) {
  execute("DROP ROLE IF EXISTS only_uses; CREATE ROLE only_uses LOGIN");
  or_throw(grant(config(), "only_uses", privilege::use));
  const auto first = or_throw(cluster::open(node("a"), declare<counters>("n")));
  auto second = node("b");
  second.connection += " user=only_uses";
  auto db = or_throw(cluster::open(second, declare<counters>("n")));
  EXPECT_EQ(or_throw(db.table<counters>("n")).insert("k", 1), written::added);
  EXPECT_EQ(db.table<counters>("another").error(), errc::denied);
  or_throw(db.close());
  execute("REVOKE " + config().schema + "_app FROM only_uses; DROP ROLE only_uses");
}

TEST_F(Nodes, ProveThatTheyAreFreshAsLongAsTheServerAnswers) {
  auto how = node("a");
  how.max_staleness = std::chrono::seconds(30);
  auto db = or_throw(cluster::open(how, declare<counters>("n")));
  const auto n = or_throw(db.table<counters>("n"));
  EXPECT_EQ(n.lookup("k").error(), errc::not_found);
  const auto age = or_throw(of(db)).status().age;
  ASSERT_TRUE(age);
  EXPECT_LT(*age, std::chrono::seconds(30));
}

TEST_F(Nodes, RefuseAKeyThatIsTooLargeForTheServerAndGoOn) {
  auto db = or_throw(cluster::open(node("a"), declare<counters>("n")));
  auto n = or_throw(db.table<counters>("n"));
  std::string key;  // does not compress
  for (std::uint64_t i = 0, x = 1; i < 4000;
       ++i, x = x * 6364136223846793005u + 1442695040888963407u) {
    key += static_cast<char>(x >> 56);
  }
  EXPECT_EQ(n.insert(key, 1).error(), errc::size_limit_exceeded);
  EXPECT_EQ(n.insert("k", 1), written::added);
  EXPECT_EQ(n.insert(std::string(std::size_t{16} << 20, 'x'), 1).error(),
            errc::size_limit_exceeded);
}

}  // namespace
}  // namespace shelf::test
