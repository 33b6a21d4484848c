// TERM  vocabulary of every room
// The tags of the external term format, and numbers in its byte order.
#pragma once

#include "shelf/detail/term_tag.hpp"

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace shelf::terms {

using tag = detail::term_tag;

/// In front of a term that stands alone in a file or a message: the version of the format.
inline constexpr std::byte version_byte{131};

/// The big-endian number at `at`.
template <std::unsigned_integral T>
[[nodiscard]] inline T load_big(const std::byte* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  if constexpr (std::endian::native == std::endian::little && sizeof(T) > 1)
    value = std::byteswap(value);
  return value;
}

/// Writes `value` big-endian at `at`.
template <std::unsigned_integral T>
inline void store_big(std::byte* at, T value) noexcept {
  if constexpr (std::endian::native == std::endian::little && sizeof(T) > 1)
    value = std::byteswap(value);
  std::memcpy(at, &value, sizeof value);
}

}  // namespace shelf::terms
