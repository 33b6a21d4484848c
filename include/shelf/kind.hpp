// API  [api] -> engine -> stores -> journal -> file
// The four kinds of table, by Erlang's names, as the file and the tools show them.
#pragma once

#include "shelf/detail/language.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace shelf {

enum class kind : std::uint8_t {
  set = 1,        ///< one value per key, hash table: shelf::map
  ordered_set,    ///< one value per key, in key order: shelf::ordered_map
  bag,            ///< distinct values per key, in insertion order: shelf::bag
  duplicate_bag,  ///< values may repeat, in insertion order: shelf::duplicate_bag
};

[[nodiscard]] constexpr std::string_view to_string(kind k) noexcept {
  switch (k) {
    case kind::set: return "set";
    case kind::ordered_set: return "ordered_set";
    case kind::bag: return "bag";
    case kind::duplicate_bag: return "duplicate_bag";
  }
  return "unknown kind";
}

/// True for the kinds that hold several values per key.
[[nodiscard]] constexpr bool is_bag(kind k) noexcept {
  return k == kind::bag || k == kind::duplicate_bag;
}

/// What an insert did.
enum class written : std::uint8_t {
  added,      ///< a new entry
  replaced,   ///< the key had another value
  unchanged,  ///< the same entry already existed
};

/// What a batch did, counted in entries.
struct write_counts {
  std::size_t added = 0;      ///< new entries
  std::size_t replaced = 0;   ///< entries of maps that got another value
  std::size_t unchanged = 0;  ///< inserts of entries that already existed
  std::size_t erased = 0;     ///< erased entries; 0 for an erase that found none
  /// Whether all counts are equal.
  friend bool operator==(const write_counts&, const write_counts&) = default;
};

}  // namespace shelf
