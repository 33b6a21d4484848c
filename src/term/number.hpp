// TERM  vocabulary of every room
// Integers of any size and floats, compared by their mathematical values.
#pragma once

#include "shelf/detail/bytes.hpp"
#include "term/external_format.hpp"

#include <bit>
#include <cassert>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace shelf::terms {

/// A number: sign times magnitude, the magnitude as its leading 64 bits and their weight.
/// value = top / 2^63 * 2^exponent, and a little more if `more`. Zero: top is 0.
struct number {
  bool is_float = false;
  bool negative = false;
  bool more = false;          ///< bits below the leading 64 are set; `rest` holds all bytes
  std::int64_t exponent = 0;  ///< the magnitude is in [2^exponent, 2^(exponent + 1))
  std::uint64_t top = 0;      ///< leading 64 bits, the first of them set
  bytes rest;                 ///< of a big integer, the magnitude, little-endian; else empty
};

/// The number at `at`, a canonical integer or float.
[[nodiscard]] number number_at(const std::byte* at) noexcept;

/// By value; exact.
[[nodiscard]] std::strong_ordering compare_numbers(const number& a, const number& b) noexcept;

/// The largest double not above the magnitude (the smallest not below it if negative), with -0.0 as
/// 0.0.
[[nodiscard]] double towards_zero(const number& n) noexcept;

}  // namespace shelf::terms
