// API  [api] -> engine -> stores -> journal -> file
// Writes that say when an entry expires, and verbs that ask for it or change it.
#pragma once

#include "shelf/codec.hpp"
#include "shelf/detail/core.hpp"
#include "shelf/detail/key_to_seek.hpp"
#include "shelf/expiry.hpp"
#include "shelf/kind.hpp"

#include <concepts>
#include <initializer_list>
#include <optional>
#include <span>
#include <utility>

namespace shelf {

/// Writes that say when an entry expires, and verbs that ask for it or change it
/// (docs/expiry.md). Base class of `table` and `transaction_table` (`Self`), which document errors
/// and thread safety; `Written` is what their insert returns.
///
/// An entry counts as absent from its deadline on, for every read and every verb; only size, rank,
/// nth and slice count it until it is swept. insert gives the entry config.ttl, or none; update,
/// assign, counters and compare_exchange leave the deadline of the entry as it is.
///
/// Errors, besides those of a write: invalid_argument for an expiry that is not valid, and in DETS
/// files, which keep no deadlines.
template <class Self, class K, class V, kind Kind, class Written>
class expiring {
 public:
  /// As insert, with an expiry of its own.
  template <key_argument<K> A = K>
  [[nodiscard]] result<Written> insert(const A& key, const V& value, const expiry& until);
  /// The same for a key without a value, as in shelf::set.
  template <key_argument<K> A = K>
    requires(detail::is_nothing<V>)
  [[nodiscard]] result<Written> insert(const A& key, const expiry& until) {
    return insert(key, V{}, until);
  }
  /// As insert_new, with an expiry of its own.
  template <key_argument<K> A = K>
  [[nodiscard]] result<> insert_new(const A& key, const V& value, const expiry& until);
  /// As insert_range, with an expiry for all of the pairs.
  template <std::ranges::input_range R>
  [[nodiscard]] auto insert_range(R&& pairs, const expiry& until) {
    static_assert(!is_bag(Kind), "Entries of a bag cannot expire: use a map or an ordered_map.");
    return self().insert_all(std::forward<R>(pairs), false, until);
  }
  /// The same for a braced list.
  [[nodiscard]] auto insert_range(std::initializer_list<std::pair<K, V>> pairs,
                                  const expiry& until) {
    static_assert(!is_bag(Kind), "Entries of a bag cannot expire: use a map or an ordered_map.");
    return self().insert_all(std::span(pairs.begin(), pairs.size()), false, until);
  }
  /// Gives the entry another deadline. Its value is not written again. not_found if the key does
  /// not exist.
  template <key_argument<K> A = K>
  [[nodiscard]] result<> touch(const A& key, const expiry& until);
  /// The entry does not expire any more. not_found if the key does not exist.
  template <key_argument<K> A = K>
  [[nodiscard]] result<> persist(const A& key) {
    return touch(key, expiry::never());
  }
  /// When the entry expires; nothing if it does not. not_found if the key does not exist.
  template <key_argument<K> A = K>
  [[nodiscard]] result<std::optional<expiry::time>> expires_at(const A& key) const;

 private:
  friend Self;
  expiring() = default;

  [[nodiscard]] Self& self() noexcept { return static_cast<Self&>(*this); }
  [[nodiscard]] const Self& self() const noexcept { return static_cast<const Self&>(*this); }
  template <class A>
  [[nodiscard]] result<Written> insert_until(const A& key, const V& value, const expiry& until,
                                             bool only_new);
};

}  // namespace shelf

#include "shelf/detail/expiring.hpp"
