// API  [api] -> engine -> stores -> journal -> file
// One moment of a table, to walk and to look things up in while others write.
#pragma once

#include "shelf/codec.hpp"
#include "shelf/detail/callback.hpp"
#include "shelf/detail/core.hpp"
#include "shelf/detail/key_to_seek.hpp"

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace shelf {

namespace detail {

/// What a walk makes of an entry: key and value.
template <class K, class V>
struct whole_entry {
  using type = std::pair<K, V>;
  static void decode(const stored_entry& from, const decoding_rules& rules, type& into) {
    decode_stored(from.key, rules, into.first);
    decode_stored(from.value, rules, into.second);
  }
};
/// The key alone: the value is not decoded.
template <class K>
struct key_of_entry {
  using type = K;
  static void decode(const stored_entry& from, const decoding_rules& rules, type& into) {
    decode_stored(from.key, rules, into);
  }
};

/// Where in a snapshot a range begins and ends, and which way it goes.
struct walk_extent {
  std::size_t from = 0;
  std::size_t to = 0;
  bool is_part = false;      ///< not all entries, or not in the order of the table: by rank
  bool is_backward = false;  ///< from the last to the first
};

/// A walk through entries, which it keeps alive.
template <class What>
class walk_iterator {
 public:
  using iterator_concept = std::input_iterator_tag;
  using value_type = typename What::type;
  using difference_type = std::ptrdiff_t;

  walk_iterator() = default;
  walk_iterator(const std::shared_ptr<const snapshot_core>& of, walk_extent extent,
                decoding_rules rules)
      : walk_iterator(of, start(*of, extent), rules) {}
  /// A walk through anything that `kept` keeps alive.
  walk_iterator(std::shared_ptr<const void> kept, std::unique_ptr<snapshot_core::walk> walk,
                decoding_rules rules)
      : kept_(std::move(kept)), walk_(std::move(walk)), rules_(rules) {
    portion_ = walk_->next();
    read();
  }

  [[nodiscard]] const value_type& operator*() const noexcept { return *entry_; }
  [[nodiscard]] const value_type* operator->() const noexcept { return &*entry_; }
  walk_iterator& operator++() {
    if (++at_ == portion_.size()) {
      portion_ = walk_->next();
      at_ = 0;
    }
    read();
    return *this;
  }
  void operator++(int) { ++*this; }
  [[nodiscard]] friend bool operator==(const walk_iterator& i, std::default_sentinel_t) noexcept {
    return !i.entry_;
  }

 private:
  [[nodiscard]] static std::unique_ptr<snapshot_core::walk> start(const snapshot_core& of,
                                                                  const walk_extent& extent) {
    if (extent.is_backward) return of.entries_backwards(extent.from, extent.to);
    return extent.is_part ? of.entries(extent.from, extent.to) : of.entries();
  }
  void read() {
    if (at_ >= portion_.size()) return entry_.reset();
    if (!entry_) entry_.emplace();
    What::decode(portion_[at_], rules_, *entry_);
  }

  std::shared_ptr<const void> kept_;
  std::unique_ptr<snapshot_core::walk> walk_;
  std::span<const stored_entry> portion_;
  std::size_t at_ = 0;
  std::optional<value_type> entry_;
  decoding_rules rules_;
};

/// What the ranges over a snapshot have in common.
template <class What>
class walk_range {
 public:
  /// Moves only. Owns what it shows.
  using iterator = walk_iterator<What>;

  walk_range(std::shared_ptr<const snapshot_core> of, decoding_rules rules, walk_extent extent)
      : of_(std::move(of)), rules_(rules), extent_(extent) {}

  /// Starts a walk. Throws std::bad_alloc.
  [[nodiscard]] iterator begin() const { return iterator(of_, extent_, rules_); }
  /// The end of every iteration.
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }
  /// The number of entries. Constant time.
  [[nodiscard]] std::size_t size() const noexcept { return extent_.to - extent_.from; }
  /// True if there are none.
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

 protected:
  std::shared_ptr<const snapshot_core> of_;
  decoding_rules rules_;
  walk_extent extent_;
};

}  // namespace detail

/// The keys of a snapshot, or of a part of it, one after the other; a key of a bag once per value.
/// A single-pass range of `K`; values are not decoded.
template <class K>
class key_range : public detail::walk_range<detail::key_of_entry<K>> {
 public:
  using detail::walk_range<detail::key_of_entry<K>>::walk_range;
};

/// Entries of a snapshot of an ordered table. A single-pass range of `std::pair<K, V>`. Made by
/// the ranges of snapshot and table; begin() starts an iteration.
template <class K, class V>
class entry_range : public detail::walk_range<detail::whole_entry<K, V>> {
  using base = detail::walk_range<detail::whole_entry<K, V>>;

 public:
  /// The entries of rank [from, to).
  entry_range(std::shared_ptr<const detail::snapshot_core> of, detail::decoding_rules rules,
              std::size_t from, std::size_t to)
      : base(std::move(of), rules, {from, to < from ? from : to, true}) {}

  /// The same entries, last to first: `scores.range(1, 9).reversed()`.
  [[nodiscard]] entry_range reversed() const {
    entry_range turned = *this;
    turned.extent_.is_part = true;
    turned.extent_.is_backward = !this->extent_.is_backward;
    return turned;
  }
  /// Their keys alone.
  [[nodiscard]] key_range<K> keys() const { return {this->of_, this->rules_, this->extent_}; }
};

/// One moment of a table: every entry that existed when snapshot() was called, exactly once,
/// regardless of later writes. It owns its entries and may outlive the handle. While it exists,
/// they stay in memory (stats().snapshots, oldest_snapshot_age).
/// Thread safety: const calls from any thread; an iterator belongs to one thread.
template <class K, class V, kind Kind>
class snapshot : public detail::walk_range<detail::whole_entry<K, V>> {
 public:
  /// Made by table::snapshot.
  snapshot(std::shared_ptr<const detail::snapshot_core> of, detail::decoding_rules rules)
      : detail::walk_range<detail::whole_entry<K, V>>(of, rules, {.to = of->size()}),
        core_(std::move(of)),
        rules_(rules) {}

  /// All entries, last to first.
  [[nodiscard]] entry_range<K, V> reversed() const
    requires(Kind == kind::ordered_set)
  {
    return slice(0, this->size()).reversed();
  }
  /// The keys alone: values are not decoded.
  [[nodiscard]] key_range<K> keys() const { return {core_, rules_, this->extent_}; }

  /// The value of a key (bags: its values, in insertion order), or not_found.
  template <key_argument<K> A = K>
  [[nodiscard]] auto lookup(const A& key) const {
    const detail::key_to_seek<K, Kind, A> k(key, {});
    if constexpr (is_bag(Kind)) {
      std::vector<V> values;
      if (k.failed()) return result<std::vector<V>>(std::unexpected(k.why()));
      core_->lookup(k.sought(), [&](bytes v) { detail::decode_behind(values, v, rules_); });
      if (values.empty()) return result<std::vector<V>>(std::unexpected(error(errc::not_found)));
      return result<std::vector<V>>(std::move(values));
    } else {
      if (k.failed()) return result<V>(std::unexpected(k.why()));
      result<V> value;
      const auto found =
          core_->lookup(k.sought(), [&](bytes v) { detail::decode_stored(v, rules_, *value); });
      if (found == 0) value = std::unexpected(error(errc::not_found));
      return value;
    }
  }

  /// The value of the key, or `fallback` if it is not there or cannot be a key (NaN).
  template <key_argument<K> A = K, class U = V>
    requires(!is_bag(Kind) && std::is_convertible_v<U, V>)
  [[nodiscard]] V value_or(const A& key, U&& fallback) const {
    auto found = lookup(key);
    return found ? *std::move(found) : static_cast<V>(std::forward<U>(fallback));
  }

  /// Whether the key exists.
  template <key_argument<K> A = K>
  [[nodiscard]] bool contains(const A& key) const {
    const detail::key_to_seek<K, Kind, A> k(key, {});
    return !k.failed() && core_->lookup(k.sought(), [](bytes) {}) != 0;
  }

  /// How many keys are before this one, which may lie beyond all that K can store. Logarithmic. 0
  /// for NaN.
  template <key_argument<K> A = K>
    requires(Kind == kind::ordered_set)
  [[nodiscard]] std::size_t rank(const A& key) const {
    return place_of(key).value_or(0);
  }

  /// The entries with from <= key < to, in key order. A bound may lie beyond all that K can store;
  /// with NaN the range is empty.
  template <key_argument<K> A = K, key_argument<K> B = K>
    requires(Kind == kind::ordered_set)
  [[nodiscard]] entry_range<K, V> range(const A& from, const B& to) const {
    const auto first = place_of(from);
    const auto end = place_of(to);
    if (!first || !end) return slice(0, 0);
    return {core_, rules_, *first, *end};
  }
  /// The entries with from <= key; a bound as of range.
  template <key_argument<K> A = K>
    requires(Kind == kind::ordered_set)
  [[nodiscard]] entry_range<K, V> starting_at(const A& from) const {
    return {core_, rules_, place_of(from).value_or(this->size()), this->size()};
  }
  /// The entries of rank [from, to): the first ten are slice(0, 10).
  [[nodiscard]] entry_range<K, V> slice(std::size_t from, std::size_t to) const
    requires(Kind == kind::ordered_set)
  {
    const auto end = to < this->size() ? to : this->size();
    return {core_, rules_, from < end ? from : end, end};
  }

 private:
  /// The rank of a bound; nothing if it has no place in the order.
  template <class A>
  [[nodiscard]] std::optional<std::size_t> place_of(const A& bound) const {
    detail::encoder k(detail::purpose::bound, detail::bound_limits);
    detail::encode_key<K>(k, bound);
    if (k.failed()) return std::nullopt;
    return core_->rank(k.written(), false);
  }

  std::shared_ptr<const detail::snapshot_core> core_;
  detail::decoding_rules rules_;
};

}  // namespace shelf
