// KINDS  api -> engine -> [kinds] -> memory -> file
// An entry of an index: the term it is found by, and which entry of the table it stands for.
#pragma once

#include "kinds/entry.hpp"
#include "kinds/key_order.hpp"

#include <array>
#include <cstring>
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

/// The same before all items of a term, without the heap if the term is short.
class bound_before {
 public:
  explicit bound_before(bytes term) {
    if (term.size() + reference_bytes > small_.size()) {
      large_ = item_bound(term, false);
      size_ = large_.size();
      return;
    }
    if (!term.empty()) std::memcpy(small_.data(), term.data(), term.size());
    std::memset(small_.data() + term.size(), 0, reference_bytes);
    size_ = term.size() + reference_bytes;
  }
  bound_before(const bound_before&) = delete;
  bound_before& operator=(const bound_before&) = delete;
  [[nodiscard]] bytes view() const noexcept {
    return {large_.empty() ? small_.data() : large_.data(), size_};
  }

 private:
  std::array<std::byte, 128> small_;
  std::vector<std::byte> large_;
  std::size_t size_ = 0;
};

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
