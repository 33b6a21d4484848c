// TEST  cluster
// A server that is killed again and again: what it acknowledged is there, once.
#include "cluster/postgres_server.hpp"
#include "postgres.hpp"
#include "shelf/term.hpp"

#include <atomic>
#include <cstdlib>
#include <memory>
#include <thread>

namespace shelf::test {
namespace {

using namespace shelf::cluster;

bool script(const std::string& verb, const std::string& setting = "") {
  const auto command =
      "'" SHELF_TEST_POSTGRES_SCRIPT "' " + verb + " '" SHELF_TEST_POSTGRES "' " + setting;
  return std::system(command.c_str()) == 0;
}

class Crash : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(script("start", "fsync=on")); }
  void TearDown() override { EXPECT_TRUE(script("stop")); }
};

buffer encoded(const term& t) { return {t.encoded().begin(), t.encoded().end()}; }

/// The counter, read out of a snapshot.
struct counter final : snapshot_visitor {
  std::int64_t value = -1;
  result<> begin(const log_position&, const std::vector<catalog_table>&) override { return {}; }
  result<> entry(const snapshot_entry& e) override {
    value = or_throw(term::from_encoded(e.content)).as_integer().value();
    return {};
  }
};

/// A session that is opened again until there is one.
class lasting_session {
 public:
  server& operator*() {
    while (!open_) {
      auto opened = open_postgres({.connection = {.connection = server_connection()}}, soon());
      if (opened) open_ = std::move(*opened);
    }
    return *open_;
  }
  void forget() { open_.reset(); }

 private:
  std::unique_ptr<server> open_;
};

TEST_F(Crash, NothingAcknowledgedIsLostOrDoneTwiceWhenTheServerIsKilledAgainAndAgain) {
  or_throw(initialize({.connection = server_connection(), .deadline = std::chrono::seconds(60)}));
  lasting_session session;
  const auto table = or_throw((*session).declare(
      {.id = 0, .name = "counters", .what = kind::set, .key_schema = {}, .value_schema = {}},
      soon()));
  const auto base = or_throw((*session).head(soon()));
  std::atomic<int> crashes = 0;
  std::atomic<bool> failed = false;
  std::atomic<std::int64_t> acknowledged = 0;
  std::jthread killer([&](const std::stop_token& stop) {
    for (int i = 0; i < 4 && !failed && !stop.stop_requested(); ++i) {
      const auto seen = acknowledged.load();
      while (acknowledged < seen + 25 && !stop.stop_requested()) std::this_thread::yield();
      failed = !script("crash");
      ++crashes;
    }
  });
  int sent_again = 0;
  while (crashes < 4 && !failed) {
    change add{.code = change_code::add, .table = table.id, .key = encoded(term::integer(1))};
    add.content = encode(counter_step{.delta = 1, .initial = 0});
    const commit_call call{
        .base = base, .nonce = random_uuid(), .waves = {{{.changes = {add}, .reads = {}}}}};
    auto answer = (*session).commit(call, soon());
    while (!answer) {
      ASSERT_EQ(answer.error(), errc::unavailable) << answer.error();
      ++sent_again;
      session.forget();
      answer = (*session).commit(call, soon());
    }
    ASSERT_EQ(answer->outcome, commit_outcome::committed);
    ++acknowledged;
  }
  killer.join();
  ASSERT_FALSE(failed) << "the server did not start again";
  EXPECT_GT(sent_again, 0);
  session.forget();
  counter seen;
  or_throw((*session).snapshot(seen, soon()));
  EXPECT_EQ(seen.value, acknowledged);
  EXPECT_EQ(or_throw((*session).head(soon())).seq, base.seq + acknowledged);
}

TEST_F(Crash, APromiseThatTheServersSettingsBreakIsToldAndWritesWaitUntilItIsRestored) {
  using counters = map<std::string, int>;
  cluster::config how{.connection = server_connection(), .promise = promise::attested};
  how.deadline = std::chrono::seconds(60);
  how.on_error = [](const error&) {};
  or_throw(initialize(how));
  auto db = or_throw(cluster::open(how, declare<counters>("n")));
  auto n = or_throw(db.table<counters>("n"));
  or_throw(n.insert("k", 1));
  const auto here = or_throw(of(db));
  auto events = here.events();
  auto admin = or_throw(cluster::connection::open({.connection = server_connection()}, soon()));
  const auto set = [&](const std::string& setting) {
    or_throw(admin.run("set", "ALTER SYSTEM SET synchronous_commit = " + setting, soon()));
    or_throw(admin.run("reload", "SELECT pg_reload_conf()", soon()));
    or_throw(admin.run("end sessions",
                       "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                       " WHERE application_name = 'shelf node'",
                       soon()));
  };
  const auto wait_for = [&](event::kind what) {
    for (;;) {
      const auto e = events.next(std::chrono::seconds(60));
      if (!e || e->what == what) return e;
    }
  };
  set("off");
  std::jthread writer([&] { EXPECT_EQ(n.insert("k", 2), written::replaced); });
  const auto lost = wait_for(event::kind::promise_lost);
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->why, errc::unsafe_engine);
  EXPECT_NE(lost->why->message().find("synchronous_commit is off"), std::string::npos);
  EXPECT_EQ(here.status().promise_problem, errc::unsafe_engine);
  EXPECT_EQ(n.lookup("k"), 1);
  set("on");
  EXPECT_TRUE(wait_for(event::kind::promise_restored));
  writer.join();
  EXPECT_EQ(n.lookup("k"), 2);
}

}  // namespace
}  // namespace shelf::test
