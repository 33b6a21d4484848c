// BENCH  how it is told: a Markdown page
// Ratios with their spread; absolute figures only for scale. Losses stand where they fell.
#include "measure.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <thread>

namespace bench {
namespace {

[[nodiscard]] std::string verdict(const comparison& c) {
  if (c.target <= 0) return "";
  return median(c.ratios) <= c.target ? "reached" : "**missed**";
}

[[nodiscard]] std::string spread(const comparison& c) {
  if (c.ratios.empty()) return "";
  const auto [least, most] = std::ranges::minmax(c.ratios);
  const auto middle = median(c.ratios);
  return fmt::format("{1:.{0}f} ({2:.{0}f}–{3:.{0}f})", middle < 0.1 ? 3 : 2, middle, least, most);
}

}  // namespace

std::string report(const bench_run& b) {
  const auto& s = b.options();
  auto page = fmt::format(
      "# Benchmarks\n\n"
      "Made by `make bench`: {} entries, keys `user:%08d`, values of 100 bytes, random order, {} "
      "interleaved runs of each side (three where a rival takes a minute) in one process on {} "
      "cores. Only the ratio shelf / rival is a "
      "result: absolute figures change from machine to machine and from hour to hour. Below 1 "
      "shelf "
      "needs less. A target is what shelf set out to reach; missed ones are marked, not left "
      "out.\n\n"
      "| row | shelf | rival | rival's figure | ratio: median (least–most) | target | |\n"
      "|---|---|---|---|---|---|---|\n",
      s.entries, s.pairs, std::thread::hardware_concurrency());
  for (const auto& r : b.rows()) {
    const auto ours = fmt::format("{:.0f} {}", median(r.values), r.unit);
    if (r.against.empty()) page += fmt::format("| {} | {} | | | | | |\n", r.name, ours);
    for (const auto& c : r.against) {
      page += fmt::format("| {} | {} | {} | {:.0f} | {} | {} | {} |\n", r.name, ours, c.rival,
                          median(c.rival_values), spread(c),
                          c.target > 0 ? fmt::format("≤ {:.3g}", c.target) : "", verdict(c));
    }
  }
  page +=
      "\nWhat the rivals are: `flat_map` is boost::unordered_flat_map without any lock, so it is "
      "no "
      "table that threads may share; `flat_map + shared_mutex` is one that they may. `libcuckoo` "
      "is a "
      "concurrent hash table in memory. LMDB and RocksDB are stores on disk: LMDB with MDB_NOSYNC "
      "where "
      "shelf does not sync, RocksDB with its log and without sync; with sync both where the row "
      "says "
      "durable. `bare` is a 128-byte overwrite and fdatasync of a file filled beforehand: what the "
      "disk "
      "itself takes. LevelDB and SQLite (with its "
      "write-ahead log) stand beside them likewise. oneTBB's concurrent_hash_map and tkrzw's "
      "TinyDBM "
      "are tables in memory for threads; tkrzw saves without checksums. OTP is Erlang's in a "
      "process of its own, which times itself without its "
      "start; it syncs nothing, where shelf's save of a DETS file does. Neither side of a row of "
      "DETS inserts has its close timed.\n";
  return page;
}

}  // namespace bench
