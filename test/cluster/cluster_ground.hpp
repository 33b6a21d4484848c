// TEST  cluster
// Databases over the server in memory: no threads, so that a test decides what happens when, and
// sessions that fail when they are told to.
#pragma once

#include "cluster/replication.hpp"
#include "cluster/sort_key.hpp"
#include "fake_server.hpp"
#include "shelf/cluster.hpp"
#include "shelf/term.hpp"

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace shelf::test {

/// The space of a cluster, and what its network does.
struct fake_cluster {
  std::shared_ptr<fake_server> space = std::make_shared<fake_server>();
  /// Asked before each call of a session, by its name: whether it fails.
  std::function<bool(std::string_view call)> fails = [](std::string_view) { return false; };
  /// The same afterwards: the call was done, and its answer is lost.
  std::function<bool(std::string_view call)> loses = [](std::string_view) { return false; };
  /// What a server that lies makes of the log.
  std::function<void(cluster::log_slice&)> lies = [](cluster::log_slice&) {};
  /// Why the server refuses a commit, if it does.
  std::function<std::optional<error>(const cluster::commit_call&)> refuses =
      [](const cluster::commit_call&) { return std::nullopt; };
  /// Whether it keeps its promise.
  std::function<result<>()> promises = [] { return result<>(); };
  /// The session that has the space to itself, and how long others wait for it.
  const void* holder = nullptr;
  std::chrono::milliseconds patience{0};
  int snapshots = 0;
  /// What is above belongs to who holds it: sessions of several threads are one after the other.
  std::recursive_mutex mutex = {};
  std::condition_variable_any woken = {};

  cluster::connect_function connection();
};

/// A session of such a cluster.
class fake_session final : public cluster::server {
 public:
  using deadline = cluster::deadline;
  using log_position = cluster::log_position;
  explicit fake_session(fake_cluster& of) : of_(of) {}
  ~fake_session() override { end_hold(); }

  std::string name() const override { return "fake"; }
  result<std::vector<cluster::catalog_table>> catalog(deadline until) override {
    return call("catalog", [&] { return of_.space->catalog(until); });
  }
  result<log_position> head(deadline until) override {
    return call("head", [&] { return of_.space->head(until); });
  }
  result<> snapshot(cluster::snapshot_visitor& to, deadline until) override {
    ++of_.snapshots;
    return call("snapshot", [&] { return of_.space->snapshot(to, until); });
  }
  result<cluster::log_slice> since(const log_position& known, std::size_t most,
                                   deadline until) override {
    return call("since", [&] {
      auto slice = of_.space->since(known, most, until);
      if (slice) of_.lies(*slice);
      return slice;
    });
  }
  result<cluster::commit_answer> commit(const cluster::commit_call& c, deadline until) override {
    return in_turn<cluster::commit_answer>("commit", until, [&] {
      const auto why = of_.refuses(c);
      end_hold();
      return why ? std::unexpected(*why) : of_.space->commit(c, until);
    });
  }
  result<log_position> hold(deadline until) override {
    return in_turn<log_position>("hold", until, [&] {
      of_.holder = this;
      return of_.space->head(until);
    });
  }
  result<> let_go(deadline) override {
    end_hold();
    return {};
  }
  bool was_sent() const noexcept override { return was_sent_; }
  result<log_position> beat(const cluster::uuid& node, std::string_view name, std::int64_t seq,
                            deadline until) override {
    return call("beat", [&] { return of_.space->beat(node, name, seq, until); });
  }
  result<> check_promise(deadline) override {
    return call("check_promise", [&] { return of_.promises(); });
  }
  result<cluster::catalog_table> declare(const cluster::catalog_table& wanted,
                                         deadline until) override {
    return call("declare", [&] { return of_.space->declare(wanted, until); });
  }
  result<> drop(std::string_view table, deadline until) override {
    return call("drop", [&] { return of_.space->drop(table, until); });
  }
  result<bool> trim(std::int64_t keep, std::chrono::seconds older_than, deadline until) override {
    return call("trim", [&] { return of_.space->trim(keep, older_than, until); });
  }
  result<> wake(std::int64_t, deadline) override {
    of_.woken.notify_all();
    return {};
  }
  result<> listen(deadline) override { return {}; }
  result<std::optional<std::int64_t>> wait(deadline until) override {
    std::unique_lock lock(of_.mutex);
    const auto soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(5);
    if (of_.woken.wait_until(lock, std::min(until, soon)) == std::cv_status::timeout) {
      return std::nullopt;
    }
    return std::numeric_limits<std::int64_t>::max();
  }

 private:
  void end_hold() {
    const std::scoped_lock lock(of_.mutex);
    if (of_.holder == this) of_.holder = nullptr;
    of_.woken.notify_all();
  }
  /// Waits for who has the space to itself.
  template <class T, class F>
  result<T> in_turn(std::string_view which, deadline until, F f) {
    const auto last = std::min(until, std::chrono::steady_clock::now() + of_.patience);
    for (;;) {
      {
        const std::scoped_lock lock(of_.mutex);
        was_sent_ = false;
        if (of_.holder == nullptr || of_.holder == this) return call(which, f);
      }
      std::unique_lock lock(of_.mutex);
      const auto is_free = [&] { return of_.holder == nullptr; };
      if (of_.woken.wait_until(lock, last, is_free)) continue;
      return std::unexpected(error(errc::unavailable, "fake: another has the space to itself"));
    }
  }
  template <class F>
  auto call(std::string_view which, F f) -> decltype(f()) {
    const std::scoped_lock lock(of_.mutex);
    was_sent_ = false;
    if (of_.fails(which)) return std::unexpected(error(errc::unavailable, "fake: not reached"));
    was_sent_ = true;
    auto done = f();
    if (of_.loses(which)) return std::unexpected(error(errc::unavailable, "fake: answer lost"));
    return done;
  }

  fake_cluster& of_;
  bool was_sent_ = false;
};

inline cluster::connect_function fake_cluster::connection() {
  return [this](cluster::deadline) -> result<std::unique_ptr<cluster::server>> {
    const std::scoped_lock lock(mutex);
    if (fails("connect")) return std::unexpected(error(errc::unavailable, "fake: not reached"));
    if (auto kept = promises(); !kept) return std::unexpected(kept.error());
    return std::make_unique<fake_session>(*this);
  };
}

/// As tests that take the steps themselves want it.
inline cluster::replication_settings by_hand(int rounds = 200) {
  cluster::replication_settings how;
  how.has_threads = false;
  how.rounds = rounds;
  return how;
}

/// A database of that cluster.
template <class... T>
[[nodiscard]] result<database> open_in(fake_cluster& c, cluster::replication_settings how,
                                       declared<T>... tables) {
  const detail::decoding_rules rules{};
  auto wanted = detail::all_untyped(rules, {}, std::move(tables)...);
  how.label = "fake";
  detail::core_config config;
  config.on_error = [](const error&) {};
  auto opened = cluster::open_replicated(c.connection(), std::move(how), std::move(config),
                                         std::move(wanted));
  if (!opened) return std::unexpected(opened.error());
  return detail::database_access::handle(std::move(*opened), rules, {});
}

/// With the tables of random_calls, made in the order of their numbers.
inline result<database> open_random_tables(fake_cluster& c, cluster::replication_settings how) {
  return open_in(c, std::move(how), declare<map<std::string, int>>("set"),
                 declare<ordered_map<std::string, int>>("order"),
                 declare<bag<std::string, int>>("bag"),
                 declare<duplicate_bag<std::string, int>>("duplicates"),
                 declare<map<std::string, std::int64_t>>("counters"));
}

/// What is behind such a database.
inline cluster::replication& behind(const database& db) {
  const auto by = detail::authority_of(*detail::database_access::core_of(db));
  return dynamic_cast<cluster::replication&>(*by);
}

/// All entries of a space or of a database: by table and key, the values in their order.
using entries_by_key =
    std::map<std::pair<std::string, cluster::buffer>, std::vector<cluster::buffer>>;

inline entries_by_key entries_of(const fake_server& s) {
  struct collector final : cluster::snapshot_visitor {
    std::map<std::int32_t, std::string> names;
    entries_by_key all;
    result<> begin(const cluster::log_position&,
                   const std::vector<cluster::catalog_table>& tables) override {
      for (const auto& t : tables) names[t.id] = t.name;
      return {};
    }
    result<> entry(const cluster::snapshot_entry& e) override {
      const auto key = e.term.value_or(e.key);
      all[{names.at(e.table), {key.begin(), key.end()}}].emplace_back(e.content.begin(),
                                                                      e.content.end());
      return {};
    }
  } to;
  auto copy = s;
  or_throw(copy.snapshot(to, {}));
  return to.all;
}

/// A table of strings and integers, as a moment shows it.
template <class Shown>
void add_entries(entries_by_key& all, const std::string& name, const Shown& shown) {
  for (const auto& [key, value] : shown) {
    const auto k = term::binary(std::string_view(key));
    const auto v = term::integer(value);
    all[{name, {k.encoded().begin(), k.encoded().end()}}].emplace_back(v.encoded().begin(),
                                                                       v.encoded().end());
  }
}

/// A database with the tables of random_calls.
struct random_tables {
  database db;
  map<std::string, int> in_set = or_throw(db.table<map<std::string, int>>("set"));
  ordered_map<std::string, int> in_order =
      or_throw(db.table<ordered_map<std::string, int>>("order"));
  bag<std::string, int> in_bag = or_throw(db.table<bag<std::string, int>>("bag"));
  duplicate_bag<std::string, int> in_duplicates =
      or_throw(db.table<duplicate_bag<std::string, int>>("duplicates"));
  map<std::string, std::int64_t> in_counters =
      or_throw(db.table<map<std::string, std::int64_t>>("counters"));

  [[nodiscard]] entries_by_key entries() const {
    entries_by_key all;
    const auto moment = db.snapshot();
    add_entries(all, "set", moment(in_set));
    add_entries(all, "order", moment(in_order));
    add_entries(all, "bag", moment(in_bag));
    add_entries(all, "duplicates", moment(in_duplicates));
    add_entries(all, "counters", moment(in_counters));
    return all;
  }
};

/// Takes steps until the replica has nothing left to do; at most so many.
inline void settle(const database& db, int most = 100) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  for (int i = 0; i < most; ++i) {
    if (behind(db).follows().step(until) == cluster::follower::next::wait) return;
  }
}

}  // namespace shelf::test
