// API  [api] -> engine -> stores -> journal -> file
// From bounds to a part of the key order: cuts before or behind encoded keys, and partial keys.
#pragma once

#include "shelf/codec.hpp"
#include "shelf/detail/key_argument.hpp"

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace shelf::detail {

/// Where a range begins: before a key, or behind it. Made by at_least and above.
template <class A>
struct range_start {
  A key;
  bool is_behind = false;
};
/// Where a range ends. Made by below and at_most.
template <class A>
struct range_end {
  A key;
  bool is_behind = false;
};

template <class A>
inline constexpr bool is_start = false;
template <class A>
inline constexpr bool is_start<range_start<A>> = true;
template <class A>
inline constexpr bool is_end = false;
template <class A>
inline constexpr bool is_end<range_end<A>> = true;

/// A place in key order, kept: before the keys that compare equal to a term, or behind them.
struct kept_cut {
  std::vector<std::byte> key;
  bool is_behind = false;
};

/// A part of the key order. An end that is absent is that of all keys.
struct key_interval {
  std::optional<kept_cut> from = {};
  std::optional<kept_cut> to = {};
  bool is_nothing = false;  ///< a bound has no place in the order (NaN): nothing is between
};

// ---- members of keys ----------------------------------------------------------------------------

template <class K>
concept record_key = category_for<K> == category::record;
template <class K>
concept tuple_key = category_for<K> == category::tuple || category_for<K> == category::array;

template <class K>
inline constexpr std::size_t members_of = 0;
template <tuple_key K>
inline constexpr std::size_t members_of<K> = std::tuple_size_v<K>;
template <record_key K>
inline constexpr std::size_t members_of<K> = field_count<K>;

template <std::size_t I, class... F>
[[nodiscard]] constexpr std::type_identity<type_at<I, types<F...>>> type_in(types<F...>) {
  return {};
}
/// The type of a member, in a type_identity. A function, because GCC 12 does not find the fields of
/// a struct in an alias template of a class.
template <class K, std::size_t I>
[[nodiscard]] constexpr auto member_at() {
  if constexpr (record_key<K>)
    return type_in<I>(field_types<K>{});
  else
    return std::type_identity<std::tuple_element_t<I, K>>{};
}
template <class P, class K, class Indices>
inline constexpr bool stand_for_members = false;
template <class P, class K, std::size_t... I>
inline constexpr bool stand_for_members<P, K, std::index_sequence<I...>> =
    (key_argument<std::tuple_element_t<I, P>, typename decltype(member_at<K, I>())::type> && ...);

/// P has what may stand for the first members of K.
template <class P, class K>
concept partial_key =
    members_of<K> != 0 && tuple_argument<P> && std::tuple_size_v<P> <= members_of<K> &&
    stand_for_members<P, K, std::make_index_sequence<std::tuple_size_v<P>>>;

/// What a bound may be made of.
template <class A, class K>
concept bound_argument = key_argument<A, K> || partial_key<A, K>;

/// The head and the first members of a key. In the place of the others is what stands before or
/// behind every term.
template <class K, class P, std::size_t... I, std::size_t... Rest>
void encode_partial_key(encoder& out, const P& part, [[maybe_unused]] bool is_behind,
                        std::index_sequence<I...>, std::index_sequence<Rest...>) {
  if constexpr (record_key<K>) {
    out.raw(record_head<K>.data);
    out.enter();
  } else {
    out.enter_tuple(members_of<K>);
  }
  (encode_key_part<typename decltype(member_at<K, I>())::type>(out, get<I>(part)), ...);
  ((static_cast<void>(Rest), out.outside(is_behind)), ...);
  out.leave();
}

/// Appends the term of a bound; whether the cut is behind that term.
template <class K, class A>
[[nodiscard]] bool encode_bound(encoder& out, const A& bound, bool is_behind) {
  if constexpr (key_argument<A, K>) {
    encode_key<K>(out, bound);
    return is_behind;
  } else {
    constexpr std::size_t given = std::tuple_size_v<A>;
    constexpr std::size_t missing = members_of<K> - given;
    encode_partial_key<K>(out, bound, is_behind, std::make_index_sequence<given>{},
                          std::make_index_sequence<missing>{});
    return is_behind && missing == 0;
  }
}

// ---- intervals ----------------------------------------------------------------------------------

template <class A>
[[nodiscard]] const A& key_in(const A& plain) noexcept {
  return plain;
}
template <class A>
[[nodiscard]] const A& key_in(const range_start<A>& bound) noexcept {
  return bound.key;
}
template <class A>
[[nodiscard]] const A& key_in(const range_end<A>& bound) noexcept {
  return bound.key;
}
template <class A>
using key_in_t = std::remove_cvref_t<decltype(detail::key_in(std::declval<const A&>()))>;

/// A plain key is what a range begins with, and what it ends before.
template <class A>
[[nodiscard]] constexpr bool cuts_behind(const A& bound) noexcept {
  if constexpr (is_start<A> || is_end<A>)
    return bound.is_behind;
  else
    return false;
}

/// Sets one end of an interval.
template <class K, class A>
void set_end(key_interval& of, std::optional<kept_cut> key_interval::* end, const A& bound) {
  encoder k(purpose::bound, bound_limits);
  const bool is_behind = encode_bound<K>(k, key_in(bound), cuts_behind(bound));
  if (k.failed()) {
    of.is_nothing = true;
    return;
  }
  const bytes made = k.written();
  of.*end = kept_cut{{made.begin(), made.end()}, is_behind};
}

/// Stops the compiler with a sentence unless these are the ends of a range of keys K.
template <class K, class A, class B>
consteval bool refuse_unless_ends() {
  static_assert(!is_end<A>,
                "The first bound of a range is where it begins: a key, at_least(key) or "
                "above(key).");
  static_assert(!is_start<B>,
                "The second bound of a range is where it ends: a key, below(key) or at_most(key).");
  static_assert(bound_argument<key_in_t<A>, K> && bound_argument<key_in_t<B>, K>,
                "A bound is made of a key of the table, of what may stand for one, or of a "
                "std::tuple of a key's first members.");
  return true;
}
/// The same of the only end of one.
template <class K, class A>
consteval bool refuse_unless_end() {
  static_assert(is_start<A> || is_end<A>,
                "A range of one bound takes at_least(key), above(key), below(key) or "
                "at_most(key): a plain key does not say which end it is.");
  if constexpr (is_start<A> || is_end<A>) {
    static_assert(bound_argument<key_in_t<A>, K>,
                  "A bound is made of a key of the table, of what may stand for one, or of a "
                  "std::tuple of a key's first members.");
  }
  return true;
}
/// The same of a prefix.
template <class K, class P>
consteval bool refuse_unless_prefix() {
  if constexpr (category_for<K> == category::binary) {
    static_assert(content_argument<P, K>, "The prefix of keys of text or bytes is text or bytes.");
  } else if constexpr (tuple_key<K> || record_key<K>) {
    static_assert(tuple_argument<P>,
                  "The prefix of keys that are pairs, tuples, arrays or structs is a std::tuple of "
                  "their first members.");
    if constexpr (tuple_argument<P>) {
      static_assert(std::tuple_size_v<P> <= members_of<K>,
                    "The prefix has more members than a key.");
      if constexpr (std::tuple_size_v<P> <= members_of<K>) {
        static_assert(std::tuple_size_v<P> == 0 || partial_key<P, K>,
                      "Each member of a prefix is what may stand for the key's member in its "
                      "place.");
      }
    }
  } else {
    static_assert(category_for<K> == category::binary,
                  "Only keys of text, bytes, pairs, tuples, arrays and structs have prefixes.");
  }
  return true;
}

/// From a bound to a bound.
template <class K, class A, class B>
[[nodiscard]] key_interval interval(const A& from, const B& to) {
  key_interval made;
  if constexpr (refuse_unless_ends<K, A, B>()) {
    set_end<K>(made, &key_interval::from, from);
    set_end<K>(made, &key_interval::to, to);
  }
  return made;
}
/// From a bound on, or up to one.
template <class K, class A>
[[nodiscard]] key_interval interval(const A& bound) {
  key_interval made;
  if constexpr (refuse_unless_end<K, A>()) {
    set_end<K>(made, is_start<A> ? &key_interval::from : &key_interval::to, bound);
  }
  return made;
}

/// The keys that begin with these bytes.
[[nodiscard]] key_interval prefix_of_binaries(bytes prefix);

/// The keys that begin with `prefix`.
template <class K, class P>
[[nodiscard]] key_interval prefix_interval(const P& prefix) {
  key_interval made;
  if constexpr (!refuse_unless_prefix<K, P>()) {
  } else if constexpr (category_for<K> == category::binary) {
    return prefix_of_binaries(key_content<K>(prefix));
  } else if constexpr (std::tuple_size_v<P> > 0) {
    set_end<K>(made, &key_interval::from, range_start<const P&>{prefix, false});
    set_end<K>(made, &key_interval::to, range_end<const P&>{prefix, true});
  }
  return made;
}

}  // namespace shelf::detail
