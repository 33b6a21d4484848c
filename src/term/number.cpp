// TERM  vocabulary of every room
// Brings every number to leading bits and exponent, which decide nearly all comparisons.
#include "term/number.hpp"

#include <algorithm>
#include <limits>

namespace shelf::terms {
namespace {

number from_magnitude(bool negative, std::uint64_t magnitude) noexcept {
  if (magnitude == 0) return {};
  const int shift = std::countl_zero(magnitude);
  number n;
  n.negative = negative;
  n.exponent = 63 - shift;
  n.top = magnitude << shift;
  return n;
}

// Canonical: the last byte is not zero.
number from_big(bool negative, bytes magnitude) noexcept {
  std::uint64_t top = 0;
  std::size_t left = magnitude.size();
  for (int i = 0; i < 8 && left > 0; ++i) {
    top |= std::to_integer<std::uint64_t>(magnitude[--left]) << (56 - 8 * i);
  }
  assert(top >> 56 != 0);
  const int shift = std::countl_zero(top);
  number n;
  n.negative = negative;
  n.rest = magnitude;
  n.exponent = static_cast<std::int64_t>(magnitude.size()) * 8 - 1 - shift;
  n.top = top << shift;
  if (shift > 0 && left > 0) {
    const auto next = std::to_integer<unsigned>(magnitude[--left]);
    n.top |= next >> (8 - shift);
    n.more = (next & (0xFFu >> shift)) != 0;
  }
  const auto below = magnitude.first(left);
  n.more = n.more || std::ranges::any_of(below, [](auto b) { return b != std::byte{0}; });
  return n;
}

number from_float(std::uint64_t raw) noexcept {
  constexpr std::uint64_t mantissa_mask = (std::uint64_t{1} << 52) - 1;
  const bool negative = raw >> 63 != 0;
  const auto biased = static_cast<std::int64_t>(raw >> 52 & 0x7FF);
  const auto mantissa = raw & mantissa_mask;
  number n;
  if (biased > 0) {
    n.top = (mantissa | (std::uint64_t{1} << 52)) << 11;
    n.exponent = biased - 1023;
  } else if (mantissa > 0) {
    const int shift = std::countl_zero(mantissa);
    n.top = mantissa << shift;
    n.exponent = -1011 - shift;  // mantissa * 2^-1074, its first bit at 63 - shift
  }
  n.is_float = true;
  n.negative = negative && n.top != 0;
  return n;
}

std::strong_ordering compare_rest(bytes a, bytes b) noexcept {
  // Same leading bits and exponent: both are big integers of one length, or at most one is.
  if (a.size() != b.size()) return std::strong_ordering::equal;
  for (auto i = a.size(); i-- > 0;) {
    if (a[i] != b[i]) return a[i] <=> b[i];
  }
  return std::strong_ordering::equal;
}

std::strong_ordering compare_magnitudes(const number& a, const number& b) noexcept {
  if (a.top == 0 || b.top == 0) return (a.top != 0) <=> (b.top != 0);
  if (a.exponent != b.exponent) return a.exponent <=> b.exponent;
  if (a.top != b.top) return a.top <=> b.top;
  if (a.more != b.more) return a.more <=> b.more;
  return a.more ? compare_rest(a.rest, b.rest) : std::strong_ordering::equal;
}

}  // namespace

number number_at(const std::byte* at) noexcept {
  const auto* content = at + 1;
  switch (static_cast<tag>(*at)) {
    case tag::small_integer: return from_magnitude(false, std::to_integer<std::uint64_t>(*content));
    case tag::integer: {
      const auto value = static_cast<std::int32_t>(load_big<std::uint32_t>(content));
      const auto wide = static_cast<std::int64_t>(value);
      return from_magnitude(wide < 0, static_cast<std::uint64_t>(wide < 0 ? -wide : wide));
    }
    case tag::new_float: return from_float(load_big<std::uint64_t>(content));
    case tag::small_big:
      return from_big(content[1] != std::byte{0},
                      {content + 2, std::to_integer<std::size_t>(*content)});
    default:
      assert(static_cast<tag>(*at) == tag::large_big);
      return from_big(content[4] != std::byte{0}, {content + 5, load_big<std::uint32_t>(content)});
  }
}

std::strong_ordering compare_numbers(const number& a, const number& b) noexcept {
  if (a.negative != b.negative) return b.negative <=> a.negative;
  return a.negative ? compare_magnitudes(b, a) : compare_magnitudes(a, b);
}

double towards_zero(const number& n) noexcept {
  if (n.top == 0) return 0;
  std::uint64_t raw = 0;
  if (n.exponent > 1023) {
    raw = std::bit_cast<std::uint64_t>(std::numeric_limits<double>::infinity());
  } else if (n.exponent >= -1022) {
    raw = static_cast<std::uint64_t>(n.exponent + 1023) << 52 | (n.top << 1 >> 12);
  } else {
    raw = n.top >> (-1011 - n.exponent);
  }
  return std::bit_cast<double>(raw | static_cast<std::uint64_t>(n.negative) << 63);
}

}  // namespace shelf::terms
