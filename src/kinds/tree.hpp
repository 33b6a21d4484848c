// KINDS  api -> engine -> [kinds] -> memory -> file
// A counted B+tree as readers see it: nodes that never change, searched by key or by rank.
#pragma once

#include "kinds/contents.hpp"
#include "kinds/key_order.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace shelf::kinds {

/// What a version may still need after a later one has let go of it.
struct mortal {
  enum class sort : std::uint8_t { leaf, branch, replaced_entry };
  mortal* next = nullptr;  ///< in the list of the dead
  sequence born = 0;       ///< the version that first had it
  sort what = sort::leaf;
  std::uint16_t count = 0;  ///< nodes: places in use
};

inline constexpr std::size_t node_places = 32;

/// Invariant: a published node never changes, nor does what it points to while a version has it.
struct tree_node : mortal {
  std::array<std::uint64_t, node_places> prefixes;  ///< of the keys below
  std::array<entry*, node_places> entries;  ///< a leaf's own; of a branch the first of each child
  [[nodiscard]] bool is_leaf() const noexcept { return what == sort::leaf; }
};

struct tree_branch : tree_node {
  std::array<tree_node*, node_places> children;
  std::array<std::size_t, node_places> sizes;  ///< entries below each child
};

[[nodiscard]] inline tree_branch* as_branch(tree_node* n) noexcept {
  return static_cast<tree_branch*>(n);
}
[[nodiscard]] inline const tree_branch* as_branch(const tree_node* n) noexcept {
  return static_cast<const tree_branch*>(n);
}
[[nodiscard]] std::size_t size_below(const tree_node* n) noexcept;

/// A key with its prefix, computed once a search.
struct search_key {
  search_key(const key_order& order, bytes k) : key(k), prefix(order.prefix(k)) {}
  bytes key;
  std::uint64_t prefix;
};

/// Where a key is in a node, or would be.
struct node_position {
  std::size_t index = 0;  ///< the first place whose key is not before it
  bool equal = false;     ///< and that key is equal to it
};
[[nodiscard]] node_position position_in(const tree_node& n, const search_key& key,
                                        const key_order& order) noexcept;
/// The child in which a key is, or would be.
[[nodiscard]] std::size_t child_for(const tree_branch& n, const search_key& key,
                                    const key_order& order) noexcept;

/// One version of the tree; `root` is null when it is empty.
/// Thread safety: any thread, while the version is kept from being freed.
struct tree_view {
  const tree_node* root = nullptr;
  const key_order* order = nullptr;

  struct rank_of_key {
    std::size_t before = 0;  ///< entries before the key
    const entry* equal = nullptr;
  };
  [[nodiscard]] rank_of_key rank(bytes key) const noexcept;
  [[nodiscard]] const entry* find(bytes key) const noexcept;
  /// The entries from a rank on that stand in one leaf with it; empty past the end.
  [[nodiscard]] std::span<const entry* const> from_rank(std::size_t rank) const noexcept;
  [[nodiscard]] const entry* nth(std::size_t rank) const noexcept;
  [[nodiscard]] const entry* seek(ordered_contents::place where, bytes key) const noexcept;

 private:
  [[nodiscard]] const entry* at_or_after_in_leaf(bytes key) const noexcept;
};

}  // namespace shelf::kinds
