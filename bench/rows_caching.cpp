// BENCH  rows: caching
// What do deadlines and bounds cost, compared with Redis and a cache of tkrzw, and how many lookups
// does a bounded table miss, compared with exact LRU?
#include "measure.hpp"
#include "rivals/exact_lru.hpp"
#include "rivals/redis_server.hpp"
#include "rivals/tkrzw_cache.hpp"
#include "shelf_table.hpp"
#include "traces.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace bench {
namespace {

using namespace std::chrono_literals;

[[nodiscard]] text_map open_bounded(std::size_t entries) {
  return shelf::or_throw(text_map::in_memory("bounded", {.bounds = {.max_entries = entries}}));
}

[[nodiscard]] run lookups_in(const text_map& table, const workload& w) {
  return [&] {
    return timed(w.to_read.size(), [&] {
      for (const auto& key : w.to_read) keep(*table.lookup(key));
    });
  };
}

void deadlines(bench_run& b) {
  const auto& w = b.data();
  const auto filled = [&w](const shelf::memory_options& options) {
    return [&w, options] {
      auto t = shelf::or_throw(text_map::in_memory("table", options));
      return timed(w.to_write.size(), [&] { fill(t, w); });
    };
  };
  b.compare("expiry: insert with a ttl", "ns", filled({.ttl = 1h}),
            {{{"shelf, no ttl", filled({})}, 1.2}});
  if (!b.wants("expiry: lookup, with a deadline")) return;
  auto expiring = shelf::or_throw(text_map::in_memory("expiring", {.ttl = 24h}));
  auto plain = text_map::in_memory();
  fill(expiring, w);
  fill(plain, w);
  const auto plain_lookup = lookups_in(plain, w);
  b.compare("expiry: lookup, with a deadline", "ns", lookups_in(expiring, w),
            {{{"shelf, no deadline, + 15 ns", [&] { return plain_lookup() + 15; }}, 1}});
}

/// A hundred commands on their way at a time.
template <class F>
[[nodiscard]] double in_pipelines(const std::vector<std::string>& keys, F f) {
  constexpr std::size_t depth = 100;
  return timed(keys.size(), [&] {
    const std::span all(keys);
    for (std::size_t at = 0; at < all.size(); at += depth) {
      f(all.subspan(at, std::min(depth, all.size() - at)));
    }
  });
}

void redis(bench_run& b) {
  const auto& w = b.data();
  constexpr auto long_enough = 1h;
  if (!b.wants("expiry: set with an expiry") && !b.wants("expiry: get")) return;
  auto table = text_map::in_memory();
  const auto set = [&] {
    return timed(w.to_write.size(), [&] {
      for (const auto& key : w.to_write) {
        shelf::or_throw(table.insert(key, w.value, shelf::expiry::in(long_enough)));
      }
    });
  };
  std::optional<redis_server> server;
  run their_set;
  run their_get;
  if (has_redis()) {
    server.emplace(fresh_directory(b.options()));
    their_set = [&] {
      return in_pipelines(w.to_write,
                          [&](auto keys) { server->set_many(keys, w.value, long_enough); });
    };
    their_get = [&] {
      return in_pipelines(w.to_read, [&](auto keys) { keep(server->get_many(keys)); });
    };
    (void)their_set();
  }
  (void)set();
  b.compare("expiry: set with an expiry", "ns", set, {{{"Redis, pipelined", their_set}, 0.2}});
  b.compare("expiry: get", "ns", lookups_in(table, w), {{{"Redis, pipelined", their_get}, 0.2}});
}

void bounded(bench_run& b) {
  const auto& w = b.data();
  const auto entries = w.to_write.size();
  if (b.wants("bounds: lookup in a table that is full")) {
    auto full = open_bounded(entries);
    auto plain = text_map::in_memory();
    fill(full, w);
    fill(plain, w);
    b.compare("bounds: lookup in a table that is full", "ns", lookups_in(full, w),
              {{{"shelf, no bounds", lookups_in(plain, w)}, 1.03}});
  }
  const auto insert_others = [&w, entries](auto open) {
    return [&w, entries, open] {
      auto t = open();
      fill(t, w);
      return timed(entries, [&] {
        for (const auto& key : w.missing) shelf::or_throw(t.insert(key, w.value));
      });
    };
  };
  b.compare("bounds: insert into a table that is full", "ns",
            insert_others([entries] { return open_bounded(entries); }),
            {{{"shelf, no bounds", insert_others([] { return text_map::in_memory(); })}, 2.5}});
}

using cache = shelf::map<std::uint64_t, std::uint64_t>;

/// Misses in a hundred requests, not counting the first third, in which the cache fills. `ask` says
/// whether the key was there; it is from then on.
template <class F>
[[nodiscard]] double misses(const trace& t, F ask) {
  const auto warm = t.size() / 3;
  std::size_t missed = 0;
  for (std::size_t i = 0; i < t.size(); ++i) missed += std::size_t{!ask(t[i]) && i >= warm};
  return 100.0 * static_cast<double>(missed) / static_cast<double>(t.size() - warm);
}

[[nodiscard]] double misses_of_shelf(const trace& t, std::size_t capacity) {
  auto c = shelf::or_throw(cache::in_memory("cache", {.bounds = {.max_entries = capacity}}));
  return misses(t, [&](std::uint64_t key) {
    const bool found = c.lookup(key).has_value();
    if (!found) shelf::or_throw(c.insert(key, key));
    return found;
  });
}

[[nodiscard]] double misses_of_lru(const trace& t, std::size_t capacity) {
  exact_lru lru(capacity);
  return misses(t, [&](std::uint64_t key) { return lru.ask(key); });
}

[[nodiscard]] run fixed(double value) {
  return [value] { return value; };
}

/// Nothing here depends on time, so each side runs once. `points` is how many more requests of a
/// hundred shelf is to answer.
void against_lru(bench_run& b, const std::string& name,
                 trace (*make)(std::size_t, double, std::size_t), double exponent, double share,
                 double points) {
  const auto row = fmt::format("bounds: misses, {}, {:g} % of the keys kept", name, 100 * share);
  if (!b.wants(row)) return;
  const auto keys = b.data().to_write.size();
  const auto capacity =
      std::max<std::size_t>(10, static_cast<std::size_t>(share * static_cast<double>(keys)));
  const auto t = make(keys, exponent, 3 * keys);
  const auto lru = misses_of_lru(t, capacity);
  b.compare(row, "%", fixed(misses_of_shelf(t, capacity)),
            {{{"exact LRU", fixed(lru)}, 0},
             {{fmt::format("exact LRU, {} {:g} points", points < 0 ? "+" : "-", std::abs(points)),
               fixed(lru - points)},
              1}},
            1);
}

void hit_rates(bench_run& b) {
  for (const auto share : {0.01, 0.001}) {
    against_lru(b, "Zipf 0.8", zipf_trace, 0.8, share, 5);
    against_lru(b, "Zipf 0.9", zipf_trace, 0.9, share, 5);
    against_lru(b, "Zipf 1.0", zipf_trace, 1.0, share, 5);
  }
  against_lru(b, "Zipf 1.0 that drifts", drifting_trace, 1.0, 0.01, -1);
  against_lru(b, "Zipf 1.0 and scans", scanning_trace, 1.0, 0.1, 8);
}

/// Texts, because tkrzw has no other keys.
void against_tkrzw(bench_run& b) {
  if (!b.wants("bounds: a cache, time per request, Zipf 1.0, 1 % of the keys kept") &&
      !b.wants("bounds: misses, Zipf 1.0, 1 % of the keys kept, in texts"))
    return;
  const auto& w = b.data();
  const auto capacity = std::max<std::size_t>(10, w.to_write.size() / 100);
  const auto t = zipf_trace(w.to_write.size(), 1.0, 3 * w.to_write.size());
  double missed = 0;
  double missed_by_tkrzw = 0;
  const auto ours = [&] {
    auto c = open_bounded(capacity);
    return timed(t.size(), [&] {
      missed = misses(t, [&](std::uint64_t number) {
        const auto& key = w.to_write[number];
        const auto found = c.lookup(key);
        keep(found);
        if (!found) shelf::or_throw(c.insert(key, w.value));
        return found.has_value();
      });
    });
  };
  const auto theirs = [&] {
    tkrzw_cache c(capacity);
    return timed(t.size(), [&] {
      missed_by_tkrzw = misses(t, [&](std::uint64_t number) {
        const auto& key = w.to_write[number];
        std::string value;
        const bool found = c.get(key, value);
        keep(value);
        if (!found) c.put(key, w.value);
        return found;
      });
    });
  };
  b.compare("bounds: a cache, time per request, Zipf 1.0, 1 % of the keys kept", "ns", ours,
            {{{"tkrzw, CacheDBM", theirs}, 1}});
  if (!b.wants("bounds: misses, Zipf 1.0, 1 % of the keys kept, in texts")) return;
  b.compare("bounds: misses, Zipf 1.0, 1 % of the keys kept, in texts", "%", fixed(missed),
            {{{"tkrzw, CacheDBM", fixed(missed_by_tkrzw)}, 0},
             {{"tkrzw, CacheDBM, - 5 points", fixed(missed_by_tkrzw - 5)}, 1}},
            1);
}

}  // namespace

void measure_caching(bench_run& b) {
  deadlines(b);
  redis(b);
  bounded(b);
  hit_rates(b);
  against_tkrzw(b);
}

}  // namespace bench
