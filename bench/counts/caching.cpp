// BENCH  counts: tables with deadlines, bounds or a feed
#include "counts/workload.hpp"
#include "shelf/changes.hpp"

#include <chrono>

namespace counts {
namespace {

using namespace std::chrono_literals;

[[nodiscard]] text_map open(const shelf::memory_options& options) {
  return shelf::or_throw(text_map::in_memory("table", options));
}

void count_inserts(text_map t, const std::vector<std::string>& keys, const std::string& value) {
  counted_operations(keys, [&](const auto& key) { expect(t.insert(key, value).has_value()); });
}

void count_lookups(text_map t, const workload& w) {
  fill(t, w, w.value);
  counted_operations(w.keys, [&](const auto& key) { expect(t.lookup(key).has_value()); });
}

}  // namespace

std::span<const row> caching_rows() {
  static const std::vector<row> all{
      {"insert with a ttl/memory",
       [](const workload& w, const auto&) { count_inserts(open({.ttl = 24h}), w.keys, w.value); }},
      {"lookup with a deadline/copy",
       [](const workload& w, const auto&) { count_lookups(open({.ttl = 24h}), w); }},
      {"lookup, bounded/copy",
       [](const workload& w, const auto&) {
         count_lookups(open({.bounds = {.max_entries = w.keys.size()}}), w);
       }},
      {"insert when full/memory",
       [](const workload& w, const auto&) {
         auto t = open({.bounds = {.max_entries = w.keys.size()}});
         fill(t, w, w.value);
         count_inserts(std::move(t), w.missing, w.value);
       }},
      {"insert with a feed/memory", [](const workload& w, const auto&) {
         auto t = text_map::in_memory();
         const auto feed = shelf::or_throw(t.changes());
         count_inserts(std::move(t), w.keys, w.value);
       }}};
  return all;
}

}  // namespace counts
