// KINDS  api -> engine -> [kinds] -> memory -> file
// An entry of an index: the term it is found by, and which entry of the table it stands for.
#pragma once

#include "kinds/entry.hpp"
#include "kinds/key_order.hpp"

#include <vector>

namespace shelf::kinds {

// An item is an entry of a tree without a value, whose key is no term, but
//
//   item  := term  reference:u48
//   bound := term  (0 | 2^48 - 1)
//
// The reference is the address of the table's entry. A bound stands before all items of its term,
// or behind them.

/// Longer by this than its term.
inline constexpr std::size_t reference_bytes = 6;

/// The item of an entry of the table. Throws std::bad_alloc.
[[nodiscard]] entry::owner make_item(bytes term, const entry& of);
/// A place between the items: before or behind all of a term.
[[nodiscard]] std::vector<std::byte> item_bound(bytes term, bool is_behind);

/// The term by which the item is found.
[[nodiscard]] inline bytes term_of_item(bytes item) noexcept {
  return item.first(item.size() - reference_bytes);
}
/// The entry of the table. It lives as long as the item is shown by a version that somebody reads.
[[nodiscard]] const entry* entry_of_item(bytes item) noexcept;

/// By term; then by the entries' keys, values and addresses: no two items are equal.
[[nodiscard]] std::weak_ordering compare_items(bytes a, bytes b) noexcept;
[[nodiscard]] std::uint64_t prefix_of_item(bytes item) noexcept;
inline constexpr key_order item_order{&compare_items, &prefix_of_item};

}  // namespace shelf::kinds
