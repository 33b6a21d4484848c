// TERM  vocabulary of every room
// Erlang's term order and equality. Every input is exactly one encoded term in canonical form; to
// compare() also a bound, a tuple whose last elements may be tag::before_all or tag::behind_all.
#pragma once

#include "shelf/detail/bytes.hpp"

#include <algorithm>
#include <cassert>
#include <compare>
#include <cstdint>
#include <cstring>

namespace shelf::terms {

/// Term order with the shape of the keys unknown; compare() is the front door.
[[nodiscard]] std::weak_ordering compare_any(bytes a, bytes b) noexcept;

/// Term order (`<`, ordered_set): 1 and 1.0 are equivalent. Exact for numbers of any size. Time
/// linear in the shorter term up to the first difference (maps: to their end); allocates nothing.
[[nodiscard]] inline std::weak_ordering compare(bytes a, bytes b) noexcept {
  assert(!a.empty() && !b.empty());
  constexpr std::byte binary{109};
  constexpr std::size_t header = 5;
  if (a[0] != binary || b[0] != binary) return compare_any(a, b);
  const auto common = std::min(a.size(), b.size()) - header;
  const int content = std::memcmp(a.data() + header, b.data() + header, common);
  return content != 0 ? content <=> 0 : a.size() <=> b.size();
}

/// Map-key order: term order, but every integer is before every float at any depth. Equivalent here
/// means `=:=` of OTP 25, where 0.0 and -0.0 are the same.
[[nodiscard]] std::weak_ordering compare_exact(bytes a, bytes b) noexcept;

/// `=:=` of OTP 25: equal encodings, and besides that 0.0 and -0.0, and local funs that differ only
/// in arity, old index or creator. Data for tables holds no funs; where -0.0 is out too, it is
/// same_bytes.
[[nodiscard]] inline bool same(bytes a, bytes b) noexcept {
  return same_bytes(a, b) || compare_exact(a, b) == 0;
}

/// A number that orders as the terms do, as far as 64 bits can tell:
/// order_prefix(a) < order_prefix(b) implies compare(a, b) < 0. Equal prefixes say nothing.
///   0    + 63 bits: numbers, as a double cut towards zero
///   10   + 4 bits of rank + 58 bits: atoms by name, tuples by size and first element,
///          maps by size, lists by first element; the others by rank alone
///   11   + 62 bits: bitstrings, their first bits
/// Constant time.
[[nodiscard]] std::uint64_t order_prefix(bytes a) noexcept;

}  // namespace shelf::terms
