// TEST  cluster
// Nodes that do not speak to the server alone: one reads from a standby, others go through a
// pooler.
#include "postgres.hpp"

#include <cstdlib>
#include <thread>

namespace shelf::test {
namespace {

using namespace shelf::cluster;
using counters = map<std::string, std::int64_t>;

constexpr std::chrono::seconds patience{60};

const std::string leading = SHELF_TEST_POSTGRES;
const std::string standby = leading + ".standby";
const std::string pooler = leading + ".pooler";

bool script(const std::string& words) {
  return std::system(("'" SHELF_TEST_POSTGRES_SCRIPT "' " + words).c_str()) == 0;
}
std::string quoted(const std::string& note) { return "'" + note + "'"; }

std::string connection_of(const std::string& note) {
  int port = 0;
  std::ifstream(note) >> port;
  return "host=127.0.0.1 user=postgres dbname=postgres sslmode=disable port=" +
         std::to_string(port);
}

void execute(const std::string& note, const std::string& statements) {
  auto c =
      or_throw(connection::open({.connection = connection_of(note), .sessions = "any"}, soon()));
  or_throw(c.run("prepare a test", statements, soon()));
}

/// How many sessions a node has there.
std::int64_t sessions_of(const std::string& note, const std::string& node) {
  auto c =
      or_throw(connection::open({.connection = connection_of(note), .sessions = "any"}, soon()));
  const std::array name{wire::encode(std::string_view(node))};
  const auto rows = or_throw(c.query(
      "count", "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'shelf ' || $1",
      name, soon()));
  return or_throw(rows.get<std::int64_t>(0, 0));
}

cluster::config node(const std::string& name, const std::string& note) {
  cluster::config how;
  how.connection = connection_of(note);
  how.node = name;
  how.promise = promise::none;
  how.deadline = patience;
  how.on_error = [](const error&) {};
  return how;
}

class Detours : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(script("start " + quoted(leading)));
    or_throw(initialize(node("first", leading)));
  }
  void TearDown() override {
    for (const auto& note : {standby, pooler, leading}) EXPECT_TRUE(script("stop " + quoted(note)));
  }
};

/// Commits, and waits until the other has it.
void expect_shown(database& by, database& to, std::int64_t value) {
  or_throw(or_throw(by.table<counters>("n")).insert("k", value));
  or_throw(or_throw(of(to)).wait_for(or_throw(of(by)).position(), patience));
  EXPECT_EQ(or_throw(to.table<counters>("n")).lookup("k"), value);
}

TEST_F(Detours, ANodeThatReadsFromAStandbyShowsWhatAllCommit) {
  ASSERT_TRUE(script("follow " + quoted(standby) + " " + quoted(leading)));
  execute(leading, "ALTER SYSTEM RESET synchronous_standby_names");
  execute(leading, "SELECT pg_reload_conf()");
  auto writer = or_throw(cluster::open(node("writer", leading), declare<counters>("n")));
  auto how = node("reader", leading);
  how.read_from = connection_of(standby);
  auto reader = or_throw(cluster::open(how, declare<counters>("n")));
  expect_shown(writer, reader, 1);
  expect_shown(reader, writer, 2);
  EXPECT_EQ(sessions_of(standby, "reader"), 1);
  EXPECT_EQ(sessions_of(leading, "reader"), 1);

  // A standby that is behind is no other history.
  execute(standby, "SELECT pg_wal_replay_pause()");
  or_throw(or_throw(writer.table<counters>("n")).insert("k", 3));
  auto here = or_throw(reader.table<counters>("n"));
  EXPECT_EQ(here.update_counter("k", 1), 4);
  EXPECT_EQ(here.lookup("k"), 4);
  const auto own = or_throw(of(reader)).position();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // sleeps: it asks the standby
  EXPECT_EQ(or_throw(of(reader)).position(), own);
  execute(standby, "SELECT pg_wal_replay_resume()");
  expect_shown(writer, reader, 5);

  // One that is gone is done without.
  ASSERT_TRUE(script("stop " + quoted(standby)));
  expect_shown(writer, reader, 6);
  const auto status = or_throw(of(reader)).status();
  EXPECT_EQ(status.divergences, 0u);
  EXPECT_EQ(status.resyncs, 0u);
  or_throw(reader.close());
  or_throw(writer.close());
}

TEST_F(Detours, NodesBehindAPoolerCountEachStepOnceAndSeeEachOther) {
  ASSERT_TRUE(script("pool " + quoted(pooler) + " " + quoted(leading)));
  const auto pooled = [](const std::string& name) {
    auto how = node(name, pooler);
    how.pooled = true;
    return or_throw(cluster::open(how, declare<counters>("n")));
  };
  database nodes[] = {pooled("a"), pooled("b"),
                      or_throw(cluster::open(node("c", leading), declare<counters>("n")))};
  constexpr int steps = 50;
  std::vector<std::jthread> writers;
  for (auto& db : nodes) {
    writers.emplace_back([&db] {
      auto n = or_throw(db.table<counters>("n"));
      for (int i = 0; i < steps; ++i) {
        EXPECT_TRUE(n.update_counter("hot", 1, {.initial = 0}));
      }
    });
  }
  writers.clear();
  for (auto& db : nodes) {
    or_throw(db.sync());
    EXPECT_EQ(or_throw(db.table<counters>("n")).lookup("hot"), 3 * steps);
  }
  expect_shown(nodes[0], nodes[1], 1);
  expect_shown(nodes[2], nodes[0], 2);
  expect_shown(nodes[1], nodes[2], 3);
  for (auto& db : nodes) or_throw(db.close());
}

}  // namespace
}  // namespace shelf::test
