// KINDS  api -> engine -> [kinds] -> memory -> file
// The indexes of one table's contents: a tree of items each, staged and published with the entries.
#pragma once

#include "kinds/contents.hpp"
#include "kinds/index_item.hpp"
#include "kinds/item_table.hpp"
#include "shelf/detail/index_definition.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace shelf::kinds {

/// The keys that an entry has in the indexes whose keys the program's functions make, in the order
/// of these indexes. Made outside of the turn.
using function_keys = std::vector<std::vector<std::byte>>;

/// Two entries that one unique index has under the same key.
struct index_clash {
  std::size_t index = 0;
  const entry* one = nullptr;
  const entry* other = nullptr;
};

/// The indexes of contents, which own them.
///
/// Invariant: every version has, for each entry that it shows, one item per key that the entry has
/// in an index, and no other items. So an item's entry lives while the item is shown.
///
/// Staging here follows the staging of the entries, in the same group, and is published and
/// discarded with it.
///
/// Thread safety: as contents. Reading a tree: any thread. All else: the writer, in its turn.
class index_set {
 public:
  /// Empty, on the board of the contents. Throws std::bad_alloc.
  index_set(detail::index_definitions how, const std::shared_ptr<version_board>& board,
            sequence first);
  /// The indexes of two other sets of the same contents, whose trees they share; the first may be
  /// null, or the second.
  index_set(detail::index_definitions how, const index_set* first, const index_set* second);
  index_set(const index_set&) = delete;
  index_set& operator=(const index_set&) = delete;

  /// Takes in what a version shows; from version `number` on, which is published. Nothing is
  /// staged. A clash of two entries of which neither has expired ends it: then it must go. Calls
  /// the program's functions, and throws what they throw. Errors: theirs. Two threads share the
  /// indexes of large contents. Outside of the turn too, while no version shows these indexes.
  [[nodiscard]] result<std::optional<index_clash>> build(const held_version& of, sequence number,
                                                         deadline now);

  [[nodiscard]] std::size_t count() const noexcept { return indexes_.size(); }
  [[nodiscard]] const detail::index_definitions& definitions() const noexcept { return how_; }
  /// Where it has that index, if it has it.
  [[nodiscard]] std::optional<std::size_t> find(const detail::asked_index& which) const noexcept {
    if (which.at < count() && definition(which.at).derive == which.derive) return which.at;
    return find_by_derivation(which.derive);
  }
  [[nodiscard]] bool has(const ordered_contents& tree) const noexcept;
  [[nodiscard]] bool has_unique() const noexcept;
  [[nodiscard]] const detail::index_definition& definition(std::size_t i) const noexcept {
    return (*how_)[i];
  }
  /// Its keys are items and bounds; its entries have no values.
  [[nodiscard]] const ordered_contents& tree(std::size_t i) const noexcept {
    return *indexes_[i]->tree;
  }

  /// The entry was staged. Its keys in function indexes are those given, or, if there are none,
  /// those of `same`, which has the same value.
  void add(const entry& e, const function_keys* keys, const entry* same);
  /// The staged change has replaced or erased the entry.
  void remove(const entry& e);
  /// The keys of an entry of theirs in function indexes.
  [[nodiscard]] function_keys keys_of(const entry& e) const;
  /// A unique index that has another entry under a key of this one; entries that have expired, and
  /// the one that it replaces, do not count. is_distinct: nor does an equal pair.
  [[nodiscard]] std::optional<index_clash> find_clash(const entry& e, const entry* replaced,
                                                      const function_keys* keys, deadline now,
                                                      bool is_distinct) const;

  void stamp(sequence number) noexcept;
  /// Returns how many blocks wait for their readers to leave.
  std::size_t settle(sequence number) noexcept;
  void discard() noexcept;
  void join(const std::shared_ptr<version_board>& board) noexcept;
  bool collect_some(std::size_t most) noexcept;
  [[nodiscard]] std::size_t waiting() const noexcept;
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

  memory::epoch::waiting farewell;  ///< where it waits when the contents let go of it

 private:
  struct one {
    std::shared_ptr<ordered_contents> tree;
    item_table items;  ///< only of function indexes
  };
  /// What was done to the items of a function index.
  struct step {
    std::uint32_t index = 0;
    bool is_added = false;
    const entry* item = nullptr;
  };

  [[nodiscard]] static std::shared_ptr<one> make_one(const std::shared_ptr<version_board>& board,
                                                     sequence first);
  [[nodiscard]] std::optional<std::size_t> find_by_derivation(
      detail::index_derivation derive) const noexcept;
  void put(std::size_t i, bytes term, const entry& e);
  void erase(std::size_t i, bytes item);
  [[nodiscard]] const entry* find_other(std::size_t i, bytes term, const entry& e,
                                        const entry* replaced, deadline now,
                                        bool is_distinct) const;
  [[nodiscard]] result<> collect(std::size_t i, const held_version& of,
                                 std::vector<entry::owner>& items) const;
  [[nodiscard]] std::optional<index_clash> take(std::size_t i, std::vector<entry::owner> items,
                                                deadline now);
  [[nodiscard]] result<std::optional<index_clash>> build_one(std::size_t i, const held_version& of,
                                                             sequence number, deadline now);

  const detail::index_definitions how_;
  std::vector<std::shared_ptr<one>> indexes_;  ///< some of them may be in other sets as well
  std::vector<step> steps_;                    ///< of the group, to be undone
};

/// Indexes for contents, as index_set::build. Errors: key_already_present, whose details name both
/// keys; those of the program's functions. `label`: of the table, in messages.
[[nodiscard]] result<std::shared_ptr<index_set>> make_indexes(const held_version& of,
                                                              detail::index_definitions how,
                                                              sequence number, deadline now,
                                                              const std::string& label);
/// That two entries have the same key, as make_indexes tells it.
[[nodiscard]] error clash_of(const index_set& in, const index_clash& clash,
                             const std::string& label);

/// "unique index NAME".
[[nodiscard]] std::string in_words(const detail::index_definition& i);
/// "the entries of KEY and of KEY".
[[nodiscard]] std::string in_words(const index_clash& c);

/// Calls `show` with each key that an entry of this value has in an index, which calls no function
/// of the program, as the index orders them: zeros without a sign.
void show_index_keys(const detail::index_definition& of, bytes value, detail::index_key_sink show);
/// The same of any index. Errors, exceptions: those of the program's function.
[[nodiscard]] result<> derive_index_keys(const detail::index_definition& of, bytes value,
                                         detail::index_key_sink show);
/// The keys of an entry in all function indexes. Errors, exceptions: those of the functions.
[[nodiscard]] result<function_keys> derive_function_keys(
    const std::vector<detail::index_definition>& of, bytes value);

}  // namespace shelf::kinds
