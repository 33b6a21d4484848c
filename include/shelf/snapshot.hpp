// API  [api] -> table -> journal -> file
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

/// The entries of a snapshot, or a part of them, one after the other. A single-pass range of
/// `std::pair<K, V>`. Made by snapshot and by table::range; begin() starts a walk.
template <class K, class V>
class entry_range {
 public:
  /// @cond
  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = std::pair<K, V>;
    using difference_type = std::ptrdiff_t;

    iterator() = default;
    iterator(std::shared_ptr<const detail::snapshot_core> of,
             std::unique_ptr<detail::snapshot_core::walk> walk, detail::decoding_rules rules)
        : of_(std::move(of)), walk_(std::move(walk)), rules_(rules) {
      portion_ = walk_->next();
      read();
    }

    [[nodiscard]] const value_type& operator*() const noexcept { return *entry_; }
    [[nodiscard]] const value_type* operator->() const noexcept { return &*entry_; }
    iterator& operator++() {
      if (++at_ == portion_.size()) {
        portion_ = walk_->next();
        at_ = 0;
      }
      read();
      return *this;
    }
    void operator++(int) { ++*this; }
    [[nodiscard]] friend bool operator==(const iterator& i, std::default_sentinel_t) noexcept {
      return !i.entry_;
    }

   private:
    void read() {
      if (at_ >= portion_.size()) return entry_.reset();
      if (!entry_) entry_.emplace();
      detail::decode_stored(portion_[at_].key, rules_, entry_->first);
      detail::decode_stored(portion_[at_].value, rules_, entry_->second);
    }

    std::shared_ptr<const detail::snapshot_core> of_;
    std::unique_ptr<detail::snapshot_core::walk> walk_;
    std::span<const detail::stored_entry> portion_;
    std::size_t at_ = 0;
    std::optional<value_type> entry_;
    detail::decoding_rules rules_;
  };
  /// @endcond

  /// All entries of a snapshot.
  entry_range(std::shared_ptr<const detail::snapshot_core> of, detail::decoding_rules rules)
      : of_(std::move(of)), rules_(rules), to_(of_->size()) {}
  /// The entries of rank [from, to); ordered tables only.
  entry_range(std::shared_ptr<const detail::snapshot_core> of, detail::decoding_rules rules,
              std::size_t from, std::size_t to)
      : of_(std::move(of)), rules_(rules), from_(from), to_(to < from ? from : to), part_(true) {}

  /// Throws std::bad_alloc.
  [[nodiscard]] iterator begin() const {
    return iterator(of_, part_ ? of_->entries(from_, to_) : of_->entries(), rules_);
  }
  /// The end of every walk.
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }
  /// How many entries. Constant time.
  [[nodiscard]] std::size_t size() const noexcept { return to_ - from_; }
  /// True if there are none.
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

 private:
  std::shared_ptr<const detail::snapshot_core> of_;
  detail::decoding_rules rules_;
  std::size_t from_ = 0;
  std::size_t to_;
  bool part_ = false;
};

/// One moment of a table: what was there when snapshot() was called, each entry once, whatever is
/// written since. Owns what it shows and outlives the handle. While it lives, the table keeps the
/// entries it shows in memory (stats().snapshots, oldest_snapshot_age).
/// Thread safety: const calls from any thread; an iterator belongs to one thread.
template <class K, class V, kind Kind>
class snapshot : public entry_range<K, V> {
 public:
  /// Made by table::snapshot.
  snapshot(std::shared_ptr<const detail::snapshot_core> of, detail::decoding_rules rules)
      : entry_range<K, V>(of, rules), core_(std::move(of)), rules_(rules) {}

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

  /// Whether the key is there.
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
