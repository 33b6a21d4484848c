// BENCH  how it is measured: interleaved pairs
// A B A B in one process: the machine's moods hit both sides, and only their ratio is a result.
#pragma once

#include "workload.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace bench {

/// One run: makes what it needs, times the part that counts, returns nanoseconds per operation (or
/// bytes per entry).
using run = std::function<double()>;

struct side {
  std::string name;
  run once;  ///< none: the rival is not installed
};

/// What shelf has to reach against a rival: shelf's figure divided by the rival's is at most
/// `target`.
struct comparison {
  std::string rival;
  std::vector<double> rival_values;
  std::vector<double> ratios;  ///< shelf / rival, pair by pair
  double target = 0;           ///< 0: no target, reported only
};

struct row {
  std::string name;
  std::string unit;
  std::vector<double> values;  ///< shelf's own, one a run
  std::vector<comparison> against;
};

struct rival {
  side what;
  double target = 0;
};

/// Collects rows as they are measured, printing each.
class bench_run {
 public:
  explicit bench_run(settings s) : settings_(std::move(s)), data_(settings_.entries) {}

  /// Runs shelf, rival 1, rival 2, ... in turn, `pairs` times after one warm-up of each, or
  /// `most_pairs` times if that is less.
  void compare(const std::string& name, const std::string& unit, run shelf,
               std::vector<rival> rivals, int most_pairs = 1000);
  [[nodiscard]] bool wants(const std::string& name) const;
  [[nodiscard]] const settings& options() const noexcept { return settings_; }
  [[nodiscard]] const workload& data() const noexcept { return data_; }
  [[nodiscard]] const std::vector<row>& rows() const noexcept { return rows_; }

 private:
  settings settings_;
  workload data_;
  std::vector<row> rows_;
};

[[nodiscard]] double median(std::vector<double> values);

/// Nanoseconds per operation of `work`, which does `operations` of them.
template <class F>
[[nodiscard]] double timed(std::size_t operations, F&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  return took.count() / static_cast<double>(operations);
}

/// Keeps the optimizer from dropping what a benchmark computes.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

void measure_memory(bench_run& b);        // rows_memory.cpp
void measure_concurrent(bench_run& b);    // rows_concurrent.cpp
void measure_disk(bench_run& b);          // rows_disk.cpp
void measure_dets(bench_run& b);          // rows_dets.cpp
void measure_transactions(bench_run& b);  // rows_transactions.cpp
void measure_indexes(bench_run& b);       // rows_indexes.cpp
void measure_queries(bench_run& b);       // rows_queries.cpp
void measure_caching(bench_run& b);       // rows_caching.cpp
void measure_changes(bench_run& b);       // rows_changes.cpp
void measure_published(bench_run& b);     // rows_published.cpp
void measure_cluster(bench_run& b);       // rows_cluster.cpp

/// The rows as a Markdown page.
[[nodiscard]] std::string report(const bench_run& b);

}  // namespace bench
