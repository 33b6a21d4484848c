// BENCH  counts: what its sources share
// The workload, and how an operation is counted. Each source has rows of its own: what the compiler
// inlines in one depends on what else is there.
#pragma once

#include <shelf/shelf.hpp>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace counts {

using text_map = shelf::map<std::string, std::string>;
using text_ordered_map = shelf::ordered_map<std::string, std::string>;
using counter_map = shelf::map<std::string, std::int64_t>;

/// The workload of docs/benchmarks.md, smaller: keys `user:%08d`, values of 100 bytes, shuffled.
struct workload {
  explicit workload(std::size_t entries) : value(100, 'v'), other_value(100, 'w') {
    for (std::size_t i = 0; i < entries; ++i) {
      char text[32];
      keys.emplace_back(
          text, static_cast<std::size_t>(std::snprintf(text, sizeof text, "user:%08zu", i)));
      std::snprintf(text, sizeof text, "none:%08zu", i);
      missing.emplace_back(text);
    }
    std::mt19937_64 random(1);
    std::ranges::shuffle(keys, random);
    std::ranges::shuffle(missing, random);
  }
  std::vector<std::string> keys;
  std::vector<std::string> missing;
  std::string value;
  std::string other_value;
};

/// Not inlined, so that callgrind finds it by its name.
template <class F>
[[gnu::noinline]] void counted_operations(const std::vector<std::string>& keys, F&& operation) {
  for (const auto& key : keys) operation(key);
}

inline void expect(bool true_of_it) {
  if (!true_of_it) throw std::runtime_error("an operation did not do what its row says");
}

template <class Table, class V>
void fill(Table& t, const workload& w, const V& value) {
  for (const auto& key : w.keys) shelf::or_throw(t.insert(key, value));
}

struct row {
  std::string_view name;
  std::function<void(const workload&, const std::string& directory)> run;
};

/// Rows of the verbs that read and write.
[[nodiscard]] std::span<const row> read_modify_write_rows();
/// Rows of tables with deadlines, bounds or a feed.
[[nodiscard]] std::span<const row> caching_rows();
/// Rows of tables with indexes.
[[nodiscard]] std::span<const row> index_rows();

}  // namespace counts
