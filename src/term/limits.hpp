// TERM  vocabulary of every room
// How much a term from outside may ask for before it is refused.
#pragma once

#include <cstddef>

namespace shelf::terms {

/// No limits struct can raise the nesting above this: comparison and printing recurse once a level.
inline constexpr std::size_t max_nesting = 1024;
/// No encoded term is longer: offsets into it fit 32 bits, also when its canonical form is longer.
inline constexpr std::size_t max_term_bytes = std::size_t{1} << 30;

/// Bounds on terms from outside. What breaks one is errc::size_limit_exceeded.
struct term_limits {
  /// Tuples, lists, maps and funs within one another. Capped at max_nesting.
  std::size_t nesting = 256;
  /// Bytes of an integer's magnitude.
  std::size_t integer_bytes = 8192;
  /// A compressed term may always claim to inflate to this much ...
  std::size_t inflated_floor = std::size_t{128} << 10;
  /// ... and beyond that to this many times its compressed size, so that a file of n bytes never
  /// makes us allocate more than a fixed multiple of n.
  std::size_t inflation_ratio = 10;
  /// But never to more than this.
  std::size_t inflated_bytes = std::size_t{64} << 20;
};

}  // namespace shelf::terms
