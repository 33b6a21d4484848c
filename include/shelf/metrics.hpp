// API  [api] -> engine -> stores -> journal -> file
// Figures of work done: how often, and how long it took.
#pragma once

#include "shelf/detail/clock.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace shelf {

/// What a table counts besides its writes.
enum class metrics : std::uint8_t {
  none,
  reads,  ///< lookups: hits, misses and durations; costs a lookup about a nanosecond
};

/// How long things took, by powers of two.
struct duration_histogram {
  /// counts[i]: durations below 2^i nanoseconds and not below 2^(i-1). The last has the rest.
  std::array<std::uint64_t, 40> counts{};

  /// All of them.
  [[nodiscard]] std::uint64_t count() const noexcept {
    std::uint64_t sum = 0;
    for (const auto c : counts) sum += c;
    return sum;
  }
  /// A duration that a share of `part` (0 to 1) did not exceed: the upper end of its power of two.
  /// Zero if there are none.
  [[nodiscard]] std::chrono::nanoseconds percentile(double part) const noexcept {
    const auto all = count();
    if (all == 0) return {};
    const auto wanted = part * static_cast<double>(all);
    std::uint64_t sum = 0;
    std::size_t i = 0;
    for (; i + 1 < counts.size(); ++i) {
      sum += counts[i];
      if (sum != 0 && static_cast<double>(sum) >= wanted) break;
    }
    return std::chrono::nanoseconds(std::int64_t{1} << i);
  }
};

/// What the writers of a file did since it was opened.
struct write_figures {
  std::uint64_t operations = 0;    ///< writes, batches, transactions
  std::uint64_t groups = 0;        ///< commits: those that came together share one
  duration_histogram turn = {};    ///< deciding and committing a group; one group in 64 is timed
  duration_histogram append = {};  ///< giving it to the file; one group in 64 is timed
  duration_histogram sync = {};    ///< waiting for the disk; all are timed
};

/// Lookups since the table was opened; counted with metrics::reads.
struct read_figures {
  std::uint64_t hits = 0;          ///< of keys that were there
  std::uint64_t misses = 0;        ///< of others
  duration_histogram lookup = {};  ///< one lookup in 256 is timed
};

}  // namespace shelf
