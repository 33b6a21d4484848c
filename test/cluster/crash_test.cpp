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

bool script(const std::string& verb) {
  const auto command = "'" SHELF_TEST_POSTGRES_SCRIPT "' " + verb + " '" SHELF_TEST_POSTGRES "'";
  return std::system(command.c_str()) == 0;
}

class Crash : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(script("start")); }
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

}  // namespace
}  // namespace shelf::test
