// API  [api] -> engine -> stores -> journal -> file
// A transaction: what its function reads and writes, in any tables of a database.
#pragma once

#include "shelf/detail/database_core.hpp"
#include "shelf/detail/last_outcome.hpp"
#include "shelf/detail/table_access.hpp"
#include "shelf/table.hpp"
#include "shelf/transaction_range.hpp"

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace shelf {

/// A table as a transaction sees it: as it was when this run of the function began, with the
/// transaction's own writes on top. Made by transaction::operator(), and valid until the function
/// returns.
///
/// Reads are recorded. When the transaction commits, each is repeated; if any answer has changed,
/// the function runs again. What a read costs is what it costs the table, and about 24 bytes of
/// memory. Errors of reads: not_found, and invalid_argument for a key that no term can hold. A
/// table that is closed or belongs to another database shows nothing, and transact returns the
/// error.
///
/// Of keys in order, a walk through a range reads the part that it has come through, its gaps
/// included; a write to the rest does not conflict. nth and slice read how many entries are before
/// theirs, not which; each key that the transaction has written costs them a look. A `size()` of a
/// range reads that number.
///
/// Writes are noted, and nobody else sees them before the commit. They return no more than whether
/// they can be done, because what they would find is a read: so they never conflict. Errors:
/// read_only, table_closed, size_limit_exceeded (limits.entry_bytes, limits.nesting,
/// limits.transaction_bytes), and invalid_argument. A write that fails leaves the transaction as it
/// was; return the error to abort it.
///
/// Thread safety: one thread, the one that runs the function.
template <class K, class V, kind Kind>
class transaction_table : public read_modify_write<transaction_table<K, V, Kind>, K, V, Kind>,
                          public ordered_access<transaction_table<K, V, Kind>, K, V, Kind>,
                          public expiring<transaction_table<K, V, Kind>, K, V, Kind, void> {
  static constexpr bool is_ordered = Kind == kind::ordered_set;

 public:
  /// The type of keys.
  using key_type = K;
  /// The type of values.
  using mapped_type = V;
  /// An entry.
  using value_type = std::pair<K, V>;
  /// What lookup gives: the value, or in bags all values of the key in insertion order.
  using found_type = std::conditional_t<is_bag(Kind), std::vector<V>, V>;
  /// Which kind it is.
  static constexpr kind table_kind = Kind;

  /// Made by transaction::operator().
  transaction_table(detail::transaction_core& run, detail::transaction_table_core& of,
                    const detail::decoding_rules& rules, const detail::encoding_limits& limits)
      : run_(&run), core_(&of), rules_(rules), limits_(limits) {}

  // --- writes ------------------------------------------------------------------------------------

  using expiring<transaction_table, K, V, Kind, void>::insert;
  using expiring<transaction_table, K, V, Kind, void>::insert_new;
  using expiring<transaction_table, K, V, Kind, void>::insert_range;
  /// Maps: sets the value of the key. bag: adds the pair unless it is there. duplicate_bag:
  /// appends.
  template <key_argument<K> A = K>
  [[nodiscard]] result<> insert(const A& key, const V& value) {
    return with_entry(key, value, [&](bytes k, bytes v) { return core_->insert(k, v); });
  }
  /// Tables of keys without values, such as shelf::set: adds the key.
  template <key_argument<K> A = K>
    requires(detail::is_nothing<V>)
  [[nodiscard]] result<> insert(const A& key) {
    return insert(key, V{});
  }
  /// Inserts all pairs, or none: after an error the transaction is as it was.
  template <std::ranges::input_range R>
  [[nodiscard]] result<> insert_range(R&& pairs);
  /// The same for a braced list.
  [[nodiscard]] result<> insert_range(std::initializer_list<value_type> pairs) {
    return insert_range(std::span<const value_type>(pairs.begin(), pairs.size()));
  }
  /// Tables of keys without values take a list of keys, too.
  [[nodiscard]] result<> insert_range(std::initializer_list<K> keys)
    requires(detail::is_nothing<V>)
  {
    return insert_range(std::span<const K>(keys.begin(), keys.size()));
  }
  /// As insert, but key_already_present if the key exists. Reads whether it does.
  template <key_argument<K> A = K>
    requires(!is_bag(Kind))
  [[nodiscard]] result<> insert_new(const A& key, const V& value) {
    return with_entry(key, value, [&](bytes k, bytes v) { return core_->insert_new(k, v); });
  }
  /// The same for a key without a value.
  template <key_argument<K> A = K>
    requires(!is_bag(Kind) && detail::is_nothing<V>)
  [[nodiscard]] result<> insert_new(const A& key) {
    return insert_new(key, V{});
  }
  /// Inserts all pairs if none of their keys exists; else key_already_present, and none. Reads
  /// whether they do.
  template <std::ranges::input_range R>
    requires(!is_bag(Kind))
  [[nodiscard]] result<> insert_new_range(R&& pairs);
  /// The same for a braced list.
  [[nodiscard]] result<> insert_new_range(std::initializer_list<value_type> pairs)
    requires(!is_bag(Kind))
  {
    return insert_new_range(std::span<const value_type>(pairs.begin(), pairs.size()));
  }
  /// Erases the key with all its values. A missing key is not an error.
  template <key_argument<K> A = K>
  [[nodiscard]] result<> erase(const A& key) {
    return with_key(key, [&](bytes k) { return core_->erase(k); });
  }
  /// Erases the key if it has this value. bag: erases that pair. duplicate_bag: erases every copy
  /// of it.
  template <key_argument<K> A = K>
  [[nodiscard]] result<> erase(const A& key, const V& value) {
    return with_entry(key, value, [&](bytes k, bytes v) { return core_->erase_value(k, v); });
  }
  /// Erases all entries.
  [[nodiscard]] result<> clear() { return core_->clear(); }
  /// Inserts and erases, each on top of those before it; all, or none. The batch stays as it is.
  [[nodiscard]] result<> write(const batch<K, V>& changes);
  /// Adds to an integer at the commit, whatever it is then: never conflicts, however many
  /// transactions count the same key. transact returns not_found if the key is missing there and
  /// `initial` is not set, and overflow. Use update_counter if the transaction needs the value.
  template <key_argument<K> A = K>
    requires(!is_bag(Kind) && counter_value<V>)
  [[nodiscard]] result<> add(const A& key, std::int64_t delta = 1, counter_options options = {}) {
    const auto step = detail::step_of(delta, options, detail::range_of<V>);
    if (auto can = detail::check_bounds(step, core_->label()); !can) return can;
    return with_key(key, [&](bytes k) { return core_->add(k, step); });
  }
  /// Replaces the value with f(value); returns the new value. Reads the value. `f` takes V, V&& or
  /// const V& and returns V, or result<V> to give up with an error; or it takes V& and returns
  /// nothing, or result<>. not_found if the key does not exist.
  template <class F, key_argument<K> A = K>
    requires(!is_bag(Kind))
  [[nodiscard]] result<V> update(const A& key, F&& f);

  /// As update, but gives a key that does not exist the value `initial`, which f is not called
  /// with.
  template <class F, key_argument<K> A = K>
    requires(!is_bag(Kind))
  [[nodiscard]] result<V> upsert(const A& key, const V& initial, F&& f);

  // --- reads -------------------------------------------------------------------------------------

  /// The value of the key (bags: its values, in insertion order), or not_found.
  template <key_argument<K> A = K>
  [[nodiscard]] result<found_type> lookup(const A& key) const {
    return find(key, false);
  }
  /// Calls f with a view of the value, as table::lookup does. What f returns is what lookup returns
  /// (maps). f must not return a view. It may use the transaction.
  template <key_argument<K> A = K, class F>
    requires std::invocable<F&, view_of<V>>
  [[nodiscard]] auto lookup(const A& key, F&& f) const {
    return lookup_view<view_of<V>>(key, f);
  }
  /// The same with a custom view: a struct with the fields of V in their order, as views.
  template <class View, key_argument<K> A = K, class F>
    requires view_for<View, V> && std::invocable<F&, View>
  [[nodiscard]] auto lookup(const A& key, F&& f) const {
    return lookup_view<View>(key, f);
  }
  /// As lookup, but the transaction commits even if another write changes this key meanwhile. For
  /// hints and statistics: what is decided by it may no longer be true at the commit.
  template <key_argument<K> A = K>
  [[nodiscard]] result<found_type> peek(const A& key) const {
    return find(key, true);
  }
  /// The value of the key, or `fallback` if it is not there.
  template <key_argument<K> A = K, class U = V>
    requires(!is_bag(Kind) && std::is_convertible_v<U, V>)
  [[nodiscard]] V value_or(const A& key, U&& fallback) const {
    auto found = lookup(key);
    return found ? *std::move(found) : static_cast<V>(std::forward<U>(fallback));
  }
  /// One member of the value: `tx(users).get<&user::age>("alice")`. The others are not decoded. The
  /// whole value is read.
  template <auto Member, key_argument<K> A = K>
    requires(!is_bag(Kind))
  [[nodiscard]] auto get(const A& key) const -> result<detail::member_of<Member>>;
  /// Looks up many keys; one optional per key, in order. Every key is read, those that are not
  /// there, too.
  template <std::ranges::input_range R>
    requires(!is_bag(Kind) && key_argument<std::ranges::range_value_t<R>, K>)
  [[nodiscard]] result<std::vector<std::optional<V>>> lookup_many(R&& keys) const;
  /// The same for a braced list.
  [[nodiscard]] result<std::vector<std::optional<V>>> lookup_many(detail::key_list<K> keys) const
    requires(!is_bag(Kind))
  {
    return lookup_many(std::span(keys.begin(), keys.size()));
  }
  /// Whether the key exists. A later change of its value is a conflict all the same.
  template <key_argument<K> A = K>
  [[nodiscard]] bool contains(const A& key) const {
    const detail::key_to_seek<K, Kind, A> k(key, limits_);
    return !k.failed() && core_->lookup(k.sought(), [](bytes) {}) != 0;
  }
  /// The number of entries; in bags pairs, not keys. Reads it: every insert of a new key conflicts.
  [[nodiscard]] std::size_t size() const { return core_->size(); }
  /// True if there are no entries. As size(), it reads their number.
  [[nodiscard]] bool empty() const { return size() == 0; }

  /// Iterates over all entries: `for (const auto& [key, value] : tx(table))`. Every iteration shows
  /// the table as it was when it began, so the loop may write to it. Maps without order and bags:
  /// any other write to the table conflicts with it.
  [[nodiscard]] auto begin() const { return everything().begin(); }
  /// The end of every iteration.
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }
  /// All keys; values are not decoded.
  [[nodiscard]] transaction_keys<K> keys() const { return everything().keys(); }
  /// Calls f(key, value) for each entry, until it returns walk::stop.
  template <class F>
    requires std::invocable<F&, const K&, const V&>
  void for_each(F&& f) const;
  /// Folds f(accumulated, key, value) over all entries.
  template <class T, class F>
    requires std::invocable<F&, T&&, const K&, const V&>
  [[nodiscard]] T fold(T init, F&& f) const;
  /// All entries.
  [[nodiscard]] std::vector<value_type> to_vector() const;

  // --- queries -----------------------------------------------------------------------------------

  /// How many entries `where` holds for. Reads all entries, as an iteration does. A condition takes
  /// views of key and value, or const K& and const V&, and returns a bool. Of an ordered_map,
  /// bounds narrow it as those of range do: then these entries are read, and the gaps between them.
  template <class F, class... B>
  [[nodiscard]] std::size_t count_if(F&& where, const B&... bounds) const;
  /// Erases the entries that `where` holds for, all or none; returns how many.
  template <class F, class... B>
  [[nodiscard]] result<std::size_t> erase_if(F&& where, const B&... bounds);
  /// Changes the entries that `where` holds for, as update does with `change`, all or none; returns
  /// how many.
  template <class F, class G, class... B>
    requires(!is_bag(Kind))
  [[nodiscard]] result<std::size_t> update_if(F&& where, G&& change, const B&... bounds);

 private:
  friend class read_modify_write<transaction_table, K, V, Kind>;
  friend class ordered_access<transaction_table, K, V, Kind>;
  friend class expiring<transaction_table, K, V, Kind, void>;
  friend struct detail::table_access;
  using extent = detail::transaction_extent;

  template <class R, class F>
  [[nodiscard]] result<> insert_each(R&& pairs, const F& one);
  template <class... B>
  [[nodiscard]] extent part_within(const B&... bounds) const;
  /// Calls f(entry) for each entry of a part that `where` holds for, until it returns an error.
  template <class F, class G>
  [[nodiscard]] result<std::size_t> each_where(const extent& part, F& where, const G& f) const;
  template <class A, class F>
  [[nodiscard]] result<> with_key(const A& key, F write) const;
  template <class A, class F>
  [[nodiscard]] result<> with_entry(const A& key, const V& value, F write) const;
  template <class A>
  [[nodiscard]] result<found_type> find(const A& key, bool peeks) const;
  template <class View, class A, class F>
  [[nodiscard]] auto lookup_view(const A& key, F& f) const;
  [[nodiscard]] transaction_range<K, V> range_of(extent of) const;
  [[nodiscard]] transaction_range<K, V> everything() const;
  // What ordered_access is made of.
  using show_entry = detail::function_ref<void(bytes, bytes)>;
  [[nodiscard]] static result<> found_if(bool is_there) {
    return is_there ? result<>() : std::unexpected(error(errc::not_found));
  }
  [[nodiscard]] result<> show_at(detail::place where, bytes key, show_entry f) const {
    return found_if(core_->seek(where, key, f));
  }
  [[nodiscard]] result<> show_nth(std::size_t index, show_entry f) const {
    return found_if(core_->nth(index, f));
  }
  [[nodiscard]] std::size_t rank_encoded(bytes key) const { return core_->rank(key, false); }
  [[nodiscard]] transaction_range<K, V> within(detail::key_interval keys) const;
  [[nodiscard]] transaction_range<K, V> ranked(std::size_t from, std::size_t to) const;
  // What read_modify_write is made of.
  [[nodiscard]] const std::string& label() const noexcept { return core_->label(); }
  [[nodiscard]] result<written> edit_encoded(bytes key, detail::edit_function how,
                                             const expiry& created = {}) {
    return detail::edit(*core_, key, how, created);
  }
  template <class R>
  [[nodiscard]] result<> insert_all(R&& pairs, bool only_new, const expiry& until);

  [[nodiscard]] result<bool> exchange_encoded(bytes key, std::optional<bytes> expected,
                                              std::optional<bytes> desired) {
    return detail::exchange(*core_, key, expected, desired);
  }
  [[nodiscard]] result<> look_encoded(bytes key, detail::function_ref<void(bytes)> f) {
    core_->lookup(key, f);
    return {};
  }
  [[nodiscard]] result<std::size_t> take_encoded(bytes key, detail::function_ref<void(bytes)> f) {
    return detail::take(*core_, key, f);
  }
  [[nodiscard]] result<> take_end_encoded(detail::place end,
                                          detail::function_ref<void(bytes, bytes)> f) {
    return detail::take_end(*core_, end, f);
  }
  [[nodiscard]] result<detail::wide_integer> step_encoded(bytes key,
                                                          const detail::counter_step& step) {
    return detail::step(*core_, key, step);
  }
  [[nodiscard]] error refused(const error& why) const {
    return error(why.code(), core_->label() + ": " + why.message());
  }

  detail::transaction_core* run_;
  detail::transaction_table_core* core_;
  detail::decoding_rules rules_;
  detail::encoding_limits limits_;
};

template <class K, class V, kind Kind, class... Index>
class indexed_transaction_table;

/// The function of a transaction may run several times; this is one run, as database::transact
/// passes it to the function.
///
/// Each run starts anew: the writes of the one before are
/// forgotten, but not what the function did outside the database. It uses the database through this
/// object alone; a plain write to one of the database's tables, such as `accounts.insert(...)`,
/// returns busy.
///
/// Thread safety: one thread, the one that runs the function.
class transaction {
 public:
  /// Made by database::transact.
  explicit transaction(detail::transaction_core& run) noexcept : run_(run) {}
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;

  /// The table as this run sees it. A table of another database shows nothing, its writes are
  /// invalid_argument, and so is the transaction.
  template <class K, class V, kind Kind>
  [[nodiscard]] transaction_table<K, V, Kind> operator()(const table<K, V, Kind>& of) {
    using inner = detail::table_access;
    return {run_, run_.of(inner::core_of(of)), inner::rules_of(of), inner::limits_of(of)};
  }
  /// The same of a table with indexes (index.hpp).
  template <class K, class V, kind Kind, class First, class... More>
  [[nodiscard]] indexed_transaction_table<K, V, Kind, First, More...> operator()(
      const table<K, V, Kind, First, More...>& of) {
    using inner = detail::table_access;
    return {run_, run_.of(inner::core_of(of)), inner::rules_of(of), inner::limits_of(of)};
  }
  /// Anything else.
  template <class T>
  void operator()(const T&) {
    static_assert(std::is_void_v<T>,
                  "A transaction works on tables of its database: shelf::map, ordered_map, bag, "
                  "duplicate_bag, set or ordered_set.");
  }

  /// Calls f() or f(transaction&) and returns what it returns, as a result. If that is an error, or
  /// an exception, what f wrote is undone and its on_commit discarded; the transaction goes on, and
  /// may commit the rest. What f read stays read.
  template <class F>
  [[nodiscard]] auto nested(F&& f);
  /// Calls f once, after the transaction has committed, on the thread that called transact, which
  /// returns after it. Several run in the order in which they were given. f may use the database.
  /// An exception thrown by f passes through transact, although the transaction has committed. If
  /// transact_options::sync is set and the sync fails, f is not called.
  void on_commit(function<void()> f) { run_.on_commit(std::move(f)); }
  /// Which run this is: 1, or more if other writes came in between.
  [[nodiscard]] int attempt() const noexcept { return run_.attempt(); }

 private:
  detail::transaction_core& run_;
};

}  // namespace shelf

#include "shelf/detail/transaction.hpp"
