// BENCH  table
// How far is the hashed kind from boost::unordered_flat_map, on a million keys, run by turns?
#include "table/contents.hpp"
#include "table/epoch.hpp"

#include "table/blocks.hpp"

#include <benchmark/benchmark.h>
#include <boost/unordered/unordered_flat_map.hpp>

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace shelf;
using namespace shelf::tables;
using flat_map = boost::unordered_flat_map<std::string, std::string>;

std::size_t key_count() {
  const char* const wanted = std::getenv("SHELF_BENCH_KEYS");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 1'000'000;
}

struct workload {
  std::vector<std::string> keys;   ///< in the order of inserting
  std::vector<std::string> asked;  ///< the same in another order
  std::string value = std::string(100, 'v');
  std::shared_ptr<contents> ours;
  flat_map theirs;

  workload() {
    if (std::getenv("SHELF_BENCH_LARGE_PAGES") != nullptr) {
      blocks::advise_with([](void* start, std::size_t bytes) noexcept {
        static_cast<void>(madvise(start, bytes, MADV_HUGEPAGE));
      });
    }
    std::mt19937 random(1);
    char text[32];
    for (std::size_t i = 0; i < key_count(); ++i) {
      std::snprintf(text, sizeof text, "user:%08zu", i);
      keys.emplace_back(text);
    }
    std::shuffle(keys.begin(), keys.end(), random);
    asked = keys;
    std::shuffle(asked.begin(), asked.end(), random);
    ours = fresh();
    for (const auto& key : keys) {
      put(*ours, key, value);
      theirs.emplace(key, value);
    }
  }
  static std::shared_ptr<contents> fresh() {
    return contents::make({.what = kind::set, .hash_seed = 99});
  }
  static void put(contents& t, const std::string& key, const std::string& value) {
    auto e = entry::make(as_bytes(key), as_bytes(value));
    static_cast<void>(t.stage_insert(e));
    t.publish(t.published() + 1);
  }
};
workload& the() {
  static workload w;
  return w;
}

constexpr std::size_t batch = 1000;
template <class Look>
void over_keys(benchmark::State& state, const Look& look) {
  const auto& asked = the().asked;
  std::size_t at = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < batch; ++i) {
      look(asked[at]);
      if (++at == asked.size()) at = 0;
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * batch));
}

void lookup_copied_ours(benchmark::State& state) {
  const auto& t = *the().ours;
  over_keys(state, [&](const std::string& key) {
    const epoch_guard guard;
    const entry* const e = t.find(as_bytes(key), latest);
    std::string copy(as_text(e->value()));
    benchmark::DoNotOptimize(copy);
  });
}
void lookup_copied_flat_map(benchmark::State& state) {
  const auto& t = the().theirs;
  over_keys(state, [&](const std::string& key) {
    std::string copy = t.find(key)->second;
    benchmark::DoNotOptimize(copy);
  });
}
void lookup_seen_ours(benchmark::State& state) {
  const auto& t = *the().ours;
  over_keys(state, [&](const std::string& key) {
    const epoch_guard guard;
    const entry* const e = t.find(as_bytes(key), latest);
    auto first = e->value()[0];
    benchmark::DoNotOptimize(first);
  });
}
void lookup_seen_flat_map(benchmark::State& state) {
  const auto& t = the().theirs;
  over_keys(state, [&](const std::string& key) {
    auto first = t.find(key)->second[0];
    benchmark::DoNotOptimize(first);
  });
}
void lookup_missing_ours(benchmark::State& state) {
  const auto& t = *the().ours;
  over_keys(state, [&](const std::string& key) {
    const epoch_guard guard;
    std::string other = key;
    other[0] = 'x';
    benchmark::DoNotOptimize(t.find(as_bytes(other), latest));
  });
}
void lookup_missing_flat_map(benchmark::State& state) {
  const auto& t = the().theirs;
  over_keys(state, [&](const std::string& key) {
    std::string other = key;
    other[0] = 'x';
    benchmark::DoNotOptimize(t.find(other) == t.end());
  });
}
void lookup_many_ours(benchmark::State& state) {
  const auto& t = *the().ours;
  const auto& asked = the().asked;
  std::size_t at = 0;
  std::array<bytes, 16> keys;
  std::array<const entry*, 16> found;
  for (auto _ : state) {
    for (auto& key : keys) {
      key = as_bytes(asked[at]);
      if (++at == asked.size()) at = 0;
    }
    const epoch_guard guard;
    t.find_many(keys, found, latest);
    for (const auto* e : found) {
      std::string copy(as_text(e->value()));
      benchmark::DoNotOptimize(copy);
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * 16));
}

void insert_ours(benchmark::State& state) {
  const auto& w = the();
  for (auto _ : state) {
    auto t = workload::fresh();
    for (const auto& key : w.keys) workload::put(*t, key, w.value);
    state.PauseTiming();
    t.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * w.keys.size()));
}
void insert_flat_map(benchmark::State& state) {
  const auto& w = the();
  for (auto _ : state) {
    auto t = std::make_unique<flat_map>();
    for (const auto& key : w.keys) t->emplace(key, w.value);
    state.PauseTiming();
    t.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * w.keys.size()));
}
void replace_ours(benchmark::State& state) {
  auto& t = *the().ours;
  std::string value(100, 'v');
  over_keys(state, [&](const std::string& key) {
    value[0] = static_cast<char>('a' + (value[0] + 1) % 26);
    workload::put(t, key, value);
  });
}
void replace_flat_map(benchmark::State& state) {
  auto& t = the().theirs;
  std::string value(100, 'v');
  over_keys(state, [&](const std::string& key) {
    value[0] = static_cast<char>('a' + (value[0] + 1) % 26);
    t.find(key)->second = std::string(value);
  });
}

BENCHMARK(lookup_copied_ours)->MinTime(0.3);
BENCHMARK(lookup_copied_flat_map)->MinTime(0.3);
BENCHMARK(lookup_seen_ours)->MinTime(0.3);
BENCHMARK(lookup_seen_flat_map)->MinTime(0.3);
BENCHMARK(lookup_missing_ours)->MinTime(0.3);
BENCHMARK(lookup_missing_flat_map)->MinTime(0.3);
BENCHMARK(lookup_many_ours)->MinTime(0.3);
BENCHMARK(insert_ours)->Iterations(1);
BENCHMARK(insert_flat_map)->Iterations(1);
BENCHMARK(replace_ours)->MinTime(0.3);
BENCHMARK(replace_flat_map)->MinTime(0.3);

}  // namespace

BENCHMARK_MAIN();
