// KINDS  api -> engine -> [kinds] -> memory -> file
// Changing a counted B+tree: copy the path, then split, merge and count along it.
#include "kinds/tree_draft.hpp"

#include <algorithm>
#include <cassert>

namespace shelf::kinds {

namespace {

/// A node with fewer places in use is merged into its neighbour if both fit into three quarters of
/// one.
constexpr std::size_t sparse = node_places / 4;
constexpr std::size_t merged_at_most = node_places * 3 / 4;

bool is_draft(const tree_node* n) noexcept { return n->born == unpublished; }

}  // namespace

tree_draft::~tree_draft() {
  for (auto* n : made_) free_node(n);
  for (auto* n : spare_leaves_) free_node(n);
  for (auto* n : spare_branches_) free_node(n);
}

// Memory.

tree_node* tree_draft::make_node(mortal::sort what) {
  const bool leaf = what == mortal::sort::leaf;
  const std::size_t size = leaf ? sizeof(tree_node) : sizeof(tree_branch);
  void* const block = memory::blocks::allocate(size);
  held_.add(memory::blocks::rounded(size));
  tree_node* const made = leaf ? new (block) tree_node : new (block) tree_branch;
  made->what = what;
  return made;
}

void tree_draft::free_node(tree_node* n) noexcept {
  held_.subtract(memory::blocks::rounded(block_bytes(*n)));
  memory::blocks::release(n, block_bytes(*n));
}

void tree_draft::make_room(std::size_t depth) {
  // On each level a copy, a sibling made by a split or copied for a merge; and a new root.
  const std::size_t leaves = 3;
  const std::size_t branches = 3 * depth + 2;
  const auto room_in = [](std::vector<tree_node*>& v, std::size_t more) {
    if (v.capacity() < v.size() + more) v.reserve(std::max(v.size() + more, 2 * v.capacity()));
  };
  room_in(made_, leaves + branches);
  room_in(left_, leaves + branches);
  room_in(spare_leaves_, leaves);
  room_in(spare_branches_, branches);
  while (spare_leaves_.size() < leaves) spare_leaves_.push_back(make_node(mortal::sort::leaf));
  while (spare_branches_.size() < branches) {
    spare_branches_.push_back(make_node(mortal::sort::branch));
  }
}

/// A node of the draft, out of the spares.
tree_node* tree_draft::fresh(mortal::sort what) noexcept {
  auto& spares = what == mortal::sort::leaf ? spare_leaves_ : spare_branches_;
  assert(!spares.empty());
  tree_node* const n = spares.back();
  spares.pop_back();
  n->born = unpublished;
  n->count = 0;
  made_.push_back(n);
  return n;
}

/// The node itself if it is the draft's, else a copy that is.
tree_node* tree_draft::own(tree_node* n) noexcept {
  if (is_draft(n)) return n;
  tree_node* const copy = fresh(n->what);
  copy_places(*n, 0, n->count, *copy, 0);
  copy->count = n->count;
  left_.push_back(n);
  return copy;
}

/// The draft no longer has this node.
void tree_draft::drop(tree_node* n) noexcept {
  if (is_draft(n)) {
    n->count = 0;
  } else {
    left_.push_back(n);
  }
}

void tree_draft::publish(sequence number) noexcept {
  constexpr std::size_t kept = 1024;
  for (auto* n : made_) {
    if (n->count == 0) {
      free_node(n);
    } else {
      n->born = number;
    }
  }
  made_.clear();
  left_.clear();
  if (made_.capacity() > kept) std::vector<tree_node*>().swap(made_);
  if (left_.capacity() > kept) std::vector<tree_node*>().swap(left_);
}

void tree_draft::discard(tree_node* published) noexcept {
  for (auto* n : made_) free_node(n);
  made_.clear();
  left_.clear();
  root_ = published;
}

// Places.

void tree_draft::copy_places(const tree_node& from, std::size_t at, std::size_t count,
                             tree_node& to, std::size_t to_at) noexcept {
  const auto move = [&](const auto& source, auto& target) {
    // Source and target may be one array.
    std::memmove(target.data() + to_at, source.data() + at, count * sizeof(source[0]));
  };
  move(from.prefixes, to.prefixes);
  move(from.entries, to.entries);
  if (from.is_leaf()) return;
  move(as_branch(&from)->children, as_branch(&to)->children);
  move(as_branch(&from)->sizes, as_branch(&to)->sizes);
}

void tree_draft::open_place(tree_node& n, std::size_t at) noexcept {
  assert(n.count < node_places && at <= n.count);
  copy_places(n, at, n.count - at, n, at + 1);
  ++n.count;
}

void tree_draft::remove_place(tree_node& n, std::size_t at) noexcept {
  assert(at < n.count);
  copy_places(n, at + 1, n.count - at - 1, n, at);
  --n.count;
}

void tree_draft::set_place(tree_node& n, std::size_t at, entry* e) noexcept {
  n.entries[at] = e;
  n.prefixes[at] = order_.prefix(e->key());
}

/// What a branch says of a child, after the child changed.
void tree_draft::refresh_child(tree_branch& n, std::size_t at) noexcept {
  const tree_node* const child = n.children[at];
  n.prefixes[at] = child->prefixes[0];
  n.entries[at] = child->entries[0];
  n.sizes[at] = size_below(child);
}

// Changes.

tree_draft::path tree_draft::find(bytes key) const noexcept {
  path p;
  if (root_ == nullptr) return p;
  const search_key wanted(order_, key);
  tree_node* n = root_;
  while (!n->is_leaf()) {
    const std::size_t child = child_for(*as_branch(n), wanted, order_);
    p.steps[p.depth++] = {n, child};
    n = as_branch(n)->children[child];
  }
  const auto at = position_in(*n, wanted, order_);
  p.steps[p.depth++] = {n, at.index};
  p.equal = at.equal;
  return p;
}

void tree_draft::own_path(path& p) noexcept {
  root_ = p.steps[0].node = own(root_);
  for (std::size_t i = 1; i < p.depth; ++i) {
    auto& above = p.steps[i - 1];
    p.steps[i].node = own(p.steps[i].node);
    as_branch(above.node)->children[above.index] = p.steps[i].node;
  }
}

/// The path leads along the right edge and ends behind the last entry.
bool tree_draft::ends_tree(const path& p) noexcept {
  for (std::size_t i = 0; i + 1 < p.depth; ++i) {
    if (p.steps[i].index + 1 != p.steps[i].node->count) return false;
  }
  return p.steps[p.depth - 1].index == p.steps[p.depth - 1].node->count;
}

void tree_draft::put(path& p, entry* e) noexcept {
  if (root_ == nullptr) {
    root_ = fresh(mortal::sort::leaf);
    open_place(*root_, 0);
    return set_place(*root_, 0, e);
  }
  const bool at_the_end = !p.equal && ends_tree(p);
  own_path(p);
  auto& leaf = p.leaf();
  opened place{leaf.node, leaf.index, nullptr};
  if (!p.equal) place = make_place(leaf.node, leaf.index, at_the_end);
  set_place(*place.node, place.at, e);
  climb(p, place.sibling, at_the_end);
}

/// Opens a place. A full node first gives its upper half to a new sibling; at the right edge it
/// gives nothing, so that keys that come in order fill their nodes.
tree_draft::opened tree_draft::make_place(tree_node* n, std::size_t at, bool at_the_end) noexcept {
  opened place{n, at, nullptr};
  if (n->count == node_places) {
    const std::size_t kept = at_the_end ? node_places : node_places / 2;
    place.sibling = fresh(n->what);
    copy_places(*n, kept, node_places - kept, *place.sibling, 0);
    place.sibling->count = static_cast<std::uint16_t>(node_places - kept);
    n->count = static_cast<std::uint16_t>(kept);
    if (at_the_end || at > kept) place = {place.sibling, at - kept, place.sibling};
  }
  open_place(*place.node, place.at);
  return place;
}

/// From a changed node to the root: counts and first keys, and room for the siblings that splits
/// made.
void tree_draft::climb(path& p, tree_node* sibling, bool at_the_end) noexcept {
  for (std::size_t level = p.depth - 1; level > 0; --level) {
    auto& above = p.steps[level - 1];
    refresh_child(*as_branch(above.node), above.index);
    if (sibling == nullptr) continue;
    const opened place = make_place(above.node, above.index + 1, at_the_end);
    as_branch(place.node)->children[place.at] = sibling;
    refresh_child(*as_branch(place.node), place.at);
    sibling = place.sibling;
  }
  if (sibling == nullptr) return;
  auto* const top = as_branch(fresh(mortal::sort::branch));
  top->count = 2;
  top->children[0] = root_;
  top->children[1] = sibling;
  refresh_child(*top, 0);
  refresh_child(*top, 1);
  root_ = top;
}

void tree_draft::erase(path& p) noexcept {
  assert(p.equal);
  own_path(p);
  remove_place(*p.leaf().node, p.leaf().index);
  shrink(p);
}

/// From a leaf that lost an entry to the root: empty nodes go, sparse ones join a neighbour.
void tree_draft::shrink(path& p) noexcept {
  for (std::size_t level = p.depth - 1; level > 0; --level) {
    auto& above = p.steps[level - 1];
    auto& branch = *as_branch(above.node);
    tree_node* const child = p.steps[level].node;
    if (child->count == 0) {
      drop(child);
      remove_place(branch, above.index);
      continue;
    }
    refresh_child(branch, above.index);
    if (child->count >= sparse) continue;
    if (above.index > 0 && merge_children(branch, above.index - 1)) continue;
    if (above.index + 1 < branch.count) merge_children(branch, above.index);
  }
  while (root_ != nullptr && !root_->is_leaf() && root_->count == 1) {
    tree_node* const only = as_branch(root_)->children[0];
    drop(root_);
    root_ = only;
  }
  if (root_->count == 0) {
    drop(root_);
    root_ = nullptr;
  }
}

/// Moves the right one of two neighbours into the left one, if that leaves room.
bool tree_draft::merge_children(tree_branch& n, std::size_t left) noexcept {
  tree_node* const right = n.children[left + 1];
  const std::size_t both = std::size_t{n.children[left]->count} + right->count;
  if (both > merged_at_most) return false;
  tree_node* const into = n.children[left] = own(n.children[left]);
  copy_places(*right, 0, right->count, *into, into->count);
  into->count = static_cast<std::uint16_t>(both);
  drop(right);
  remove_place(n, left + 1);
  refresh_child(n, left);
  return true;
}

}  // namespace shelf::kinds
