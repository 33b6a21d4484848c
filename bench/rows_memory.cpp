// BENCH  rows: one thread, memory
// What does a lookup, an insert and an entry cost beside a hash map without locks and stores on
// disk?
#include "measure.hpp"
#include "rivals/disk_store.hpp"
#include "rivals/otp.hpp"
#include "rivals/tkrzw_store.hpp"
#include "shelf_table.hpp"

#include <sys/wait.h>
#include <tbb/concurrent_hash_map.h>
#include <unistd.h>
#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <libcuckoo/cuckoohash_map.hh>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>

namespace bench {
namespace {

using flat_map = boost::unordered_flat_map<std::string, std::string>;
using cuckoo_map = libcuckoo::cuckoohash_map<std::string, std::string>;
using tbb_map = tbb::concurrent_hash_map<std::string, std::string>;

[[nodiscard]] flat_map filled_flat_map(const workload& w) {
  flat_map m;
  for (const auto& key : w.to_write) m.emplace(key, w.value);
  return m;
}

/// The tables every read row reads, filled once.
struct read_sides {
  explicit read_sides(const bench_run& b)
      : w(b.data()),
        flat(filled_flat_map(w)),
        cuckoo(w.to_write.size()),
        lmdb(open_lmdb(fresh_directory(b.options()), disk_store::sync::none)),
        rocksdb(open_rocksdb(fresh_directory(b.options()), disk_store::sync::none)),
        leveldb(open_leveldb(fresh_directory(b.options()), disk_store::sync::none)),
        sqlite(open_sqlite(fresh_directory(b.options()), disk_store::sync::none)),
        tkrzw("") {
    fill(table, w);
    fill(ordered, w);
    for (const auto& key : w.to_write) {
      cuckoo.insert(key, w.value);
      lmdb->put(key, w.value);
      rocksdb->put(key, w.value);
      leveldb->put(key, w.value);
      sqlite->put(key, w.value);
      tkrzw.put(key, w.value);
      tbb.insert({key, w.value});
    }
  }
  const workload& w;
  text_map table = text_map::in_memory();
  text_ordered_map ordered = text_ordered_map::in_memory();
  flat_map flat;
  cuckoo_map cuckoo;
  std::unique_ptr<disk_store> lmdb;
  std::unique_ptr<disk_store> rocksdb;
  std::unique_ptr<disk_store> leveldb;
  std::unique_ptr<disk_store> sqlite;
  tkrzw_store tkrzw;
  tbb_map tbb;
};

/// A run that calls `f` with each key in reading order.
template <class F>
[[nodiscard]] run each_key(const workload& w, F f) {
  return [&w, f] {
    return timed(w.to_read.size(), [&] {
      for (const auto& key : w.to_read) f(key);
    });
  };
}

void lookups(bench_run& b, read_sides& s) {
  const auto& w = s.w;
  const auto copied = each_key(w, [&](const auto& key) { keep(*s.table.lookup(key)); });
  const auto viewed = each_key(w, [&](const auto& key) {
    keep(*s.table.lookup(key, [](std::string_view v) { return v.size() + std::size_t(v[0]); }));
  });
  const auto flat_copied = each_key(w, [&](const auto& key) {
    const std::string copy = s.flat.find(key)->second;
    keep(copy);
  });
  const auto flat_viewed = each_key(w, [&](const auto& key) {
    const auto& v = s.flat.find(key)->second;
    keep(v.size() + std::size_t(v[0]));
  });
  const auto found_in = [&w](auto& store) {
    return each_key(w, [&store](const auto& key) { keep(store.get(key)); });
  };
  const auto found_in_tbb = each_key(w, [&](const auto& key) {
    tbb_map::const_accessor found;
    (void)s.tbb.find(found, key);
    const std::string copy = found->second;
    keep(copy);
  });
  const auto found_in_ets = [&] {
    return otp("ets_lookup", fresh_directory(b.options()), w.to_read.size());
  };
  std::vector<rival> rivals{
      {{"flat_map", flat_copied}, 0.9},
      {{"libcuckoo", each_key(w, [&](const auto& key) { keep(s.cuckoo.find(key)); })}},
      {{"oneTBB", found_in_tbb}},
      {{"tkrzw", found_in(s.tkrzw)}},
      {{"LMDB", found_in(*s.lmdb)}},
      {{"LevelDB", found_in(*s.leveldb)}},
      {{"SQLite", found_in(*s.sqlite)}},
      {{"RocksDB", found_in(*s.rocksdb)}}};
  if (has_otp()) rivals.push_back({{"Erlang's ETS", found_in_ets}, 1.0 / 3});
  b.compare("lookup, value copied, 1 thread", "ns", copied, std::move(rivals));
  b.compare("lookup by view", "ns", viewed, {{{"flat_map, not copied", flat_viewed}, 0.7}});
  b.compare("lookup, ordered_map", "ns",
            each_key(w, [&](const auto& key) { keep(*s.ordered.lookup(key)); }),
            {{{"flat_map", flat_copied}, 0}});
}

void batches_and_misses(bench_run& b, read_sides& s) {
  const auto& w = s.w;
  const auto single = each_key(w, [&](const auto& key) { keep(*s.table.lookup(key)); });
  const auto many = [&] {
    return timed(w.to_read.size(), [&] {
      constexpr std::size_t portion = 16;
      const std::span all(w.to_read);
      for (std::size_t at = 0; at < all.size(); at += portion) {
        keep(s.table.lookup_many(all.subspan(at, std::min(portion, all.size() - at))));
      }
    });
  };
  b.compare("lookup_many, 16 at a time", "ns", many, {{{"shelf, single lookups", single}, 0.4}});
  const auto misses = [&] {
    return timed(w.missing.size(), [&] {
      for (const auto& key : w.missing) keep(s.table.contains(key));
    });
  };
  const auto flat_misses = [&] {
    return timed(w.missing.size(), [&] {
      for (const auto& key : w.missing) keep(s.flat.contains(key));
    });
  };
  b.compare("contains, key missing", "ns", misses, {{{"flat_map", flat_misses}, 0}});
}

void walks(bench_run& b, read_sides& s) {
  const auto entries = s.w.to_write.size();
  const auto ours = [&, entries] {
    return timed(entries, [&] {
      keep(s.table.fold(std::size_t{0},
                        [](std::size_t sum, const std::string& k, const std::string& v) {
                          return sum + k.size() + v.size();
                        }));
    });
  };
  const auto theirs = [&, entries] {
    return timed(entries, [&] {
      std::size_t sum = 0;
      for (const auto& [k, v] : s.flat) sum += k.size() + v.size();
      keep(sum);
    });
  };
  b.compare("fold over all entries", "ns", ours, {{{"flat_map, iterated", theirs}, 0}});
}

struct record7 {
  std::string name;
  std::string mail;
  std::int64_t age = 0;
  std::int64_t created = 0;
  bool active = false;
  double score = 0;
  std::string note;
};
struct record7_view {
  std::string_view name;
  std::string_view mail;
  std::int64_t age = 0;
  std::int64_t created = 0;
  bool active = false;
  double score = 0;
  std::string_view note;
};

void structs(bench_run& b) {
  const auto& w = b.data();
  auto table = shelf::map<std::string, record7>::in_memory();
  boost::unordered_flat_map<std::string, record7> flat;
  const record7 r{"Alice Example", "alice@example.org", 42, 1'700'000'000, true, 0.5,
                  "a short note"};
  for (const auto& key : w.to_write) {
    shelf::or_throw(table.insert(key, r));
    flat.emplace(key, r);
  }
  const auto flat_copied = each_key(w, [&](const auto& key) {
    const record7 copy = flat.find(key)->second;
    keep(copy.age);
  });
  b.compare("a struct of 7 fields, decoded", "ns",
            each_key(w, [&](const auto& key) { keep(table.lookup(key)->age); }),
            {{{"flat_map, copied", flat_copied}, 0}});
  b.compare("a struct of 7 fields, by view", "ns",
            each_key(w,
                     [&](const auto& key) {
                       keep(*table.lookup<record7_view>(
                           key, [](const record7_view& v) { return v.age; }));
                     }),
            {{{"flat_map, copied", flat_copied}, 0}});
}

void inserts(bench_run& b) {
  const auto& w = b.data();
  const auto entries = w.to_write.size();
  const auto flat = [&, entries] {
    flat_map m;
    return timed(entries, [&] {
      for (const auto& key : w.to_write) m.emplace(key, w.value);
    });
  };
  const auto cuckoo = [&, entries] {
    cuckoo_map m;
    return timed(entries, [&] {
      for (const auto& key : w.to_write) m.insert(key, w.value);
    });
  };
  const auto back = [&, entries] {
    auto t = open_table(fresh_directory(b.options()), shelf::write_mode::back);
    const auto took = timed(entries, [&] { fill(t, w); });
    t.abandon();
    return took;
  };
  const auto tbb = [&, entries] {
    tbb_map m;
    return timed(entries, [&] {
      for (const auto& key : w.to_write) m.insert({key, w.value});
    });
  };
  const auto tkrzw = [&, entries] {
    tkrzw_store t("");
    return timed(entries, [&] {
      for (const auto& key : w.to_write) t.put(key, w.value);
    });
  };
  const auto ets = [&, entries] {
    return otp("ets_insert", fresh_directory(b.options()), entries);
  };
  std::vector<rival> rivals{{{"flat_map", flat}, 0.6},
                            {{"libcuckoo", cuckoo}, 0},
                            {{"oneTBB", tbb}, 0},
                            {{"tkrzw", tkrzw}, 0}};
  if (has_otp()) rivals.push_back({{"Erlang's ETS", ets}, 0});
  b.compare("insert, back", "ns", back, std::move(rivals));
  const auto ordered = [&, entries] {
    auto t = text_ordered_map::in_memory();
    return timed(entries, [&] { fill(t, w); });
  };
  b.compare("insert, ordered_map in memory", "ns", ordered, {{{"flat_map", flat}, 0}});
  const auto erase = [&, entries] {
    auto t = text_map::in_memory();
    fill(t, w);
    return timed(entries, [&] {
      for (const auto& key : w.to_read) shelf::or_throw(t.erase(key));
    });
  };
  const auto flat_erase = [&, entries] {
    auto m = filled_flat_map(w);
    return timed(entries, [&] {
      for (const auto& key : w.to_read) m.erase(key);
    });
  };
  b.compare("erase, in memory", "ns", erase, {{{"flat_map", flat_erase}, 0}});
}

/// The slowest of inserts, as a multiple of the median insert.
void insert_pauses(bench_run& b) {
  const auto& w = b.data();
  const auto quantile = [&](double which) {
    return [&, which] {
      auto t = text_map::in_memory();
      std::vector<double> took;
      took.reserve(w.to_write.size());
      for (const auto& key : w.to_write) {
        took.push_back(timed(1, [&] { shelf::or_throw(t.insert(key, w.value)); }));
      }
      std::ranges::sort(took);
      const auto last = static_cast<double>(took.size() - 1);
      return took[static_cast<std::size_t>(which * last)] / std::max(1.0, median(took));
    };
  };
  b.compare("insert, p99.99 / median", "x", quantile(0.9999),
            {{{"target alone", [] { return 1.0; }}, 50}});
  b.compare("insert, max / median", "x", quantile(1.0), {});
}

/// Growth of anonymous resident memory, an entry; measured in a child process, whose memory nobody
/// used before.
template <class Make>
[[nodiscard]] double bytes_an_entry(const workload& w, Make make) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  const auto child = ::fork();
  if (child == 0) {
    const auto before = resident_bytes();
    const auto made = make();
    keep(&made);
    const std::size_t grown = resident_bytes() - before;
    ::_exit(::write(ends[1], &grown, sizeof grown) == sizeof grown ? 0 : 1);
  }
  ::close(ends[1]);
  std::size_t grown = 0;
  const bool told = ::read(ends[0], &grown, sizeof grown) == sizeof grown;
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  if (!told) throw std::runtime_error("the measuring child failed");
  return static_cast<double>(grown) / static_cast<double>(w.to_write.size());
}

void memory(bench_run& b) {
  const auto& w = b.data();
  const auto map = [&] {
    return bytes_an_entry(w, [&] {
      auto t = text_map::in_memory();
      fill(t, w);
      return t;
    });
  };
  const auto ordered = [&] {
    return bytes_an_entry(w, [&] {
      auto t = text_ordered_map::in_memory();
      fill(t, w);
      return t;
    });
  };
  const auto flat = [&] { return bytes_an_entry(w, [&] { return filled_flat_map(w); }); };
  b.compare("memory per entry, map", "bytes", map,
            {{{"flat_map", flat}, 0}, {{"target: 160 bytes", [] { return 160.0; }}, 1}});
  b.compare("memory per entry, ordered_map", "bytes", ordered,
            {{{"target: 190 bytes", [] { return 190.0; }}, 1}});
}

}  // namespace

void measure_memory(bench_run& b) {
  memory(b);  // first: freed memory of other rows would hide the growth
  inserts(b);
  insert_pauses(b);
  structs(b);
  read_sides sides(b);
  lookups(b, sides);
  batches_and_misses(b, sides);
  walks(b, sides);
}

}  // namespace bench
