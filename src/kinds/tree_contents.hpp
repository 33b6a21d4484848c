// KINDS  api -> engine -> [kinds] -> memory -> file
// The ordered kind: a counted B+tree of which every version that somebody needs is kept.
#pragma once

#include "kinds/tree_draft.hpp"

#include <set>

namespace shelf::kinds {

/// Staging changes a draft of the tree; publishing makes its root the newest version. Readers start
/// from the root of their version and meet only nodes that never change.
///
/// Versions stand in a chain, the newest first; older ones only while pinned. Each keeps what it
/// has and the next one in the chain has not: when it goes, its dead go on to the version before it
/// if that had them already, else they are freed.
class tree_contents final : public versioned<ordered_contents> {
 public:
  explicit tree_contents(const options& o);
  ~tree_contents() override;

  [[nodiscard]] const entry* find(const sought_key& key, sequence at) const noexcept override;
  void find_many(std::span<const sought_key> keys, std::span<const entry*> found,
                 sequence at) const noexcept override;
  void find_all(const sought_key& key, sequence at,
                std::vector<const entry*>& found) const override;
  [[nodiscard]] const entry* seek(place where, bytes key, sequence at) const noexcept override;
  [[nodiscard]] const entry* seek_staged(place where, bytes key) const noexcept override;
  [[nodiscard]] std::size_t rank(bytes key, sequence at) const noexcept override;
  [[nodiscard]] const entry* nth(std::size_t index, sequence at) const noexcept override;
  [[nodiscard]] std::unique_ptr<walker> walk(sequence at) const override;
  [[nodiscard]] std::unique_ptr<walker> walk_ranks(sequence at, std::size_t from,
                                                   std::size_t to) const override;

  void reserve(std::size_t) override {}  ///< a tree grows by a node at a time in any case
  using contents::stage_insert;
  [[nodiscard]] staging stage_insert(entry::owner& e, std::uint64_t hash) override;
  [[nodiscard]] staging stage_erase(bytes key) override;
  [[nodiscard]] staging stage_erase_value(bytes key, bytes value) override;
  using contents::find_staged;
  [[nodiscard]] const entry* find_staged(bytes key, std::uint64_t hash) const override;
  void stamp(sequence number) noexcept override;
  std::size_t settle(sequence number) noexcept override;
  void discard() noexcept override;
  [[nodiscard]] std::size_t staged_count() const noexcept override { return staged_.size(); }

  [[nodiscard]] std::vector<unsaved_change> take_unsaved() override;
  void settle_unsaved() noexcept override;
  void return_unsaved() noexcept override;
  bool collect_some(std::size_t most) noexcept override;

  /// Inside an epoch guard; the nodes live as long as the version is pinned.
  [[nodiscard]] tree_view view(sequence at) const noexcept {
    return {version_at(at).root, &order_};
  }

 private:
  /// For size_bounds: a place in a leaf with the start of its key, and what leaves keep free.
  static constexpr std::size_t index_share = 24;
  struct version {
    std::atomic<sequence> number{0};
    tree_node* root = nullptr;
    std::atomic<version*> older{nullptr};
    mortal* dead = nullptr;  ///< what this version has and the next in the chain has not
  };
  class tree_walker;

  struct by_key {
    const key_order* order = nullptr;
    bool operator()(const entry* a, const entry* b) const {
      return order->compare(a->key(), b->key()) < 0;
    }
  };
  using tombstone_set = std::set<entry*, by_key>;

  /// While staged, entry::unsaved_at of `now` is its place in staged_.
  struct change {
    entry* now = nullptr;              ///< null for an erase, and for an insert undone in the batch
    entry* before = nullptr;           ///< the published one that goes
    replaced_entry* corpse = nullptr;  ///< of `before`
    tombstone_set::node_type tombstone;  ///< of an erase, for the list of unsaved changes
  };

  [[nodiscard]] const version& version_at(sequence at) const noexcept;

  void make_room(std::size_t depth);
  [[nodiscard]] version* make_version();
  [[nodiscard]] replaced_entry* make_corpse(entry* e);
  [[nodiscard]] static bool is_staged(const entry* e) noexcept {
    return e->stamp.load(std::memory_order_relaxed) == stamp_of(unpublished);
  }
  void count(const entry* e, std::ptrdiff_t sign) noexcept;
  void destroy(entry* e) noexcept;
  void end_batch() noexcept;

  void show(sequence number) noexcept;
  void bury_replaced(sequence number) noexcept;
  void bury(mortal* m, version* last_owner) noexcept;
  bool sweep(bool all, std::size_t most) noexcept;
  [[nodiscard]] bool release_dead(version& v, std::size_t& most) noexcept;
  void free_tree(tree_node* n) noexcept;
  void free_mortal(mortal* m) noexcept;

  void note_unsaved(change& c) noexcept;
  void list_in_place_of(entry* before, entry* now, bool tombstone) noexcept;

  const key_order order_;
  tree_draft draft_;
  std::atomic<version*> newest_{nullptr};  ///< the writer writes, readers start from it
  version* next_ = nullptr;                ///< made while staging
  std::vector<change> staged_;
  /// Staged and replaced or erased in the same batch: never seen, but their bytes are in the
  /// journal's hands.
  std::vector<entry*> overtaken_;
  std::ptrdiff_t size_change_ = 0;
  std::ptrdiff_t payload_change_ = 0;
  std::size_t unpins_seen_ = 0;
  tombstone_set tombstones_;        ///< those in unsaved_
  tombstone_set taken_tombstones_;  ///< those in taken_ that no later change made void
};

}  // namespace shelf::kinds
