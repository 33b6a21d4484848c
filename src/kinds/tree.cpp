// KINDS  api -> engine -> [kinds] -> memory -> file
// Searching a counted B+tree.
#include "kinds/tree.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace shelf::kinds {

std::size_t size_below(const tree_node* n) noexcept {
  if (n == nullptr) return 0;
  if (n->is_leaf()) return n->count;
  const auto& sizes = as_branch(n)->sizes;
  return std::accumulate(sizes.begin(), sizes.begin() + n->count, std::size_t{0});
}

/// Prefixes decide as far as they differ; only among equal ones the entries are looked at.
node_position position_in(const tree_node& n, const search_key& key,
                          const key_order& order) noexcept {
  assert(n.count != 0);
  const auto* const first = n.prefixes.data();
  std::size_t from = 0;
  std::size_t to = n.count;
  // Keys that all begin alike are common.
  if (first[0] != key.prefix || first[to - 1] != key.prefix) {
    const auto [low, high] = std::equal_range(first, first + to, key.prefix);
    from = static_cast<std::size_t>(low - first);
    to = static_cast<std::size_t>(high - first);
  }
  while (from < to) {
    const std::size_t middle = from + (to - from) / 2;
    const auto compared = order.compare(n.entries[middle]->key(), key.key);
    if (compared == 0) return {middle, true};
    (compared < 0 ? from : to) = compared < 0 ? middle + 1 : middle;
  }
  return {from, false};
}

std::size_t child_for(const tree_branch& n, const search_key& key,
                      const key_order& order) noexcept {
  const auto at = position_in(n, key, order);
  if (at.equal) return at.index;
  return at.index > 0 ? at.index - 1 : 0;
}

tree_view::rank_of_key tree_view::rank(bytes key) const noexcept {
  rank_of_key found;
  if (root == nullptr) return found;
  const search_key wanted(*order, key);
  const tree_node* n = root;
  while (!n->is_leaf()) {
    const auto& branch = *as_branch(n);
    const std::size_t child = child_for(branch, wanted, *order);
    for (std::size_t i = 0; i < child; ++i) found.before += branch.sizes[i];
    n = branch.children[child];
  }
  const auto at = position_in(*n, wanted, *order);
  found.before += at.index;
  if (at.equal) found.equal = n->entries[at.index];
  return found;
}

const entry* tree_view::find(bytes key) const noexcept {
  if (root == nullptr) return nullptr;
  const search_key wanted(*order, key);
  const tree_node* n = root;
  while (!n->is_leaf()) n = as_branch(n)->children[child_for(*as_branch(n), wanted, *order)];
  const auto at = position_in(*n, wanted, *order);
  return at.equal ? n->entries[at.index] : nullptr;
}

std::span<const entry* const> tree_view::from_rank(std::size_t rank) const noexcept {
  const tree_node* n = root;
  if (n == nullptr) return {};
  while (!n->is_leaf()) {
    const auto& branch = *as_branch(n);
    std::size_t child = 0;
    while (child < branch.count && rank >= branch.sizes[child]) rank -= branch.sizes[child++];
    if (child == branch.count) return {};
    n = branch.children[child];
  }
  if (rank >= n->count) return {};
  return {n->entries.data() + rank, n->count - rank};
}

const entry* tree_view::nth(std::size_t rank) const noexcept {
  const auto some = from_rank(rank);
  return some.empty() ? nullptr : some.front();
}

/// The first entry not before the key, if it stands in the leaf where the key would: one descent,
/// and no ranks. Else null.
const entry* tree_view::at_or_after_in_leaf(bytes key) const noexcept {
  if (root == nullptr) return nullptr;
  const search_key wanted(*order, key);
  const tree_node* n = root;
  while (!n->is_leaf()) n = as_branch(n)->children[child_for(*as_branch(n), wanted, *order)];
  const auto at = position_in(*n, wanted, *order);
  return at.index < n->count ? n->entries[at.index] : nullptr;
}

const entry* tree_view::seek(ordered_contents::place where, bytes key) const noexcept {
  using enum ordered_contents::place;
  if (where == at_or_after) {
    if (const auto* const found = at_or_after_in_leaf(key)) return found;
  }
  if (where == first) return nth(0);
  if (where == last) {
    const std::size_t size = size_below(root);
    return size > 0 ? nth(size - 1) : nullptr;
  }
  const auto at = rank(key);
  const std::size_t behind = at.before + (at.equal != nullptr ? 1 : 0);
  switch (where) {
    case at_or_after: return at.equal != nullptr ? at.equal : nth(at.before);
    case after: return nth(behind);
    case before: return at.before > 0 ? nth(at.before - 1) : nullptr;
    default:
      assert(where == at_or_before);
      return at.equal != nullptr ? at.equal : at.before > 0 ? nth(at.before - 1) : nullptr;
  }
}

}  // namespace shelf::kinds
