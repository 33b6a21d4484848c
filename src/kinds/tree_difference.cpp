// KINDS  api -> engine -> [kinds] -> memory -> file
// Two cursors through two versions, which step over the nodes that they share.
#include "kinds/tree_difference.hpp"

#include "kinds/tree_contents.hpp"
#include "memory/epoch.hpp"

#include <algorithm>
#include <cassert>
#include <compare>
#include <vector>

namespace shelf::kinds {
namespace {

/// A place in a tree, from the root down to an entry.
class tree_cursor {
 public:
  explicit tree_cursor(const tree_view& tree) {
    if (tree.root != nullptr) go_down(tree.root);
  }

  [[nodiscard]] bool is_over() const noexcept { return path_.empty(); }
  [[nodiscard]] const entry* get() const noexcept {
    return path_.back().node->entries[path_.back().index];
  }
  [[nodiscard]] std::uint64_t prefix() const noexcept {
    return path_.back().node->prefixes[path_.back().index];
  }
  /// How many nodes of the path begin with this entry, the leaf counted first.
  [[nodiscard]] std::size_t begun() const noexcept {
    std::size_t count = 0;
    while (count < path_.size() && path_[path_.size() - 1 - count].index == 0) ++count;
    return count;
  }
  /// The node so far above the leaf.
  [[nodiscard]] const tree_node* above_leaf(std::size_t up) const noexcept {
    return path_[path_.size() - 1 - up].node;
  }
  void step() {
    while (!path_.empty() && ++path_.back().index == path_.back().node->count) path_.pop_back();
    if (path_.empty() || path_.back().node->is_leaf()) return;
    go_down(as_branch(path_.back().node)->children[path_.back().index]);
  }
  /// Past that node, with all below it.
  void skip(std::size_t up) {
    path_.resize(path_.size() - 1 - up);
    step();
  }

 private:
  struct level {
    const tree_node* node;
    std::size_t index;
  };

  void go_down(const tree_node* n) {
    for (;; n = as_branch(n)->children[0]) {
      assert(n->count != 0);
      path_.push_back({n, 0});
      if (n->is_leaf()) return;
    }
  }

  std::vector<level> path_;
};

/// Steps both over the largest node that begins at both. False if there is none.
[[nodiscard]] bool skip_shared(tree_cursor& a, tree_cursor& b) {
  const auto of_a = a.begun();
  const auto of_b = b.begun();
  for (auto i = of_a; i-- > 0;) {
    for (auto k = of_b; k-- > 0;) {
      if (a.above_leaf(i) != b.above_leaf(k)) continue;
      a.skip(i);
      b.skip(k);
      return true;
    }
  }
  return false;
}

[[nodiscard]] std::weak_ordering compare(const tree_cursor& a, const tree_cursor& b,
                                         const key_order& order) {
  if (a.prefix() != b.prefix()) return a.prefix() <=> b.prefix();
  return order.compare(a.get()->key(), b.get()->key());
}

}  // namespace

void each_difference(const ordered_version& from, const ordered_version& to,
                     detail::function_ref<void(const entry*, const entry*)> f) {
  const auto view_of = [](const ordered_version& v) {
    const memory::epoch_guard guard;
    return static_cast<const tree_contents&>(v.of).view(v.at);
  };
  const auto order = *view_of(from).order;
  tree_cursor a(view_of(from));
  tree_cursor b(view_of(to));
  while (!a.is_over() && !b.is_over()) {
    if (skip_shared(a, b)) continue;
    if (a.get() == b.get()) {
      a.step();
      b.step();
      continue;
    }
    const auto which = compare(a, b, order);
    if (which == 0 && !same_bytes(a.get()->value(), b.get()->value())) f(a.get(), b.get());
    if (which < 0) f(a.get(), nullptr);
    if (which > 0) f(nullptr, b.get());
    if (which <= 0) a.step();
    if (which >= 0) b.step();
  }
  for (; !a.is_over(); a.step()) f(a.get(), nullptr);
  for (; !b.is_over(); b.step()) f(nullptr, b.get());
}

}  // namespace shelf::kinds
