// BENCH  rows: changes
// What does a feed cost writers, and what does it cost to find what changed between two moments?
#include "measure.hpp"
#include "shelf/changes.hpp"
#include "shelf/difference.hpp"
#include "shelf_table.hpp"

#include <chrono>
#include <stop_token>
#include <thread>

namespace bench {
namespace {

/// Reads along until it is stopped. A reader that falls behind starts anew.
void follow(const std::stop_token& stop, const text_map& table) {
  auto feed = shelf::or_throw(table.changes());
  while (!stop.stop_requested()) {
    const auto batch = feed.next(std::chrono::milliseconds(1));
    if (batch)
      keep(batch->changes.size());
    else
      feed = shelf::or_throw(table.changes());
  }
}

void feeds(bench_run& b) {
  const auto& w = b.data();
  const auto insert_all = [&w](text_map& t) {
    return timed(w.to_write.size(), [&] { fill(t, w); });
  };
  const auto alone = [&] {
    auto t = text_map::in_memory();
    return insert_all(t);
  };
  const auto listened = [&] {
    auto t = text_map::in_memory();
    const auto feed = shelf::or_throw(t.changes());
    return insert_all(t);
  };
  b.compare("changes: insert, one feed open", "ns", listened, {{{"shelf, no feed", alone}, 1.25}});
  const auto followed = [&] {
    auto t = text_map::in_memory();
    const std::jthread reader([&](const std::stop_token& stop) { follow(stop, t); });
    return insert_all(t);
  };
  b.compare("changes: insert, one feed read by a thread", "ns", followed,
            {{{"shelf, no feed", alone}, 0}});
}

void diffs(bench_run& b) {
  if (!b.wants("changes: diff of 1 % of an ordered_map")) return;
  const auto& w = b.data();
  auto table = text_ordered_map::in_memory();
  fill(table, w);
  const auto before = table.snapshot();
  for (std::size_t i = 0; i < w.to_read.size() / 100; ++i) {
    shelf::or_throw(table.insert(w.to_read[i], w.other_value));
  }
  const auto after = table.snapshot();
  const auto entries = w.to_read.size();
  const auto found = [&] {
    return timed(entries, [&] {
      for (const auto& one : shelf::diff(before, after)) keep(one.key.size());
    });
  };
  const auto walked = [&] {
    return timed(entries, [&] {
      std::size_t different = 0;
      const auto rows = after.rows();
      auto there = rows.begin();
      for (const auto& [key, value] : before.rows()) {
        different += std::size_t{value != (*there).second};
        ++there;
      }
      keep(different);
    });
  };
  b.compare("changes: diff of 1 % of an ordered_map", "ns/entry", found,
            {{{"shelf, walking both", walked}, 0.1}});
}

}  // namespace

void measure_changes(bench_run& b) {
  feeds(b);
  diffs(b);
}

}  // namespace bench
