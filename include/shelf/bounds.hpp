// API  [api] -> engine -> stores -> journal -> file
// Where a range of keys begins and ends: at_least, above, below, at_most, and prefixes.
#pragma once

#include "shelf/codec.hpp"
#include "shelf/detail/interval.hpp"

#include <type_traits>
#include <utility>

namespace shelf {

// A key K, or what may stand for one in a lookup, makes a bound; so does a std::tuple of the first
// members of a pair, tuple, array or struct, which stands for all keys that begin with them. It may
// lie beyond all that K can store: 300 of std::uint8_t, an infinity, a time after 2262. Bounds hold
// a copy of the key, and of a view the view.

/// A range begins with this key: `t.range(shelf::at_least(5), shelf::at_most(9))`.
template <class A>
[[nodiscard]] constexpr auto at_least(A&& key) {
  return detail::range_start<std::decay_t<A>>{std::forward<A>(key), false};
}
/// A range begins behind this key: `t.range(shelf::above(last))` continues after the last one seen.
template <class A>
[[nodiscard]] constexpr auto above(A&& key) {
  return detail::range_start<std::decay_t<A>>{std::forward<A>(key), true};
}
/// A range ends before this key.
template <class A>
[[nodiscard]] constexpr auto below(A&& key) {
  return detail::range_end<std::decay_t<A>>{std::forward<A>(key), false};
}
/// A range ends with this key.
template <class A>
[[nodiscard]] constexpr auto at_most(A&& key) {
  return detail::range_end<std::decay_t<A>>{std::forward<A>(key), true};
}

}  // namespace shelf
