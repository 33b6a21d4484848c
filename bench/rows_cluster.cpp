// BENCH  rows: cluster tables
// What does a read cost where PostgreSQL keeps the tables, what a commit, and when do others see
// it?
#include "measure.hpp"
#include "rivals/otp.hpp"
#include "rivals/postgres_server.hpp"
#include "rivals/redis_server.hpp"
#include "shelf_bank.hpp"
#include "staffed_bank.hpp"
#include "threads.hpp"

#include <shelf/cluster.hpp>

#include <fmt/format.h>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t many_threads = 64;

using users_table = shelf::map<std::string, std::string>;
using entries = std::vector<std::pair<std::string, std::string>>;

/// A server with the schema, and the nodes of each of its spaces.
class cluster_ground {
 public:
  cluster_ground(const bench_run& b, postgres_server::standby with)
      : server_(fresh_directory(b.options()), with),
        promise_(with == postgres_server::standby::none ? shelf::cluster::promise::attested
                                                        : shelf::cluster::promise::synchronous) {}

  /// A node of a space, which is created if there is none of that name.
  [[nodiscard]] shelf::database open(const std::string& space, const std::string& node = "a") {
    const auto how = config(space, node);
    shelf::or_throw(shelf::cluster::initialize(how));
    return shelf::or_throw(shelf::cluster::open(how));
  }
  [[nodiscard]] const postgres_server& server() const noexcept { return server_; }

 private:
  [[nodiscard]] shelf::cluster::config config(const std::string& space,
                                              const std::string& node) const {
    shelf::cluster::config how;
    how.connection = server_.connection();
    how.space = space;
    how.node = node;
    how.promise = promise_;
    how.deadline = std::chrono::seconds(30);
    return how;
  }

  postgres_server server_;
  shelf::cluster::promise promise_;
};

/// Opened when it is used first: rows that are not wanted start no server.
template <class T>
class late {
 public:
  explicit late(std::function<std::unique_ptr<T>()> make) : make_(std::move(make)) {}
  [[nodiscard]] T& operator*() {
    if (!made_) made_ = make_();
    return *made_;
  }

 private:
  std::function<std::unique_ptr<T>()> make_;
  std::shared_ptr<T> made_;
};

using late_ground = std::shared_ptr<late<cluster_ground>>;

[[nodiscard]] late_ground ground_with(const bench_run& b, postgres_server::standby with) {
  return std::make_shared<late<cluster_ground>>(
      [&b, with] { return std::make_unique<cluster_ground>(b, with); });
}

/// Some thousand writes a run: each waits for a disk.
[[nodiscard]] std::size_t few(const bench_run& b) { return b.options().durable; }
/// Writes that share their commits.
[[nodiscard]] std::size_t many(const bench_run& b) { return 10 * b.options().durable; }

/// Mnesia on two nodes, if it is installed.
[[nodiscard]] std::vector<rival> two_nodes(const bench_run& b, const std::string& verb,
                                           const std::string& storage, double target,
                                           std::size_t processes, std::size_t operations) {
  if (!has_mnesia()) return {};
  const mnesia_orders orders{.verb = verb,
                             .storage = storage,
                             .nodes = 2,
                             .accounts = accounts_of(b),
                             .processes = processes,
                             .operations = operations};
  return {{{"Mnesia, two nodes, " + storage,
            [&b, orders] { return mnesia(orders, fresh_directory(b.options())); }},
           target}};
}

[[nodiscard]] std::vector<rival> operator+(std::vector<rival> some, std::vector<rival> more) {
  std::ranges::move(more, std::back_inserter(some));
  return some;
}

/// The first keys of the workload, in batches, in the order in which they are written.
[[nodiscard]] std::span<const std::string> keys_of(const bench_run& b) {
  return std::span(b.data().to_write).first(static_cast<std::size_t>(accounts_of(b)));
}

void fill(users_table& table, std::span<const std::string> keys, const std::string& value) {
  constexpr std::size_t together = 1000;
  for (std::size_t i = 0; i < keys.size(); i += together) {
    entries some;
    for (const auto& key : keys.subspan(i, std::min(together, keys.size() - i))) {
      some.emplace_back(key, value);
    }
    shelf::or_throw(table.insert_range(some));
  }
}

void lookups(bench_run& b, const late_ground& g) {
  const std::string name = "cluster: lookup";
  if (!b.wants(name)) return;
  const auto keys = keys_of(b);
  auto db = (**g).open("lookups");
  auto users = shelf::or_throw(db.table<users_table>("users"));
  auto local = users_table::in_memory();
  fill(users, keys, b.data().value);
  fill(local, keys, b.data().value);
  const auto each = [&keys](const users_table& in) {
    constexpr std::size_t rounds = 10;
    return timed(rounds * keys.size(), [&] {
      for (std::size_t i = 0; i < rounds; ++i) {
        for (const auto& key : keys) keep(*in.lookup(key));
      }
    });
  };
  b.compare(name, "ns", [&] { return each(users); },
            {{{"shelf, a local table", [&] { return each(local); }}, 1.05}});
  db.abandon();
}

void transactions(bench_run& b, const late_ground& g) {
  const auto picks = pick(accounts_of(b), std::max<std::size_t>(many(b), 10'000), false);
  auto bank = late<staffed_bank>([&] {
    return std::make_unique<staffed_bank>(
        std::make_unique<shelf_bank>((**g).open("bank"), accounts_of(b)), many_threads);
  });
  const auto side = [&](verb what, std::size_t threads, std::size_t count) {
    return [&, what, threads, count] { return (*bank).play(what, threads, count, picks); };
  };
  b.compare("cluster: read-only transaction, 1 thread", "ns",
            side(verb::read, 1, b.options().entries / 5),
            two_nodes(b, "read", "ram_copies", 1.0 / 5, 1, b.options().entries / 50));
  b.compare("cluster: transfer, 64 threads", "ns", side(verb::transfer, many_threads, many(b)),
            two_nodes(b, "transfer", "ram_copies", 1, many_threads, many(b)));
}

/// One call at a time, of so many entries each; never what is there.
class putter {
 public:
  putter(shelf::database db, const bench_run& b)
      : db_(std::move(db)),
        users_(shelf::or_throw(db_.table<users_table>("users"))),
        keys_(keys_of(b)),
        values_{b.data().value, b.data().other_value} {}
  putter(const putter&) = delete;
  putter& operator=(const putter&) = delete;
  ~putter() { db_.abandon(); }

  /// Nanoseconds per call of all threads together, one entry each.
  [[nodiscard]] double play_together(std::size_t calls) {
    const auto& value = values_[++round_ % 2];
    const auto each = std::max<std::size_t>(1, calls / many_threads);
    return in_threads(many_threads, each, [&](std::size_t t, std::size_t i) {
      shelf::or_throw(users_.insert(keys_[(t * each + i) % keys_.size()], value));
    });
  }
  /// Nanoseconds per call.
  [[nodiscard]] double play(std::size_t calls, std::size_t of) {
    const auto& value = values_[++round_ % 2];
    return timed(calls, [&] {
      for (std::size_t i = 0; i < calls; ++i) {
        if (of == 1) {
          shelf::or_throw(users_.insert(keys_[i % keys_.size()], value));
          continue;
        }
        entries some;
        for (std::size_t j = 0; j < of; ++j) {
          some.emplace_back(keys_[(i * of + j) % keys_.size()], value);
        }
        shelf::or_throw(users_.insert_range(some));
      }
    });
  }

 private:
  shelf::database db_;
  users_table users_;
  std::span<const std::string> keys_;
  std::string values_[2];
  std::size_t round_ = 0;
};

/// Nanoseconds per call, of a connection without shelf.
[[nodiscard]] double play_raw(raw_upserts& raw, std::span<const std::string> keys,
                              const std::string& value, std::size_t calls, std::size_t of) {
  return timed(calls, [&] {
    for (std::size_t i = 0; i < calls; ++i) {
      const auto key = [&](std::size_t j) -> const std::string& {
        return keys[(i * of + j) % keys.size()];
      };
      of == 1 ? raw.put(key(0), value) : raw.put_many(of, key, value);
    }
  });
}

using late_putter = late<putter>;

[[nodiscard]] late_putter putter_on(const bench_run& b, const late_ground& g) {
  return late_putter([&b, g] { return std::make_unique<putter>((**g).open("puts"), b); });
}

void puts(bench_run& b, const late_ground& g) {
  auto ours = putter_on(b, g);
  auto raw = late<raw_upserts>([&] { return std::make_unique<raw_upserts>((**g).server()); });
  const auto shelf = [&](std::size_t calls, std::size_t of) {
    return [&ours, calls, of] { return (*ours).play(calls, of); };
  };
  const auto upserts = [&](std::size_t calls, std::size_t of) {
    return [&, calls, of] { return play_raw(*raw, keys_of(b), b.data().value, calls, of); };
  };
  const auto calls = std::max<std::size_t>(1, few(b) / 10);
  b.compare("cluster: put, 1 thread", "ns", shelf(few(b), 1),
            {{{"PostgreSQL, an upsert", upserts(few(b), 1)}, 2}});
  b.compare(
      "cluster: put, 64 threads", "ns", [&] { return (*ours).play_together(many(b)); },
      two_nodes(b, "write", "disc_copies", 1.0 / 3, many_threads, many(b)));
  b.compare("cluster: 64 puts in one call", "ns", shelf(calls, 64),
            {{{"PostgreSQL, 64 pipelined upserts", upserts(calls, 64)}, 1.6}});
  b.compare("cluster: 256 puts in one call", "ns", shelf(calls, 256),
            {{{"PostgreSQL, 256 pipelined upserts", upserts(calls, 256)}, 1.1}});
  b.compare("cluster: 100 puts in one call", "ns", shelf(calls, 100),
            two_nodes(b, "batch", "disc_copies", 1.0 / 3, 1, calls) +
                two_nodes(b, "batch", "ram_copies", 0, 1, calls));
}

/// Two Redis servers, each of which syncs what it confirms.
struct redis_pair {
  explicit redis_pair(const bench_run& b)
      : leader(fresh_directory(b.options()), redis_server::file::always_synced),
        follower(fresh_directory(b.options()), redis_server::file::always_synced, leader.port()) {
    for (int tries = 0; tries < 20; ++tries) {
      if (leader.set_replicated("a key", "a value")) return;
    }
    throw std::runtime_error("Redis has no replica");
  }
  void set(std::string_view key, std::string_view value) {
    if (!leader.set_replicated(key, value)) throw std::runtime_error("Redis lost its replica");
  }
  redis_server leader;
  redis_server follower;
};

void replicated_puts(bench_run& b) {
  const auto g = ground_with(b, postgres_server::standby::synchronous);
  auto ours = putter_on(b, g);
  auto redis = late<redis_pair>([&] { return std::make_unique<redis_pair>(b); });
  const auto keys = keys_of(b);
  const auto set = [&] {
    return timed(few(b), [&] {
      for (std::size_t i = 0; i < few(b); ++i) {
        (*redis).set(keys[i % keys.size()], b.data().value);
      }
    });
  };
  b.compare("cluster: put, one synchronous standby, 1 thread", "ns",
            [&] { return (*ours).play(few(b), 1); },
            {{{"Redis, AOF always synced, WAIT 1", has_redis() ? run(set) : run()}, 1.5}});
}

/// Two nodes of a space; how long it takes from the call of a put on the one until the other shows
/// it.
class two_replicas {
 public:
  explicit two_replicas(cluster_ground& g)
      : writer_(g.open("shown", "writer")), watcher_(g.open("shown", "watcher")) {}
  two_replicas(const two_replicas&) = delete;
  two_replicas& operator=(const two_replicas&) = delete;
  ~two_replicas() {
    watcher_.abandon();
    writer_.abandon();
  }

  /// The median in nanoseconds.
  [[nodiscard]] double play(std::size_t puts) {
    using clock = std::chrono::steady_clock;
    auto here = shelf::or_throw(writer_.table<accounts_table>("accounts"));
    auto there = shelf::or_throw(watcher_.table<accounts_table>("accounts"));
    std::atomic<std::int64_t> wanted{number_};
    std::atomic<std::int64_t> shown{number_};
    std::atomic<bool> stop{false};
    clock::time_point at;
    std::jthread watching([&] {
      while (!stop) {
        const auto next = wanted.load();
        if (next == shown.load() || there.lookup(0).value_or(0) != next) continue;
        at = clock::now();
        shown = next;
      }
    });
    std::vector<double> took;
    for (std::size_t i = 0; i < puts; ++i) {
      wanted = ++number_;
      const auto start = clock::now();
      shelf::or_throw(here.insert(0, number_));
      while (shown.load() != number_) std::this_thread::yield();
      took.push_back(std::chrono::duration<double, std::nano>(at - start).count());
    }
    stop = true;
    return median(std::move(took));
  }

 private:
  shelf::database writer_;
  shelf::database watcher_;
  std::int64_t number_ = 0;
};

void showing(bench_run& b, const late_ground& g) {
  auto replicas = late<two_replicas>([&] { return std::make_unique<two_replicas>(**g); });
  b.compare(
      "cluster: until another node shows a put, median", "ns",
      [&] { return (*replicas).play(few(b)); },
      two_nodes(b, "show", "ram_copies", 1.3, 1, few(b)) +
          two_nodes(b, "show", "disc_copies", 0, 1, few(b)));
}

}  // namespace

void measure_cluster(bench_run& b) {
  if (!has_postgres()) {
    fmt::print("cluster: no PostgreSQL server is installed\n");
    return;
  }
  const auto g = ground_with(b, postgres_server::standby::none);
  lookups(b, g);
  transactions(b, g);
  puts(b, g);
  showing(b, g);
  replicated_puts(b);
}

}  // namespace bench
