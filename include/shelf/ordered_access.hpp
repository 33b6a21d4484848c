// API  [api] -> engine -> stores -> journal -> file
// What is asked of keys in order: neighbors, ranks, ranges. Of tables, snapshots and transactions.
#pragma once

#include "shelf/bounds.hpp"
#include "shelf/codec.hpp"
#include "shelf/detail/callback.hpp"
#include "shelf/detail/core.hpp"
#include "shelf/detail/interval.hpp"
#include "shelf/kind.hpp"
#include "shelf/range.hpp"

#include <cstddef>
#include <utility>

namespace shelf {

/// Of the kinds without order: nothing.
template <class Self, class K, class V, kind Kind>
class ordered_access {};

/// What is asked of keys in order. Base class of `table`, `snapshot` and `transaction_table`
/// (`Self`) of ordered maps.
///
/// A range is a view of entries in key order: an `entry_range` of one moment, or in a transaction a
/// `transaction_range`. Its ends are found in logarithmic time. A plain key is a bound that the
/// range begins with or ends before; at_least, above, below and at_most (bounds.hpp) say otherwise.
///
/// A bound need not be a key: one beyond all that K can store (300 of std::uint8_t, an infinity, a
/// time after 2262) stands before the first or behind the last key, and in a pair, tuple or struct
/// before or behind all keys with the same members before it. NaN is invalid_argument, or an empty
/// range.
template <class Self, class K, class V>
class ordered_access<Self, K, V, kind::ordered_set> {
  using ordered_entry = std::pair<K, V>;

 public:
  /// The entry with the first key, or not_found.
  [[nodiscard]] result<ordered_entry> first() const { return seek(detail::place::first, {}); }
  /// The entry with the last key, or not_found.
  [[nodiscard]] result<ordered_entry> last() const { return seek(detail::place::last, {}); }
  /// The first entry whose key is not less than `key`.
  template <key_argument<K> A = K>
  [[nodiscard]] result<ordered_entry> lower_bound(const A& key) const {
    return seek_key(detail::place::at_or_after, key);
  }
  /// The first entry whose key is greater than `key`; Erlang's next.
  template <key_argument<K> A = K>
  [[nodiscard]] result<ordered_entry> upper_bound(const A& key) const {
    return seek_key(detail::place::after, key);
  }
  /// The last entry whose key is less than `key`; Erlang's prev.
  template <key_argument<K> A = K>
  [[nodiscard]] result<ordered_entry> before(const A& key) const {
    return seek_key(detail::place::before, key);
  }
  /// The last entry whose key is not greater than `key`; lower_bound is its counterpart.
  template <key_argument<K> A = K>
  [[nodiscard]] result<ordered_entry> floor(const A& key) const {
    return seek_key(detail::place::at_or_before, key);
  }
  /// The entry with `index` entries before it, or not_found past the end. Logarithmic.
  [[nodiscard]] result<ordered_entry> nth(std::size_t index) const {
    return found([&](auto show) { return self().show_nth(index, show); });
  }
  /// How many keys are before this one. Logarithmic. 0 for NaN, and of a closed table.
  template <key_argument<K> A = K>
  [[nodiscard]] std::size_t rank(const A& key) const {
    detail::encoder k(detail::purpose::bound, detail::bound_limits);
    detail::encode_key<K>(k, key);
    return k.failed() ? 0 : self().rank_encoded(k.written());
  }

  /// The entries between two bounds: `range(1, 5)` has 1 <= key < 5, and
  /// `range(above(1), at_most(5))` has 1 < key <= 5.
  template <class A = K, class B = K>
  [[nodiscard]] auto range(const A& from, const B& to) const {
    return self().within(detail::interval<K>(from, to));
  }
  /// The entries on one side of a bound: `range(at_least(5))`, `range(below(5))`.
  template <class A>
  [[nodiscard]] auto range(const A& bound) const {
    return self().within(detail::interval<K>(bound));
  }
  /// The entries with from <= key: `range(at_least(from))`.
  template <key_argument<K> A = K>
  [[nodiscard]] auto starting_at(const A& from) const {
    return range(detail::range_start<const A&>{from, false});
  }
  /// The entries whose keys begin with `prefix`: of text or bytes its leading bytes; of pairs,
  /// tuples, arrays and structs a std::tuple of their first members.
  template <class P = K>
  [[nodiscard]] auto prefix(const P& prefix) const {
    return self().within(detail::prefix_interval<K>(prefix));
  }
  /// The entries of rank [from, to): the first ten are slice(0, 10). Logarithmic.
  [[nodiscard]] auto slice(std::size_t from, std::size_t to) const {
    return self().ranked(from, to);
  }
  /// All entries, last to first.
  [[nodiscard]] auto reversed() const { return self().within({}).reversed(); }

 private:
  friend Self;
  ordered_access() = default;

  [[nodiscard]] const Self& self() const noexcept { return static_cast<const Self&>(*this); }
  /// The entry that `look(show)` shows.
  template <class F>
  [[nodiscard]] result<ordered_entry> found(F look) const {
    ordered_entry into{};
    const auto show = [&](bytes k, bytes v) {
      detail::decode_stored(k, self().rules_, into.first);
      detail::decode_stored(v, self().rules_, into.second);
    };
    const result<> looked = look(detail::function_ref<void(bytes, bytes)>(show));
    if (!looked) return std::unexpected(looked.error());
    return into;
  }
  [[nodiscard]] result<ordered_entry> seek(detail::place where, bytes key) const {
    return found([&](auto show) { return self().show_at(where, key, show); });
  }
  template <class A>
  [[nodiscard]] result<ordered_entry> seek_key(detail::place where, const A& key) const {
    detail::encoder k(detail::purpose::bound, detail::bound_limits);
    detail::encode_key<K>(k, key);
    if (k.failed()) return std::unexpected(self().refused(k.outcome().error()));
    return seek(where, k.written());
  }
};

}  // namespace shelf
