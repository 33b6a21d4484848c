// API  [api] -> engine -> stores -> journal -> file
// Integer terms as 128-bit numbers, for counters: the sum of any two of ours fits.
#pragma once

#include "shelf/detail/bytes.hpp"

#include <cstdint>
#include <limits>
#include <optional>

namespace shelf::detail {

__extension__ using wide_integer = __int128;

/// The numbers that fit a counter's type.
struct integer_range {
  wide_integer low;
  wide_integer high;
};
template <class V>
inline constexpr integer_range range_of{std::numeric_limits<V>::min(),
                                        std::numeric_limits<V>::max()};

/// A canonical integer term of its own.
struct integer_term {
  std::byte data[20];
  std::size_t size = 0;
  [[nodiscard]] bytes view() const noexcept { return {data, size}; }
};

/// The term of any 128-bit number.
[[nodiscard]] integer_term encode_wide(wide_integer value) noexcept;
/// The number that `term` is the whole canonical term of; nothing if it is something else or lies
/// beyond 64 bits, signed or unsigned.
[[nodiscard]] std::optional<wide_integer> decode_wide(bytes term) noexcept;

}  // namespace shelf::detail
