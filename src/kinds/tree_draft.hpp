// KINDS  api -> engine -> [kinds] -> memory -> file
// A counted B+tree in the making: the writer's copy of the path to what it changes.
#pragma once

#include "kinds/tree.hpp"
#include "kinds/version_record.hpp"
#include "memory/limbo.hpp"

#include <vector>

namespace shelf::kinds {

/// An entry that a version still has after a later one replaced or erased it.
struct replaced_entry : mortal {
  entry* which = nullptr;
};

/// The next version of the tree. Nodes of the published version are copied before they change;
/// nodes of the draft itself change in place. Readers never see a draft.
/// Thread safety: the writer's own.
class tree_draft {
 public:
  tree_draft(const key_order& order, memory::byte_count& held) : order_(order), held_(held) {}
  tree_draft(const tree_draft&) = delete;
  tree_draft& operator=(const tree_draft&) = delete;
  ~tree_draft();

  /// The way to a key: branches with the child taken, then the leaf.
  struct path {
    struct step {
      tree_node* node = nullptr;
      std::size_t index = 0;
    };
    std::array<step, 20> steps;  ///< nodes hold 8 on average at the very least: 8^19 entries
    std::size_t depth = 0;       ///< steps, the leaf included
    bool equal = false;          ///< the leaf has the key, at its step's index
    [[nodiscard]] step& leaf() noexcept { return steps[depth - 1]; }
    [[nodiscard]] entry* found() noexcept {
      return equal ? leaf().node->entries[leaf().index] : nullptr;
    }
  };
  [[nodiscard]] path find(bytes key) const noexcept;
  [[nodiscard]] tree_node* root() const noexcept { return root_; }
  [[nodiscard]] tree_view view() const noexcept { return {root_, &order_}; }

  /// After this, one change along a path needs no memory. Throws std::bad_alloc.
  void make_room(std::size_t depth);
  /// Puts an entry where the path ends, in place of one with an equal key or between others.
  void put(path& p, entry* e) noexcept;
  /// Takes the entry at the end of the path out.
  void erase(path& p) noexcept;

  /// Nodes of the published version that the draft no longer has.
  [[nodiscard]] const std::vector<tree_node*>& left() const noexcept { return left_; }
  /// The draft becomes version `number`; what it left is the caller's now.
  void publish(sequence number) noexcept;
  /// Back to the published root; frees what was made for the draft.
  void discard(tree_node* published) noexcept;

  [[nodiscard]] static std::size_t block_bytes(const mortal& m) noexcept {
    switch (m.what) {
      case mortal::sort::leaf: return sizeof(tree_node);
      case mortal::sort::branch: return sizeof(tree_branch);
      case mortal::sort::replaced_entry: return sizeof(replaced_entry);
    }
    return 0;
  }

 private:
  tree_node* make_node(mortal::sort what);
  void free_node(tree_node* n) noexcept;
  tree_node* fresh(mortal::sort what) noexcept;
  tree_node* own(tree_node* n) noexcept;
  void own_path(path& p) noexcept;
  void drop(tree_node* n) noexcept;

  void set_place(tree_node& n, std::size_t at, entry* e) noexcept;
  void remove_place(tree_node& n, std::size_t at) noexcept;
  static void open_place(tree_node& n, std::size_t at) noexcept;
  static void copy_places(const tree_node& from, std::size_t at, std::size_t count, tree_node& to,
                          std::size_t to_at) noexcept;
  /// A place that was opened in a node, and the sibling that had to be made for it.
  struct opened {
    tree_node* node = nullptr;
    std::size_t at = 0;
    tree_node* sibling = nullptr;
  };
  opened make_place(tree_node* n, std::size_t at, bool at_the_end) noexcept;
  void refresh_child(tree_branch& n, std::size_t at) noexcept;
  void climb(path& p, tree_node* sibling, bool at_the_end) noexcept;
  [[nodiscard]] static bool ends_tree(const path& p) noexcept;
  void shrink(path& p) noexcept;
  bool merge_children(tree_branch& n, std::size_t left) noexcept;

  const key_order& order_;
  memory::byte_count& held_;
  tree_node* root_ = nullptr;
  std::vector<tree_node*> made_;  ///< for this draft; those dropped again are marked by count 0
  std::vector<tree_node*> left_;
  std::vector<tree_node*> spare_leaves_;
  std::vector<tree_node*> spare_branches_;
};

}  // namespace shelf::kinds
