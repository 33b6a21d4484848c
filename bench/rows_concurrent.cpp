// BENCH  rows: several threads
// Do readers scale, does a writer slow them, and what do several writers reach together?
#include "measure.hpp"
#include "rivals/disk_store.hpp"
#include "shelf_table.hpp"
#include "threads.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <libcuckoo/cuckoohash_map.hh>
#include <shared_mutex>

namespace bench {
namespace {

using cuckoo_map = libcuckoo::cuckoohash_map<std::string, std::string>;

void readers(bench_run& b) {
  const auto& w = b.data();
  const auto entries = w.to_read.size();
  auto table = text_map::in_memory();
  fill(table, w);
  cuckoo_map cuckoo(entries);
  for (const auto& key : w.to_write) cuckoo.insert(key, w.value);

  const auto read = [&](std::size_t t, std::size_t i) {
    keep(*table.lookup(w.to_read[(i + t * entries / 2) % entries]));
  };
  const auto threads = [&](std::size_t n) {
    return [&, n] { return in_threads(n, entries, read); };
  };
  b.compare("2 reader threads, time per operation of both", "ns", threads(2),
            {{{"shelf, 1 thread", threads(1)}, 1 / 1.9},
             {{"libcuckoo, 2 threads", [&] {
                 return in_threads(2, entries, [&](std::size_t t, std::size_t i) {
                   keep(cuckoo.find(w.to_read[(i + t * entries / 2) % entries]));
                 });
               }}}});

  const auto one_reader = [&] { return in_threads(1, entries, read); };
  const auto writer = [&](std::size_t i) {
    const auto& value = i / entries % 2 == 0 ? w.other_value : w.value;
    shelf::or_throw(table.insert(w.to_write[i % entries], value));
  };
  b.compare("a reader concurrent with a writer, in memory", "ns",
            [&] { return alongside(one_reader, writer); },
            {{{"shelf, a quiet reader", one_reader}, 1.1}});

  boost::unordered_flat_map<std::string, std::string> flat;
  for (const auto& key : w.to_write) flat.emplace(key, w.value);
  std::shared_mutex mutex;
  const auto locked_reader = [&] {
    return in_threads(1, entries / 10, [&](std::size_t, std::size_t i) {
      const std::shared_lock lock(mutex);
      const std::string copy = flat.find(w.to_read[i])->second;
      keep(copy);
    });
  };
  const auto locked_writer = [&](std::size_t i) {
    const std::scoped_lock lock(mutex);
    flat[w.to_write[i % entries]] = w.other_value;
  };
  b.compare(
      "a reader concurrent with a writer, against a locked map", "ns",
      [&] { return alongside(one_reader, writer); },
      {{{"flat_map + shared_mutex", [&] { return alongside(locked_reader, locked_writer); }}, 0}});
}

void writers(bench_run& b, shelf::write_mode mode, const std::string& name) {
  const auto& w = b.data();
  const auto run_with = [&, mode](std::size_t threads) {
    return [&, mode, threads] {
      auto t = open_table(fresh_directory(b.options()), mode);
      const auto each = w.to_write.size() / threads;
      const auto took = in_threads(threads, each, [&](std::size_t thread, std::size_t i) {
        shelf::or_throw(t.insert(w.to_write[thread * each + i], w.value));
      });
      t.abandon();
      return took;
    };
  };
  // Together they must reach 0.9 of one writer's rate: at most 1 / 0.9 of its time per operation.
  b.compare(fmt::format("2 writers, {}", name), "ns", run_with(2),
            {{{"shelf, 1 writer", run_with(1)}, 1 / 0.9}});
  b.compare(fmt::format("8 writers, {}", name), "ns", run_with(8),
            {{{"shelf, 1 writer", run_with(1)}, 1 / 0.9}});
}

void durable_writers(bench_run& b) {
  const auto& w = b.data();
  const auto each = std::min(b.options().durable, w.to_write.size() / 8);
  const auto ours = [&] {
    auto t = open_table(fresh_directory(b.options()), shelf::write_mode::durable);
    return in_threads(8, each, [&](std::size_t thread, std::size_t i) {
      shelf::or_throw(t.insert(w.to_write[thread * each + i], w.value));
    });
  };
  const auto theirs = [&] {
    const auto t = open_rocksdb(fresh_directory(b.options()), disk_store::sync::every_write);
    return in_threads(8, each, [&](std::size_t thread, std::size_t i) {
      t->put(w.to_write[thread * each + i], w.value);
    });
  };
  b.compare("insert, durable, 8 threads", "ns", ours, {{{"RocksDB, synced", theirs}, 0.5}});
}

}  // namespace

void measure_concurrent(bench_run& b) {
  readers(b);
  writers(b, shelf::write_mode::back, "back");
  writers(b, shelf::write_mode::through, "through");
  durable_writers(b);
}

}  // namespace bench
