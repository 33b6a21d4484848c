// API  [api] -> engine -> stores -> journal -> file
// What is asked of keys in order: neighbors, ranks, ranges. Of tables, snapshots and transactions.
#pragma once

#include "shelf/bounds.hpp"
#include "shelf/codec.hpp"
#include "shelf/detail/callback.hpp"
#include "shelf/detail/core.hpp"
#include "shelf/detail/cursor.hpp"
#include "shelf/detail/interval.hpp"
#include "shelf/kind.hpp"
#include "shelf/page.hpp"
#include "shelf/range.hpp"

#include <cstddef>
#include <string_view>
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

  /// The first `count` entries of a range that `bounds` describe as those of range() do, or none
  /// for all entries; or those that follow the page that the cursor is from. A cursor holds nothing
  /// in the table: it stays valid across restarts, compactions and copies, and whatever is written
  /// meanwhile. What is in the table from the first page to the last is shown exactly once.
  /// invalid_argument for a text that is no cursor, or one of another table or direction, and for a
  /// count of 0.
  template <class... B>
  [[nodiscard]] result<shelf::page<K, V>> page(std::string_view cursor, std::size_t count,
                                               const B&... bounds) const {
    return page_of(cursor, count, interval_of(bounds...), false);
  }
  /// The same from the last entry to the first.
  template <class... B>
  [[nodiscard]] result<shelf::page<K, V>> page_backwards(std::string_view cursor, std::size_t count,
                                                         const B&... bounds) const {
    return page_of(cursor, count, interval_of(bounds...), true);
  }

 private:
  friend Self;
  ordered_access() = default;

  [[nodiscard]] const Self& self() const noexcept { return static_cast<const Self&>(*this); }
  template <class... B>
  [[nodiscard]] static detail::key_interval interval_of(const B&... bounds) {
    if constexpr (sizeof...(B) == 0)
      return {};
    else
      return detail::interval<K>(bounds...);
  }
  [[nodiscard]] result<shelf::page<K, V>> page_of(std::string_view cursor, std::size_t count,
                                                  detail::key_interval within,
                                                  bool is_backward) const {
    if (count == 0) {
      return std::unexpected(
          self().refused(error(errc::invalid_argument, "a page has at least one entry")));
    }
    const auto identity = self().core_->identity();
    if (!cursor.empty()) {
      auto key = detail::decode_cursor(cursor, identity, is_backward);
      // Whoever can make a checksum can make a cursor: what it holds must be a key.
      if (key && !detail::is_stored_key<K>(*key)) {
        key = std::unexpected(error(errc::invalid_argument, "this cursor holds no key"));
      }
      if (!key) return std::unexpected(self().refused(key.error()));
      detail::continue_after(within, *std::move(key), is_backward);
    }
    shelf::page<K, V> made;
    const auto all = self().within(std::move(within));
    const auto chosen = is_backward ? all.reversed() : all;
    auto at = chosen.begin();
    for (; at != chosen.end() && made.entries.size() < count; ++at) made.entries.push_back(*at);
    if (at == chosen.end()) return made;
    detail::encoder k(detail::purpose::key, detail::bound_limits);
    detail::encode_key<K>(k, made.entries.back().first);
    made.next = detail::encode_cursor(k.written(), identity, is_backward);
    return made;
  }
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
