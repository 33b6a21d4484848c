// API  [api] -> engine -> stores -> journal -> file
// The table: one class template, four aliases. What a program opens, writes and reads.
#pragma once

#include "shelf/backup.hpp"
#include "shelf/batch.hpp"
#include "shelf/codec.hpp"
#include "shelf/config.hpp"
#include "shelf/detail/callback.hpp"
#include "shelf/detail/computing.hpp"
#include "shelf/detail/core.hpp"
#include "shelf/detail/key_to_seek.hpp"
#include "shelf/detail/observable.hpp"
#include "shelf/expiring.hpp"
#include "shelf/ordered_access.hpp"
#include "shelf/queries.hpp"
#include "shelf/read_modify_write.hpp"
#include "shelf/snapshot.hpp"

#include <cassert>
#include <concepts>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <span>  // the concepts of ranges, too, which constrain it; <ranges> brings the views
#include <string>
#include <utility>
#include <vector>

namespace shelf {

namespace detail {

/// Two literals make a text, out of two iterators, which nobody means.
template <class K>
concept made_of_two_literals =
    (text_like<K> || path_like<K>) && std::is_constructible_v<K, const char*, const char*>;

/// A key in a braced list of texts. It is made of one thing, so `{{"a", "b"}}` does not compile.
template <class K>
class listed_key {
 public:
  template <class A>
    requires(!std::is_same_v<A, listed_key> && std::is_constructible_v<K, const A&>)
  listed_key(const A& key) : key_(key) {}              // NOLINT: so that a literal is one
  operator const K&() const noexcept { return key_; }  // NOLINT: it is a key

 private:
  K key_;
};

template <class K>
using key_list =
    std::initializer_list<std::conditional_t<made_of_two_literals<K>, listed_key<K>, K>>;

}  // namespace detail

template <class K, class V, kind Kind, class... Index>
class table;

/// A durable table in memory. What follows its kind are its indexes (index.hpp), which most tables
/// do without.
///
/// Reads are served from memory and never block on writers or the disk. A write becomes visible
/// only after the file has reached the state that the mode guarantees (docs/durability.md), so a
/// failed write changes nothing.
///
/// Every call that can fail returns `result`. Errors of any write: table_closed, forked, not_owner,
/// read_only, fenced, indeterminate, no_space, file_error, size_limit_exceeded, and
/// invalid_argument for a value that no term can hold (NaN). Reads: table_closed, forked,
/// not_found. std::bad_alloc and exceptions thrown by callbacks pass through, with nothing changed.
///
/// K and V are types of the table in docs/types.md; any other stops the compiler with a sentence
/// that says why and what to store instead.
///
/// Thread safety: all calls from any thread concurrently, including close(); moving and destroying
/// require exclusive access to the handle. Callbacks run on the calling thread and may read and
/// write any table, but not close this one (busy).
template <class K, class V, kind Kind>
class table<K, V, Kind> : public read_modify_write<table<K, V, Kind>, K, V, Kind>,
                          public queries<table<K, V, Kind>, K, V, Kind>,
                          public ordered_access<table<K, V, Kind>, K, V, Kind>,
                          public observable<table<K, V, Kind>, K, V, Kind>,
                          public expiring<table<K, V, Kind>, K, V, Kind, written> {
  static_assert(detail::refuse_unless_storable<K>());
  static_assert(detail::refuse_unless_storable<V>());
  static_assert(!detail::value_only<K>,
                "A key is found by its bytes, and a compressed value may have several: use it as a "
                "value.");
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
  /// file_error, no_space, invalid_argument. On error nothing has changed. Costs about the table's
  /// memory and one pass over the file.
  [[nodiscard]] static result<table> open(config c);
  /// The same with the file alone, a std::string, a literal or a std::filesystem::path; the rest as
  /// config has it by default.
  template <path_argument P>
  [[nodiscard]] static result<table> open(const P& path,
                                          shelf::opening how = opening::create_if_missing);
  /// A table without a file: supports everything except save, sync, reload, compact and recover.
  [[nodiscard]] static table in_memory(std::string name = {});
  /// The same for entries that expire. invalid_argument for a ttl that is not valid.
  [[nodiscard]] static result<table> in_memory(std::string name, const memory_options& options);

  /// Moves the handle; a moved-from handle may only be assigned to or destroyed.
  table(table&&) noexcept = default;
  /// Closes this handle's table, as the destructor does, and takes over the other.
  table& operator=(table&& other) noexcept;
  /// Closes; errors go to config.on_error, and everything is released regardless.
  ~table() { release(); }

  /// Saves, seals the file and releases everything. After an error that a retry may cure (no_space)
  /// the table stays open and intact, and so it does after a failure that fences it now. A table
  /// that was already fenced is released, and close returns the cause. busy in a callback of this
  /// table.
  [[nodiscard]] result<> close() { return core_->close(); }
  /// Releases everything without saving. Unsaved changes (write_mode::back) are lost.
  void abandon() noexcept { core_->abandon(); }
  /// False once closed, abandoned or moved from, and in a forked child.
  [[nodiscard]] bool is_open() const noexcept { return core_ && core_->is_open(); }

  // --- writes ------------------------------------------------------------------------------------

  using expiring<table, K, V, Kind, written>::insert;
  using expiring<table, K, V, Kind, written>::insert_new;
  using expiring<table, K, V, Kind, written>::insert_range;
  /// Maps: sets the value of the key. bag: adds the pair unless it is there. duplicate_bag:
  /// appends.
  template <key_argument<K> A = K>
  [[nodiscard]] result<written> insert(const A& key, const V& value);
  /// Inserts one batch, atomic for readers and on disk; returns the number of pairs. Maps: the last
  /// of equal keys wins.
  template <std::ranges::input_range R>
  [[nodiscard]] result<std::size_t> insert_range(R&& pairs) {
    return insert_all(std::forward<R>(pairs), false);
  }
  /// The same for a braced list.
  [[nodiscard]] result<std::size_t> insert_range(std::initializer_list<value_type> pairs)
    requires(!detail::is_nothing<V>)
  {
    return insert_all(pairs, false);
  }
  /// Tables of keys without values, such as shelf::set: adds the key.
  template <key_argument<K> A = K>
    requires(detail::is_nothing<V>)
  [[nodiscard]] result<written> insert(const A& key) {
    return insert(key, V{});
  }
  /// Tables of keys without values take a range of keys, too.
  [[nodiscard]] result<std::size_t> insert_range(detail::key_list<K> keys)
    requires(detail::is_nothing<V>)
  {
    return insert_all(keys, false);
  }
  /// Pairs as in other tables; a template, so that {} is a list of keys.
  template <std::same_as<value_type> Pair = value_type>
    requires(detail::is_nothing<V>)
  [[nodiscard]] result<std::size_t> insert_range(std::initializer_list<Pair> pairs) {
    return insert_all(pairs, false);
  }
  /// As insert, but key_already_present if the key exists.
  template <key_argument<K> A = K>
    requires(!is_bag(Kind))
  [[nodiscard]] result<> insert_new(const A& key, const V& value);
  /// The same for a key without a value.
  template <key_argument<K> A = K>
    requires(!is_bag(Kind) && detail::is_nothing<V>)
  [[nodiscard]] result<> insert_new(const A& key) {
    return insert_new(key, V{});
  }
  /// All or nothing: key_already_present if any of the keys exists.
  template <std::ranges::input_range R>
    requires(!is_bag(Kind))
  [[nodiscard]] result<std::size_t> insert_new_range(R&& pairs) {
    return insert_all(std::forward<R>(pairs), true);
  }
  /// The same for a braced list.
  [[nodiscard]] result<std::size_t> insert_new_range(std::initializer_list<value_type> pairs)
    requires(!is_bag(Kind) && !detail::is_nothing<V>)
  {
    return insert_all(pairs, true);
  }
  /// Tables of keys without values take a list of keys, too.
  [[nodiscard]] result<std::size_t> insert_new_range(detail::key_list<K> keys)
    requires(!is_bag(Kind) && detail::is_nothing<V>)
  {
    return insert_all(keys, true);
  }
  /// As of insert_range.
  template <std::same_as<value_type> Pair = value_type>
    requires(!is_bag(Kind) && detail::is_nothing<V>)
  [[nodiscard]] result<std::size_t> insert_new_range(std::initializer_list<Pair> pairs) {
    return insert_all(pairs, true);
  }
  /// Erases the key with all its values; returns the number of erased entries (0: no such key).
  template <key_argument<K> A = K>
  [[nodiscard]] result<std::size_t> erase(const A& key);
  /// Maps: compare-and-delete. bag: erases that pair. duplicate_bag: erases every copy of it.
  /// Returns the number of erased entries.
  template <key_argument<K> A = K>
  [[nodiscard]] result<std::size_t> erase(const A& key, const V& value);
  /// Inserts and erases in one atomic step, for readers and on disk, each on top of those before
  /// it; how many entries were added, replaced or erased. The batch stays as it is.
  [[nodiscard]] result<write_counts> write(const shelf::batch<K, V>& changes);
  /// Erases all entries in one atomic step; returns their number.
  [[nodiscard]] result<std::size_t> clear() { return core_->clear(); }
  /// Erases what has expired by the wall clock now, without waiting for the sweep; how many.
  [[nodiscard]] result<std::size_t> purge_expired() { return core_->purge_expired(); }
  /// Replaces the value with f(value); returns the new value. `f` takes V, V&& or const V& and
  /// returns V, or result<V> to give up with an error; or it takes V& and returns nothing, or
  /// result<>. What it returns is the new value, also if it takes V&; a bool is not accepted for
  /// another V, because it is more likely to say what f did. It is called again if another thread
  /// changed the value first. not_found if the key does not exist.
  template <class F, key_argument<K> A = K>
    requires(!is_bag(Kind))
  [[nodiscard]] result<V> update(const A& key, F&& f);

  /// As update, but gives a key that does not exist the value `initial`, which f is not called
  /// with; returns the value that the key has now.
  template <class F, key_argument<K> A = K>
    requires(!is_bag(Kind))
  [[nodiscard]] result<V> upsert(const A& key, const V& initial, F&& f);

  /// The value of the key. If it is missing, f() computes it, and it is stored before the call
  /// returns; threads that ask for the key meanwhile wait for that one computation. f returns V,
  /// result<V>, std::optional<V>, which if empty is not_found and not stored, or kept<V>.
  ///
  /// A write of the key while f runs (also an erase that finds nothing, clear and reload) keeps the
  /// value from being stored, because it may be of an older state of its source: those who wait get
  /// it, later callers compute anew. So update the source first, and then erase the key.
  ///
  /// An error that f returns goes to all who wait. An exception passes through to its caller, and
  /// one of those who wait calls its own f. busy, if another thread computes for longer than
  /// options.wait; and at once, if f asks for its own key, directly or through threads that wait
  /// for each other. Errors of a write, if it cannot be stored. A hit costs a lookup.
  template <class F, key_argument<K> A = K>
    requires(!is_bag(Kind))
  [[nodiscard]] result<V> get_or_compute(const A& key, F&& f, const compute_options& options = {});

  // --- reads -------------------------------------------------------------------------------------

  /// The value of the key (bags: its values, in insertion order), or not_found.
  template <key_argument<K> A = K>
  [[nodiscard]] result<found_type> lookup(const A& key) const;
  /// Calls f with a view of the stored value: std::string_view for strings, a span for bytes,
  /// scalars, tuples of these; other types are decoded. Bags: once per value. Returns what f
  /// returns (maps). No copy, no allocation. f must not return a view.
  template <key_argument<K> A = K, class F>
    requires std::invocable<F&, view_of<V>>
  [[nodiscard]] auto lookup(const A& key, F&& f) const {
    return lookup_view<view_of<V>>(key, std::forward<F>(f));
  }
  /// The same with a custom view: a struct with the fields of V in their order, as views.
  template <class View, key_argument<K> A = K, class F>
    requires view_for<View, V> && std::invocable<F&, View>
  [[nodiscard]] auto lookup(const A& key, F&& f) const {
    return lookup_view<View>(key, std::forward<F>(f));
  }
  /// The value of the key, or `fallback` where lookup returns an error: the key is not there or
  /// cannot be a key (NaN), or the table is closed.
  template <key_argument<K> A = K, class U = V>
    requires(!is_bag(Kind) && std::is_convertible_v<U, V>)
  [[nodiscard]] V value_or(const A& key, U&& fallback) const;
  /// One member of the value: `users.get<&user::age>("alice")`. The others are not decoded.
  template <auto Member, key_argument<K> A = K>
    requires(!is_bag(Kind))
  [[nodiscard]] auto get(const A& key) const -> result<detail::member_of<Member>>;
  /// Looks up many keys and prefetches their memory; not a snapshot. Returns one optional per key,
  /// in order. Strings in a contiguous range are compared in place: they must not change during the
  /// call.
  template <std::ranges::input_range R>
    requires(!is_bag(Kind) && key_argument<std::ranges::range_value_t<R>, K>)
  [[nodiscard]] result<std::vector<std::optional<V>>> lookup_many(R&& keys) const;
  /// The same for a braced list.
  [[nodiscard]] result<std::vector<std::optional<V>>> lookup_many(detail::key_list<K> keys) const
    requires(!is_bag(Kind))
  {
    return lookup_many(std::span(keys.begin(), keys.size()));
  }
  /// False once closed.
  template <key_argument<K> A = K>
  [[nodiscard]] bool contains(const A& key) const;
  /// The number of entries; in bags pairs, not keys. 0 once closed. Constant time.
  [[nodiscard]] std::size_t size() const noexcept { return core_->size(); }
  /// True if there are no entries, and once closed.
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

  /// One moment of the table, to iterate: `for (const auto& [key, value] : table.snapshot())`. The
  /// snapshot of a closed table is empty. Copies nothing: entries are retained while it exists.
  [[nodiscard]] snapshot_type snapshot() const;
  /// Iterates one moment: `for (const auto& [key, value] : table)`. The iterator owns the moment,
  /// so the loop may write to the table, and to others. To iterate parts of it, or to look things
  /// up in the same moment, take a snapshot(). Name the table first: one that is
  /// opened in the head of the loop is destroyed before the loop begins. size() may differ from
  /// what a loop sees, because each looks at a moment of its own; so a table is not a
  /// std::ranges::sized_range.
  [[nodiscard]] auto begin() const { return snapshot().begin(); }
  /// The end of every iteration.
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }
  /// The keys of one moment; values are not decoded.
  [[nodiscard]] auto keys() const { return snapshot().keys(); }
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

  // --- disk --------------------------------------------------------------------------------------

  /// back: appends the changes since the last save as one atomic batch and syncs; the cost is
  /// proportional to the changes. through, durable: syncs. On success every acknowledged write
  /// survives a power failure. An error leaves table and file unchanged, so save can be retried; a
  /// failed sync fences the table.
  [[nodiscard]] result<> save() { return core_->save(); }
  /// Syncs everything written to the file (fdatasync). In write_mode::back it does not save.
  [[nodiscard]] result<> sync() { return core_->sync(); }
  /// back: rolls back to the last saved state. Otherwise: reads and checks the file again. The new
  /// contents are validated first and then swapped in atomically; on error memory is unchanged.
  [[nodiscard]] result<> reload() { return core_->reload(); }
  /// opening::read_only: applies what another process has written to the file since the last look,
  /// batch by batch, as config.follow does in the background. How many batches that were; snapshots
  /// keep what they show. Feeds and watches tell the changes. If the file was recovered meanwhile,
  /// or compacted without the changes that are not shown yet, it is loaded anew, and feeds tell a
  /// `reset`. Cheap if nothing was written. Errors: invalid_argument (not read_only, or DETS);
  /// those of reload.
  [[nodiscard]] result<std::size_t> catch_up() { return core_->catch_up(); }
  /// Writes a new file with only the live entries and renames it over the old one; writers
  /// continue. Runs automatically when the file is large and mostly garbage. `tell` receives the
  /// number of entries written.
  [[nodiscard]] result<> compact(const progress& tell = {}) { return core_->compact(tell); }
  /// Writes a backup of one moment to a new file, while readers and writers continue: a closed file
  /// that any open takes, or an increment; see backup.hpp. Any thread, also of access::one_writer.
  /// On error the target is as it was. Holds no lock while it writes.
  [[nodiscard]] result<backup_report> backup_to(const std::string& path,
                                                const backup_options& options = {}) const {
    return core_->backup_to(path, options);
  }
  /// Replaces all entries, and the file, by what a backup and its increments hold, in one step; see
  /// backup.hpp.
  [[nodiscard]] result<> restore_from(const std::string& path,
                                      const restore_from_options& options = {}) {
    return core_->restore_from(path, options);
  }
  /// Makes a fenced table writable again: writes a complete new file from memory, syncs and renames
  /// it. No acknowledged write is lost; a write that failed with indeterminate is certainly absent.
  /// Succeeds if nothing is wrong.
  [[nodiscard]] result<> recover() { return core_->recover(); }
  /// Counts, sizes, ages and the last error. Costs a few loads and two briefly held locks.
  [[nodiscard]] result<table_stats> stats() const { return core_->stats(); }

  // --- ownership (access::one_writer) ------------------------------------------------------------

  /// The owner gives up writing; no thread can write until one takes over.
  [[nodiscard]] result<> give_away() { return core_->give_away(); }
  /// Makes the calling thread the owner, if the table was given away or its owner's thread has
  /// ended.
  [[nodiscard]] result<> take_over() { return core_->take_over(); }

  /// The untyped table below, for tests and tools of the library itself.
  [[nodiscard]] detail::core& untyped() const noexcept { return *core_; }

 protected:
  /// Of a core that is open.
  table(std::shared_ptr<detail::core> core, detail::decoding_rules rules,
        detail::encoding_limits limits)
      : core_(std::move(core)), rules_(rules), limits_(limits) {}

 private:
  friend struct detail::table_access;
  friend class read_modify_write<table, K, V, Kind>;
  friend class queries<table, K, V, Kind>;
  friend class ordered_access<table, K, V, Kind>;
  friend class expiring<table, K, V, Kind, written>;

  void release() noexcept {
    if (core_) core_->close_at_destruction();
  }
  [[nodiscard]] error refused(const error& why) const;
  // What read_modify_write is made of.
  [[nodiscard]] const std::string& label() const noexcept { return core_->label(); }
  [[nodiscard]] result<written> edit_encoded(bytes key, detail::edit_function how,
                                             const expiry& created = {}) {
    return core_->edit(key, how, created);
  }
  [[nodiscard]] result<bool> exchange_encoded(bytes key, std::optional<bytes> expected,
                                              std::optional<bytes> desired) {
    return detail::exchange(*core_, key, expected, desired);
  }
  /// Nothing is shown if there is no such key.
  [[nodiscard]] result<> look_encoded(bytes key, detail::function_ref<void(bytes)> f);
  [[nodiscard]] result<std::size_t> take_encoded(bytes key, detail::function_ref<void(bytes)> f) {
    return core_->take(key, f);
  }
  [[nodiscard]] result<> take_end_encoded(detail::place end,
                                          detail::function_ref<void(bytes, bytes)> f) {
    return core_->take_end(end, f);
  }
  [[nodiscard]] result<detail::wide_integer> step_encoded(bytes key,
                                                          const detail::counter_step& step) {
    return core_->update_counter(key, step);
  }
  template <class F>
  [[nodiscard]] result<V> change(bytes key, const V* initial, F& f);
  [[nodiscard]] result<std::vector<std::optional<V>>> lookup_all(
      std::span<const detail::sought_key> keys) const;
  template <class R>
  [[nodiscard]] result<std::size_t> insert_all(R&& pairs, bool only_new, const expiry& until = {});
  template <class View, class A, class F>
  [[nodiscard]] auto lookup_view(const A& key, F&& f) const;

  // What ordered_access is made of.
  using show_entry = detail::function_ref<void(bytes, bytes)>;
  [[nodiscard]] result<> show_at(detail::place where, bytes key, show_entry f) const {
    return core_->seek(where, key, f);
  }
  [[nodiscard]] result<> show_nth(std::size_t index, show_entry f) const {
    return core_->nth(index, f);
  }
  [[nodiscard]] std::size_t rank_encoded(bytes key) const { return core_->rank(key); }
  [[nodiscard]] entry_range<K, V> within(const detail::key_interval& keys) const {
    return snapshot().within(keys);
  }
  [[nodiscard]] entry_range<K, V> ranked(std::size_t from, std::size_t to) const {
    return snapshot().ranked(from, to);
  }

  std::shared_ptr<detail::core> core_;
  detail::decoding_rules rules_;
  detail::encoding_limits limits_;
};

/// One value per key; hash table. Erlang's set.
template <class K, class V, class... Index>
using map = table<K, V, kind::set, Index...>;
/// One value per key, in key order. Erlang's ordered_set.
template <class K, class V, class... Index>
using ordered_map = table<K, V, kind::ordered_set, Index...>;
/// Several distinct values per key, in insertion order. Erlang's bag.
template <class K, class V, class... Index>
using bag = table<K, V, kind::bag, Index...>;
/// Several values per key, in insertion order; duplicates allowed. Erlang's duplicate_bag.
template <class K, class V, class... Index>
using duplicate_bag = table<K, V, kind::duplicate_bag, Index...>;

/// Removes a table's file. already_open if any process has it open for writing.
[[nodiscard]] inline result<> remove(const std::string& path, const path_options& options = {}) {
  return detail::remove_file(path, options.base_directory, options.system);
}

/// Opens a table, calls f(table), and always closes it. Returns what f returns (a result is passed
/// on). If closing fails too, the error includes both causes. An exception thrown by f passes
/// through after the table is closed; errors of that close go to config.on_error.
template <class Table, class F>
[[nodiscard]] auto with_table(typename Table::config c, F&& f);
/// The same with the file alone; the rest as config has it by default.
template <class Table, path_argument P, class F>
[[nodiscard]] auto with_table(const P& path, F&& f);

}  // namespace shelf

/// \cond
template <class K, class V, shelf::kind Kind>
inline constexpr bool std::ranges::disable_sized_range<shelf::table<K, V, Kind>> = true;
/// \endcond

#include "shelf/detail/table.hpp"
