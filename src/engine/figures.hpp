// ENGINE  api -> [engine] -> stores -> journal -> file
// Counts and durations that are noted while others read them.
#pragma once

#include "shelf/metrics.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace shelf::engine {

/// Thread safety: all functions from any thread.
class durations {
 public:
  void note(std::chrono::nanoseconds took) noexcept {
    counts_[place_of(took)].fetch_add(1, std::memory_order_relaxed);
  }
  void add_to(duration_histogram& sum) const noexcept {
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      sum.counts[i] += counts_[i].load(std::memory_order_relaxed);
    }
  }

 private:
  [[nodiscard]] static std::size_t place_of(std::chrono::nanoseconds took) noexcept;

  std::array<std::atomic<std::uint64_t>, std::tuple_size_v<decltype(duration_histogram::counts)>>
      counts_{};
};

/// What writers did. Thread safety: begin_group and note_operation by the holder of the turn, all
/// else from any thread.
class writer_figures {
 public:
  /// Counts a group; whether it is to be timed: reading the clock twice costs a small write too
  /// much.
  [[nodiscard]] bool begin_group() noexcept { return count(groups_) % timed_of == 0; }
  void note_operation() noexcept { (void)count(operations_); }
  [[nodiscard]] write_figures read() const noexcept;

  durations turn;
  durations append;
  durations sync;

 private:
  static constexpr std::uint64_t timed_of = 64;
  /// There is one who counts. Returns what it was before.
  static std::uint64_t count(std::atomic<std::uint64_t>& what) noexcept {
    const auto before = what.load(std::memory_order_relaxed);
    what.store(before + 1, std::memory_order_relaxed);
    return before;
  }

  std::atomic<std::uint64_t> operations_{0};
  std::atomic<std::uint64_t> groups_{0};
};

/// Lookups, counted by each thread in a cell that few others use, so that counting is no bottleneck
/// of reading. Of threads that share a cell a count may be lost now and then.
/// Thread safety: all functions from any thread.
class reader_figures {
 public:
  /// Counts a lookup; whether it is to be timed.
  [[nodiscard]] bool begin() noexcept {
    auto& mine = cell_of_this_thread();
    const auto before = mine.lookups.load(std::memory_order_relaxed);
    mine.lookups.store(before + 1, std::memory_order_relaxed);
    return before % timed_of == 0;
  }
  void note_miss() noexcept {
    auto& mine = cell_of_this_thread();
    mine.misses.store(mine.misses.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  [[nodiscard]] read_figures read() const noexcept;

  durations lookup;

 private:
  static constexpr std::uint64_t timed_of = 256;
  struct alignas(64) cell {
    std::atomic<std::uint64_t> lookups{0};
    std::atomic<std::uint64_t> misses{0};
  };

  [[nodiscard]] cell& cell_of_this_thread() noexcept;

  std::array<cell, 64> cells_;
};

}  // namespace shelf::engine
