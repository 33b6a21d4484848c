// API  [api] -> table -> journal -> file
// The table: one class template, four aliases. What a program opens, writes and reads.
#pragma once

#include "shelf/batch.hpp"
#include "shelf/codec.hpp"
#include "shelf/config.hpp"
#include "shelf/detail/callback.hpp"
#include "shelf/detail/core.hpp"
#include "shelf/detail/key_to_seek.hpp"
#include "shelf/snapshot.hpp"

#include <cassert>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <span>  // the concepts of ranges, too, which constrain it; <ranges> brings the views
#include <string>
#include <utility>
#include <vector>

namespace shelf {

/// Options of update_counter.
struct counter_options {
  /// What a missing key counts from; without it a missing key is not_found.
  std::optional<std::int64_t> initial = {};
};

/// A durable table in memory.
///
/// Reads come from memory and never wait for writers or the disk. Writes reach memory after the
/// file has taken what the mode promises (docs/durability.md), so a failed write has changed
/// nothing.
///
/// Every call that can fail returns `result`. Errors any write may give: table_closed, forked,
/// not_owner, read_only, fenced, indeterminate, no_space, file_error, size_limit_exceeded, and
/// invalid_argument for a value that no term can hold (NaN). Reads: table_closed, forked,
/// not_found. std::bad_alloc passes through with nothing changed; so do exceptions of callbacks.
///
/// K and V are types of the table in docs/types.md; any other stops the compiler with a sentence
/// that says why and what to store instead.
///
/// Thread safety: all calls from any thread at once, close() included; moving and destroying need
/// the handle to themselves. Callbacks run on the calling thread and may read and write any table,
/// but not close this one (busy).
template <class K, class V, kind Kind>
class table {
  static_assert(detail::refuse_unless_storable<K>());
  static_assert(detail::refuse_unless_storable<V>());
  static_assert(Kind != kind::ordered_set || orderable_key<K>,
                "The order of this key type's terms is not the order of its values; an ordered_map "
                "takes integers, bool, float, text, bytes, optional, chrono, enumerations without "
                "names and pairs, tuples, arrays, vectors and structs of these.");

 public:
  /// The type of keys.
  using key_type = K;
  /// The type of values.
  using mapped_type = V;
  /// An entry.
  using value_type = std::pair<K, V>;
  /// How to open it.
  using config = shelf::config<K, V>;
  /// What write() takes.
  using batch_type = shelf::batch<K, V>;
  /// What snapshot() gives.
  using snapshot_type = shelf::snapshot<K, V, Kind>;
  /// What lookup gives: the value, or in bags all values of the key in insertion order.
  using found_type = std::conditional_t<is_bag(Kind), std::vector<V>, V>;
  /// Which kind it is.
  static constexpr kind table_kind = Kind;

  // --- life --------------------------------------------------------------------------------------

  /// Opens the table's file, or creates it; loads and checks every entry. Errors: invalid_path,
  /// not_found, already_open, not_a_table, wrong_kind, type_mismatch, unsupported_version, corrupt,
  /// file_error, no_space, invalid_argument. On an error nothing was changed. Costs about 1 x the
  /// table's memory and one pass over the file.
  [[nodiscard]] static result<table> open(config c);
  /// The same with the file alone, a std::string, a literal or a std::filesystem::path; all else as
  /// config has it by default.
  template <path_argument P>
  [[nodiscard]] static result<table> open(const P& path,
                                          shelf::opening how = opening::create_if_missing);
  /// A table without a file: everything but save, sync, reload, compact and recover.
  [[nodiscard]] static table in_memory(std::string name = {});

  /// Moves the handle; the one moved from may only be assigned to or destroyed.
  table(table&&) noexcept = default;
  /// Closes what this handle held, as the destructor does, and takes the other.
  table& operator=(table&& other) noexcept;
  /// Closes; what goes wrong is told to config.on_error, and everything is released all the same.
  ~table() { release(); }

  /// Saves, seals the file and releases all. An error that trying again may cure (no_space) leaves
  /// the table open and whole; so does a failure that fences it right now. A table that was fenced
  /// before is released, and close returns the cause. busy from a callback of this table.
  [[nodiscard]] result<> close() { return core_->close(); }
  /// Releases all without saving. Unsaved changes (write_mode::back) are gone.
  void abandon() noexcept { core_->abandon(); }
  /// False once closed, abandoned or moved from, and in a forked child.
  [[nodiscard]] bool is_open() const noexcept { return core_ && core_->is_open(); }

  // --- writes ------------------------------------------------------------------------------------

  /// Maps: sets the value of the key. bag: adds the pair unless it is there. duplicate_bag:
  /// appends.
  template <key_argument<K> A = K>
  [[nodiscard]] result<written> insert(const A& key, const V& value);
  /// One atomic batch, for readers and on disk; how many pairs it had. Maps: the last of equal keys
  /// wins.
  template <std::ranges::input_range R>
  [[nodiscard]] result<std::size_t> insert_range(R&& pairs) {
    return insert_all(std::forward<R>(pairs), false);
  }
  /// The same for a braced list.
  [[nodiscard]] result<std::size_t> insert_range(std::initializer_list<value_type> pairs) {
    return insert_all(pairs, false);
  }
  /// Tables of keys without values, such as shelf::set: adds the key.
  template <key_argument<K> A = K>
    requires(detail::is_nothing<V>)
  [[nodiscard]] result<written> insert(const A& key) {
    return insert(key, V{});
  }
  /// Tables of keys without values take a range of keys, too.
  [[nodiscard]] result<std::size_t> insert_range(std::initializer_list<K> keys)
    requires(detail::is_nothing<V>)
  {
    return insert_all(keys, false);
  }
  /// As insert, but key_already_present if the key is there.
  template <key_argument<K> A = K>
    requires(!is_bag(Kind))
  [[nodiscard]] result<> insert_new(const A& key, const V& value);
  /// The same for a key without a value.
  template <key_argument<K> A = K>
    requires(!is_bag(Kind) && detail::is_nothing<V>)
  [[nodiscard]] result<> insert_new(const A& key) {
    return insert_new(key, V{});
  }
  /// All or nothing: key_already_present if any of the keys is there.
  template <std::ranges::input_range R>
    requires(!is_bag(Kind))
  [[nodiscard]] result<std::size_t> insert_new_range(R&& pairs) {
    return insert_all(std::forward<R>(pairs), true);
  }
  /// The same for a braced list.
  [[nodiscard]] result<std::size_t> insert_new_range(std::initializer_list<value_type> pairs)
    requires(!is_bag(Kind))
  {
    return insert_all(pairs, true);
  }
  /// The key with all its values; how many entries went (0: the key was not there).
  template <key_argument<K> A = K>
  [[nodiscard]] result<std::size_t> erase(const A& key);
  /// Maps: compare-and-delete. bag: that pair. duplicate_bag: every copy of it. How many entries
  /// went.
  template <key_argument<K> A = K>
  [[nodiscard]] result<std::size_t> erase(const A& key, const V& value);
  /// Inserts and erases in one atomic step, for readers and on disk, each on top of those before
  /// it; how many entries were added, replaced or erased. The batch stays as it is.
  [[nodiscard]] result<write_counts> write(const shelf::batch<K, V>& changes);
  /// All entries, in one step; how many there were.
  [[nodiscard]] result<std::size_t> clear() { return core_->clear(); }
  /// Adds to an integer in one step; the new value. not_found without `initial`; overflow changes
  /// nothing.
  template <key_argument<K> A = K>
    requires(!is_bag(Kind) && counter_value<V>)
  [[nodiscard]] result<V> update_counter(const A& key, std::int64_t delta = 1,
                                         counter_options options = {});
  /// Replaces the value by f(value); the new value. `f` takes V, V&& or const V& and returns V, or
  /// result<V> to give up with an error; or it takes V& and returns nothing, or result<>. It runs
  /// again if another thread was faster. not_found if the key is not there.
  template <class F, key_argument<K> A = K>
    requires(!is_bag(Kind))
  [[nodiscard]] result<V> update(const A& key, F&& f);

  // --- reads -------------------------------------------------------------------------------------

  /// The value of the key (bags: its values, in insertion order), or not_found.
  template <key_argument<K> A = K>
  [[nodiscard]] result<found_type> lookup(const A& key) const;
  /// Calls f with a view of the value where it lies: std::string_view of a string, a span of bytes,
  /// scalars, tuples of such; other types decoded. Bags: once for each value. Returns what f
  /// returns (maps). No copy, no allocation. What f returns must not be a view.
  template <key_argument<K> A = K, class F>
    requires std::invocable<F&, view_of<V>>
  [[nodiscard]] auto lookup(const A& key, F&& f) const {
    return lookup_view<view_of<V>>(key, std::forward<F>(f));
  }
  /// The same with a view of your own: a struct with the fields of V in their order, as views.
  template <class View, key_argument<K> A = K, class F>
    requires view_for<View, V> && std::invocable<F&, View>
  [[nodiscard]] auto lookup(const A& key, F&& f) const {
    return lookup_view<View>(key, std::forward<F>(f));
  }
  /// The value of the key, or `fallback` if it is not there (or once closed).
  template <key_argument<K> A = K, class U = V>
    requires(!is_bag(Kind) && std::is_convertible_v<U, V>)
  [[nodiscard]] V value_or(const A& key, U&& fallback) const;
  /// One member of the value: `users.get<&user::age>("alice")`. The others are not decoded.
  template <auto Member, key_argument<K> A = K>
    requires(!is_bag(Kind))
  [[nodiscard]] auto get(const A& key) const -> result<detail::member_of<Member>>;
  /// Many lookups with their memory fetched ahead; not one moment. One optional a key, in the keys'
  /// order. Texts in a contiguous range are compared where they are: they must not change
  /// meanwhile.
  template <std::ranges::input_range R>
    requires(!is_bag(Kind) && key_argument<std::ranges::range_value_t<R>, K>)
  [[nodiscard]] result<std::vector<std::optional<V>>> lookup_many(R&& keys) const;
  /// The same for a braced list.
  [[nodiscard]] result<std::vector<std::optional<V>>> lookup_many(
      std::initializer_list<K> keys) const
    requires(!is_bag(Kind))
  {
    return lookup_many(std::span<const K>(keys.begin(), keys.size()));
  }
  /// False once closed.
  template <key_argument<K> A = K>
  [[nodiscard]] bool contains(const A& key) const;
  /// Entries; in bags pairs, not keys. 0 once closed. Constant time.
  [[nodiscard]] std::size_t size() const noexcept { return core_->size(); }
  /// True if there is no entry, and once closed.
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

  /// One moment of the table, to iterate: `for (const auto& [key, value] : table.snapshot())`.
  /// A closed table has an empty moment. Costs no copy: entries are kept while it lives.
  [[nodiscard]] snapshot_type snapshot() const;
  /// Iterates one moment: `for (const auto& [key, value] : table)`. The iterator owns the moment,
  /// so the loop may write to the table, and to others. In a loop over parts of it, or to look
  /// things up in the same moment, take a snapshot().
  [[nodiscard]] auto begin() const { return snapshot().begin(); }
  /// The end of every walk.
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }
  /// The keys of one moment; values are not decoded.
  [[nodiscard]] key_range<K> keys() const { return snapshot().keys(); }
  /// Calls f(key, value) for each entry of one moment, until it returns walk::stop.
  template <class F>
    requires std::invocable<F&, const K&, const V&>
  void for_each(F&& f) const;
  /// Folds f(accumulated, key, value) over one moment.
  template <class T, class F>
    requires std::invocable<F&, T&&, const K&, const V&>
  [[nodiscard]] T fold(T init, F&& f) const;
  /// All entries of one moment.
  [[nodiscard]] std::vector<value_type> to_vector() const;

  // --- order (ordered_map) -----------------------------------------------------------------------

  /// The entry with the first or last key, or not_found.
  [[nodiscard]] result<value_type> first() const
    requires(Kind == kind::ordered_set)
  {
    return seek(detail::place::first, {});
  }
  /// The entry with the last key, or not_found.
  [[nodiscard]] result<value_type> last() const
    requires(Kind == kind::ordered_set)
  {
    return seek(detail::place::last, {});
  }
  // A bound need not be a key: one beyond all that K can store (300 of std::uint8_t, an infinity, a
  // time after 2262) stands before the first or behind the last key, and in a pair, tuple or struct
  // before or behind all keys with the same members before it. NaN is invalid_argument, or an empty
  // range.

  /// The first entry whose key is not before `key`.
  template <key_argument<K> A = K>
    requires(Kind == kind::ordered_set)
  [[nodiscard]] result<value_type> lower_bound(const A& key) const {
    return seek_key(detail::place::at_or_after, key);
  }
  /// The first entry whose key is after `key`: Erlang's next.
  template <key_argument<K> A = K>
    requires(Kind == kind::ordered_set)
  [[nodiscard]] result<value_type> upper_bound(const A& key) const {
    return seek_key(detail::place::after, key);
  }
  /// The last entry whose key is before `key`: Erlang's prev.
  template <key_argument<K> A = K>
    requires(Kind == kind::ordered_set)
  [[nodiscard]] result<value_type> before(const A& key) const {
    return seek_key(detail::place::before, key);
  }
  /// The entries with from <= key < to of one moment, in key order.
  template <key_argument<K> A = K, key_argument<K> B = K>
    requires(Kind == kind::ordered_set)
  [[nodiscard]] entry_range<K, V> range(const A& from, const B& to) const {
    return snapshot().range(from, to);
  }

  // --- disk --------------------------------------------------------------------------------------

  /// back: appends what changed since the last save as one atomic batch and syncs; its cost follows
  /// the change. through, durable: sync. ok: everything acknowledged survives a power cut. An error
  /// leaves table and file as they were, to be saved again; a failed sync fences.
  [[nodiscard]] result<> save() { return core_->save(); }
  /// What the file was given is on disk (fdatasync). In write_mode::back it does not save.
  [[nodiscard]] result<> sync() { return core_->sync(); }
  /// back: returns to the last saved state. Else: reads and checks the file again. Validated aside,
  /// then swapped in one step; on an error memory keeps exactly what it had.
  [[nodiscard]] result<> reload() { return core_->reload(); }
  /// Writes a new file with the live entries alone, beside the old one, while writers go on, and
  /// renames it. Happens by itself when the file is large and mostly garbage. `tell` is told how
  /// many of the entries are written.
  [[nodiscard]] result<> compact(const progress& tell = {}) { return core_->compact(tell); }
  /// Takes a fenced table back into use: writes a whole new file from memory, syncs and renames it.
  /// Nothing acknowledged is lost; a write that failed with indeterminate is certainly absent. ok
  /// if nothing is wrong.
  [[nodiscard]] result<> recover() { return core_->recover(); }
  /// Counts, sizes, ages and the last error. Costs a few loads and two short locks.
  [[nodiscard]] result<table_stats> stats() const { return core_->stats(); }

  // --- ownership (access::one_writer) ------------------------------------------------------------

  /// The owner gives up writing; nobody can write until somebody takes over.
  [[nodiscard]] result<> give_away() { return core_->give_away(); }
  /// The calling thread becomes the owner, if the table was given away or its owner's thread has
  /// ended.
  [[nodiscard]] result<> take_over() { return core_->take_over(); }

  /// The untyped table below, for tests and tools of the library itself.
  [[nodiscard]] detail::core& untyped() const noexcept { return *core_; }

 private:
  table(std::shared_ptr<detail::core> core, detail::decoding_rules rules,
        detail::encoding_limits limits)
      : core_(std::move(core)), rules_(rules), limits_(limits) {}

  void release() noexcept {
    if (core_) core_->close_at_destruction();
  }
  [[nodiscard]] error refused(const error& why) const;
  [[nodiscard]] result<std::vector<std::optional<V>>> lookup_all(
      std::span<const detail::sought_key> keys) const;
  template <class R>
  [[nodiscard]] result<std::size_t> insert_all(R&& pairs, bool only_new);
  template <class View, class A, class F>
  [[nodiscard]] auto lookup_view(const A& key, F&& f) const;
  [[nodiscard]] result<value_type> seek(detail::place where, bytes key) const;
  template <class A>
  [[nodiscard]] result<value_type> seek_key(detail::place where, const A& key) const {
    detail::encoder k(detail::purpose::bound, detail::bound_limits);
    detail::encode_key<K>(k, key);
    if (k.failed()) return std::unexpected(refused(k.outcome().error()));
    return seek(where, k.written());
  }

  std::shared_ptr<detail::core> core_;
  detail::decoding_rules rules_;
  detail::encoding_limits limits_;
};

/// One value a key, hashed. Erlang's set.
template <class K, class V>
using map = table<K, V, kind::set>;
/// One value a key, in key order. Erlang's ordered_set.
template <class K, class V>
using ordered_map = table<K, V, kind::ordered_set>;
/// Distinct values a key, in insertion order.
template <class K, class V>
using bag = table<K, V, kind::bag>;
/// Values a key, in insertion order; they may repeat.
template <class K, class V>
using duplicate_bag = table<K, V, kind::duplicate_bag>;

/// Removes a table's file. already_open while it is open for writing anywhere.
[[nodiscard]] inline result<> remove(const std::string& path, const path_options& options = {}) {
  return detail::remove_file(path, options.base_directory, options.system);
}

/// Opens a table, calls f(table), and closes it on every way out. Returns what f returns (a result
/// is passed on). If closing fails too, the error says both. An exception of f passes through after
/// the table was closed; what then fails is told to config.on_error.
template <class Table, class F>
[[nodiscard]] auto with_table(typename Table::config c, F&& f);

}  // namespace shelf

#include "shelf/detail/table.hpp"
