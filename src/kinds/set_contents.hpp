// KINDS  api -> engine -> [kinds] -> memory -> file
// The hashed kind with one value a key.
#pragma once

#include "kinds/hash.hpp"
#include "kinds/hash_index.hpp"
#include "kinds/version_record.hpp"

namespace shelf::kinds {

/// A hash index whose slots point to entries.
///
/// Staging: a staged entry stands in its slot at once, stamped as unpublished, with what it
/// replaces behind it; so readers pass through it to the published one, later changes of the batch
/// find it, publishing only writes numbers, and discarding puts the slots back.
///
/// Erasing puts a tombstone (a key without value) into the slot. It stays while a pin shows what
/// was before, or while the list of unsaved changes needs it to know the key again.
class set_contents final : public versioned<contents> {
 public:
  explicit set_contents(const options& o);
  ~set_contents() override;

  [[nodiscard]] const entry* find(const sought_key& key, sequence at) const noexcept override;
  void find_many(std::span<const sought_key> keys, std::span<const entry*> found,
                 sequence at) const noexcept override;
  void find_all(const sought_key& key, sequence at,
                std::vector<const entry*>& found) const override;
  [[nodiscard]] std::unique_ptr<walker> walk(sequence at) const override;

  void reserve(std::size_t count) override { index_.reserve(count); }
  using contents::stage_insert;
  [[nodiscard]] staging stage_insert(entry::owner& e, std::uint64_t hash) override;
  [[nodiscard]] std::uint64_t announce(bytes key) const noexcept override;
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

  /// For the index: the hash of what a slot refers to.
  [[nodiscard]] std::uint64_t hash(entry_reference r) const noexcept {
    return hash_of(entry_in(r)->key(), seed_);
  }

 private:
  /// For size_bounds: a slot of the index, and what it keeps free.
  static constexpr std::size_t index_share = 12;
  using index = hash_index<set_contents>;
  class set_walker;
  /// Blocks a change may put into limbo when it is published or discarded: a record, what was
  /// replaced, a tombstone, what is spliced out, an index segment.
  static constexpr std::size_t retired_a_change = 6;

  /// One changed key of the batch. While staged, entry::unsaved_at is its place in staged_.
  struct change {
    entry_reference now = 0;
    entry_reference before = 0;        ///< the published one, tombstones included; 0 if none
    version_record* record = nullptr;  ///< of `now`; there is one if there is a `before`
    std::uint64_t hash = 0;            ///< of the key
  };

  [[nodiscard]] entry_reference visible(entry_reference r, sequence at) const noexcept;
  [[nodiscard]] index::place place_of(std::uint64_t hash, bytes key) const noexcept;
  [[nodiscard]] index::place place_again(std::uint64_t hash, bytes key) const noexcept;
  [[nodiscard]] bool is_staged(entry_reference r) const noexcept;

  void make_room_for_one();
  // These take the entry if they do not throw.
  void stage(index::place place, std::uint64_t hash, entry::owner& e, bool tombstone);
  void stage_on_top(index::place place, entry::owner& e, bool tombstone);
  void count(entry_reference gone, entry_reference come) noexcept;
  void note_residents(entry* gone, entry* come) noexcept;

  void note_unsaved(const change& c) noexcept;
  void tidy(const change& c, sequence number, const version_board::held_versions& held) noexcept;
  void splice(version_record* r) noexcept;
  void settle(version_record* r) noexcept {
    settle(r, is_tombstone(r->owner) ? hash(r->owner) : 0);
  }
  void settle(version_record* r, std::uint64_t hash) noexcept;
  bool settle_records(sequence oldest_pin, std::size_t most) noexcept;
  void drop_if_done(entry_reference tombstone, std::uint64_t hash) noexcept;
  [[nodiscard]] bool is_listed(entry_reference r) const noexcept;
  void retire(entry_reference r) noexcept;
  void retire(version_record* r) noexcept { limbo_.push(r, sizeof(version_record)); }
  [[nodiscard]] version_record* make_record(entry_reference owner, entry_reference previous);
  void free_chain(entry_reference r) noexcept;
  void release_promised(std::uint64_t word) noexcept;
  void end_batch() noexcept;

  const std::uint64_t seed_;
  index index_;
  std::vector<change> staged_;
  std::ptrdiff_t size_change_ = 0;
  std::ptrdiff_t payload_change_ = 0;
  record_list waiting_;  ///< records some pin wants
};

}  // namespace shelf::kinds
