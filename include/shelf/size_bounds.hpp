// API  [api] -> engine -> stores -> journal -> file
// How large a table may become, and what happens then.
#pragma once

#include "shelf/detail/language.hpp"

#include <cstddef>
#include <cstdint>

namespace shelf {

/// What a write does that would make a table larger than it may be.
enum class when_full : std::uint8_t {
  evict,   ///< erases other entries, those first that nobody reads; maps only
  refuse,  ///< table_full, and nothing is written
};

/// How large a table may become. It is at no moment larger: what an insert evicts is erased in the
/// insert's own batch. See docs/bounds.md.
struct size_bounds {
  std::size_t max_entries = 0;  ///< pairs, also in bags; zero: any number
  /// Bytes of memory of its entries and their share of the index; zero: any number. What snapshots
  /// and readers still hold of earlier versions is not counted.
  std::size_t max_bytes = 0;
  /// What a write does that finds no room.
  shelf::when_full when_full = shelf::when_full::evict;

  /// Whether it bounds anything.
  [[nodiscard]] constexpr bool is_set() const noexcept {
    return max_entries != 0 || max_bytes != 0;
  }
  /// Whether a table of so many entries and bytes is larger than it may be.
  [[nodiscard]] constexpr bool are_exceeded_by(std::size_t entries,
                                               std::size_t size) const noexcept {
    return (max_entries != 0 && entries > max_entries) || (max_bytes != 0 && size > max_bytes);
  }
  /// Member by member.
  friend constexpr bool operator==(const size_bounds&, const size_bounds&) noexcept = default;
};

}  // namespace shelf
