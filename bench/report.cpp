// BENCH  the report: a Markdown page
// Ratios with their spread; absolute figures only for scale. Losses are in their rows.
#include "measure.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <thread>

namespace bench {
namespace {

[[nodiscard]] std::string verdict(const comparison& c) {
  if (c.target <= 0 || c.ratios.empty()) return "";
  return median(c.ratios) <= c.target ? "reached" : "**missed**";
}

[[nodiscard]] std::string spread(const comparison& c) {
  if (c.ratios.empty()) return "";
  const auto [least, most] = std::ranges::minmax(c.ratios);
  const auto middle = median(c.ratios);
  return fmt::format("{1:.{0}f} ({2:.{0}f}–{3:.{0}f})", middle < 0.1 ? 3 : 2, middle, least, most);
}

/// Small figures with one decimal place.
[[nodiscard]] std::string figure(const std::vector<double>& values) {
  if (values.empty()) return "";
  const auto middle = median(values);
  return fmt::format("{:.{}f}", middle, middle < 100 ? 1 : 0);
}

}  // namespace

std::string report(const bench_run& b) {
  const auto& s = b.options();
  auto page = fmt::format(R"(# Benchmarks

`make bench` made this page. Each row compares shelf with a rival:

- {} entries, keys `user:%08d`, values of 100 bytes, in random order
- {} interleaved runs of each side (three where a rival takes a minute), in one process on {} cores
- Only the ratio shelf / rival is a result; below 1, shelf needs less. Absolute figures change from
  machine to machine and from hour to hour.
- A target is what shelf set out to reach. Missed targets are marked, not left out.

| row | shelf | rival | rival's figure | ratio: median (least–most) | target | |
|---|---|---|---|---|---|---|
)",
                          s.entries, s.pairs, std::thread::hardware_concurrency());
  for (const auto& r : b.rows()) {
    const auto ours = fmt::format("{} {}", figure(r.values), r.unit);
    if (r.against.empty()) page += fmt::format("| {} | {} | | | | | |\n", r.name, ours);
    for (const auto& c : r.against) {
      page += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", r.name, ours, c.rival,
                          figure(c.rival_values), spread(c),
                          c.target > 0 ? fmt::format("≤ {:.3g}", c.target) : "", verdict(c));
    }
  }
  page += R"(
## The rivals

| rival | what it is |
|---|---|
| `flat_map` | `boost::unordered_flat_map` without locks, so threads cannot share it |
| `flat_map + shared_mutex` | the same behind a `std::shared_mutex` |
| libcuckoo, oneTBB | concurrent hash tables in memory; of oneTBB its `concurrent_hash_map` |
| tkrzw | TinyDBM, a concurrent hash table in memory; it saves without checksums |
| LMDB | a store on disk; with `MDB_NOSYNC` where the row does not say durable |
| RocksDB, LevelDB | stores on disk, with their logs; synced where the row says durable |
| SQLite | with its write-ahead log; synced where the row says durable |
| `bare` | what the disk takes: a 128-byte overwrite and `fdatasync` of a file filled beforehand |
| OTP | Erlang in a separate process, which times itself without its start |
| Mnesia | OTP's database on one node, likewise; a thread is an Erlang process |
| `std::map` | without locks, like `flat_map` |
| Boost.MultiIndex | likewise; with a ranked index, or with those of the row |
| Redis | Redis 7 without a file, 100 commands at a time through the loopback interface |
| Redis, AOF always synced, WAIT 1 | two servers; each SET is followed by a WAIT for the other |
| PostgreSQL | PostgreSQL 15 that syncs; prepared statements of one libpq connection |
| Mnesia, two nodes | both on this machine, with a copy of the table each; it syncs nothing |
| tkrzw, CacheDBM | a concurrent cache in memory, bounded by a number of records, with LRU |
| exact LRU | a list and a hash table in the benchmark; only what it misses is compared |

OTP syncs nothing, whereas shelf's save of a DETS file does. In rows of DETS inserts, closing the
file is not timed on either side.

Rows that begin with `database:` are transactions on 100,000 accounts with integer keys and values:

- A *read* reads one account, a *write* writes one, a *transfer* reads two and writes both.
- shelf's transactions are those of `database::transact`. In memory means `storage::memory`.
- RocksDB is its `OptimisticTransactionDB`; what a transfer reads, it reads with `GetForUpdate`.
- SQLite has `synchronous=NORMAL` where the row does not say durable. Its writers queue at a mutex.
- Mnesia's transfers read with `wread`. `disc_copies` are logged, but not synced.

Rows about queries, expiry, bounds and changes:

- ETS finds a range of a hundred entries by the first member of a key `{Hundred, Number}`: it has no
  faster way. It returns references to its values, where shelf and `std::map` copy them.
- Conditions hold for one entry in a hundred; the time is per entry of the table.
- A cache gets three times as many requests as there are keys, and every key that it misses. Misses
  are of a hundred requests, without those of the first third. They are the same in each run.
- By Zipf 1.0, the first of all keys gets n times as many requests as the n-th. It drifts: every 100
  requests, the most popular key becomes the least popular one. With scans: every other request is
  the next of a fifth of all keys, in order, again and again.
- A difference is found between two snapshots, between which one value in a hundred was replaced.

Rows that begin with `cluster:` are of [cluster tables](cluster.md), over a PostgreSQL server on
this machine that syncs:

- Up to 100,000 entries or accounts; the nodes are in the process of the benchmark.
- A put waits until it is committed, synced and visible here. Puts of 64 threads share commits.
- Figures are of one call: of a hundred puts, if these are in one call.
- With a synchronous standby, a commit is synced by two servers on one disk, as Redis's is.
- What another node shows is timed from the call of the put until a lookup there returns it.
)";
  return page;
}

}  // namespace bench
