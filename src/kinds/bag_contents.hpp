// KINDS  api -> engine -> [kinds] -> memory -> file
// The hashed kinds with several values a key: bag and duplicate_bag.
#pragma once

#include "kinds/hash.hpp"
#include "kinds/hash_index.hpp"
#include "kinds/value_list.hpp"

namespace shelf::kinds {

/// A hash index from keys to lists of values.
///
/// Staging: an append stands in its list at once, its entry stamped as unpublished; an erase marks
/// its slots as dying. So every change can be decided on top of those staged before it.
///
/// In a bag, lists of many slots have their values in a second index, of pairs, so that a duplicate
/// is found without a walk along the list. It points to slots and is the writer's own.
class bag_contents final : public versioned<contents> {
 public:
  explicit bag_contents(const options& o);
  ~bag_contents() override;

  /// The first of the key's values.
  [[nodiscard]] const entry* find(const sought_key& key, sequence at) const noexcept override;
  void find_many(std::span<const sought_key> keys, std::span<const entry*> found,
                 sequence at) const noexcept override;
  void find_all(const sought_key& key, sequence at,
                std::vector<const entry*>& found) const override;
  [[nodiscard]] std::unique_ptr<walker> walk(sequence at) const override;

  void reserve(std::size_t count) override { lists_.reserve(count); }
  using contents::stage_insert;
  [[nodiscard]] staging stage_insert(entry::owner& e, std::uint64_t hash) override;
  [[nodiscard]] std::uint64_t announce(bytes key) const noexcept override;
  [[nodiscard]] staging stage_erase(bytes key) override;
  [[nodiscard]] staging stage_erase_value(bytes key, bytes value) override;
  using contents::find_staged;
  [[nodiscard]] const entry* find_staged(bytes key, std::uint64_t hash) const override;
  void show_staged(bytes key, detail::function_ref<void(const entry&)> f) const override;
  void stamp(sequence number) noexcept override;
  std::size_t settle(sequence number) noexcept override;
  void discard() noexcept override;
  [[nodiscard]] std::size_t staged_count() const noexcept override {
    return staged_.size() - notes_;
  }

  [[nodiscard]] std::vector<unsaved_change> take_unsaved() override;
  void settle_unsaved() noexcept override;
  void return_unsaved() noexcept override;
  bool collect_some(std::size_t most) noexcept override;

  /// For the index: the hash of the list's key.
  [[nodiscard]] std::uint64_t hash(std::uint64_t reference) const noexcept {
    return hash_of(list_in(reference)->key(), pairs_owner_.seed);
  }

 private:
  /// For size_bounds: a slot of a list, and about a list of its own.
  static constexpr std::size_t index_share = 48;
  using list_index = hash_index<bag_contents>;
  /// What the index of pairs hashes: key and value of a slot's entry.
  struct pair_owner {
    std::uint64_t seed = 0;
    [[nodiscard]] std::uint64_t hash(bytes key, bytes value) const noexcept {
      return hash_of(value, hash_of(key, seed));
    }
    [[nodiscard]] std::uint64_t hash(std::uint64_t reference) const noexcept {
      const entry* const e = slot_in(reference)->get();
      return hash(e->key(), e->value());
    }
  };
  using pair_index = hash_index<pair_owner>;
  class bag_walker;

  /// What was staged, in order. An erase has one item for each slot it empties; with the list of
  /// unsaved changes a note follows, which says what was asked for.
  struct change {
    enum class sort : std::uint8_t { append, death, note };
    sort what = sort::append;
    journal::op asked = journal::op::append;
    value_list* list = nullptr;
    value_chunk* chunk = nullptr;  ///< of an append
    value_slot* slot = nullptr;    ///< of an append or a death
    entry* note = nullptr;         ///< the key, for erase_value also the value
  };
  struct death {
    value_list* list;
    entry* which;
    sequence died;
  };

  [[nodiscard]] static value_list* list_in(std::uint64_t reference) noexcept {
    return reinterpret_cast<value_list*>(reference);
  }
  [[nodiscard]] static value_slot* slot_in(std::uint64_t reference) noexcept {
    return reinterpret_cast<value_slot*>(reference);
  }
  template <class T>
  [[nodiscard]] static std::uint64_t reference_to(const T* object) noexcept {
    return reinterpret_cast<std::uintptr_t>(object);
  }
  [[nodiscard]] value_list* list_of(std::uint64_t hash, const sought_key& key) const noexcept;
  [[nodiscard]] value_slot* find_live(value_list& list, bytes value) const noexcept;

  void make_room(std::size_t changes);
  [[nodiscard]] value_list* make_list(bytes key);
  [[nodiscard]] value_chunk* make_chunk(std::size_t capacity);
  void make_room_in(value_list& list);
  void index_pairs(value_list& list);
  void append(value_list& list, entry::owner e) noexcept;
  void stage_death(value_list& list, value_slot& slot) noexcept;
  void stage_note(journal::op asked, entry::owner note) noexcept;
  template <class Chosen>
  [[nodiscard]] staging erase_slots(value_list& list, journal::op asked, bytes value,
                                    const Chosen& chosen);
  void count(const entry* e, std::ptrdiff_t sign) noexcept;
  void end_batch() noexcept;
  void undo(const change& c) noexcept;

  void note_unsaved() noexcept;
  void close_holes() noexcept;
  bool bury(sequence oldest_pin, std::size_t most) noexcept;
  void retire(entry* e) noexcept { limbo_.push(e, e->footprint()); }
  void tidy(value_list& list) noexcept;
  void compact(value_list& list);
  void forget(value_list& list) noexcept;
  void drop_pair(const value_slot& slot) noexcept;
  void free_list(value_list* list) noexcept;
  void free_words(unsaved_list& words) noexcept;

  const bool distinct_;
  const pair_owner pairs_owner_;
  list_index lists_;
  pair_index pairs_;
  std::vector<change> staged_;
  std::size_t notes_ = 0;  ///< of the staged
  std::ptrdiff_t size_change_ = 0;
  std::ptrdiff_t payload_change_ = 0;
  memory::reserved_queue<death> deaths_{
      held_};  ///< published, in order; some pin may want the dead
};

}  // namespace shelf::kinds
