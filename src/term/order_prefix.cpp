// TERM  vocabulary of every room
// The first 64 bits of a term's place in term order.
#include "term/number.hpp"
#include "term/order.hpp"
#include "term/rank.hpp"
#include "term/skip.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

namespace shelf::terms {
namespace {

constexpr std::uint64_t bitstrings = std::uint64_t{3} << 62;
constexpr std::uint64_t others = std::uint64_t{2} << 62;
constexpr int rank_shift = 58;

// Doubles as numbers that order alike, in 63 bits.
std::uint64_t ordered(double value) noexcept {
  const auto raw = std::bit_cast<std::uint64_t>(value);
  const auto sign = std::uint64_t{1} << 63;
  return ((raw & sign) != 0 ? ~raw : raw | sign) >> 1;
}

// The first eight bytes, zeros where there are fewer.
std::uint64_t leading(bytes content) noexcept {
  std::uint64_t value = 0;
  if (content.size() >= 8) return load_big<std::uint64_t>(content.data());
  for (const auto b : content) value = value << 8 | std::to_integer<std::uint64_t>(b);
  return content.empty() ? 0 : value << 8 * (8 - content.size());
}

// The left edge of a term counts: the first element of the first element ... Every level shifts the
// one below by 6 bits or more, so what is deeper than this does not show and is not looked at.
constexpr int levels = 11;

std::uint64_t prefix_at(const std::byte* at, int deeper) noexcept;

// A size that is cut at what its bits can hold, above as much as fits of the first element.
std::uint64_t sized_prefix(std::uint64_t size, const std::byte* first, int deeper) noexcept {
  constexpr std::uint64_t most = 255;
  if (size == 0 || size >= most) return std::min(size, most) << 50;
  return size << 50 | prefix_at(first, deeper - 1) >> 14;
}

std::uint64_t list_prefix(const std::byte* at, int deeper) noexcept {
  if (static_cast<tag>(*at) == tag::list) return prefix_at(at + 5, deeper - 1) >> 6;
  return ordered(std::to_integer<int>(at[3])) >> 6;
}

std::uint64_t prefix_at(const std::byte* at, int deeper) noexcept {
  if (deeper == 0) return 0;
  const auto r = rank_of(static_cast<tag>(*at));
  const auto base = others | static_cast<std::uint64_t>(r) << rank_shift;
  switch (r) {
    case rank::number: return ordered(towards_zero(number_at(at)));
    case rank::bitstring: return bitstrings | leading(bits_at(at).content) >> 2;
    case rank::atom: return base | leading(atom_at(at)) >> 6;
    case rank::tuple: {
      const auto c = counted_at(at);
      return base | sized_prefix(c.count, c.first, deeper);
    }
    case rank::map: return base | std::min<std::uint64_t>(counted_at(at).count, 0xFFFFFFFF);
    case rank::list: return base | list_prefix(at, deeper);
    default: return base;
  }
}

}  // namespace

std::uint64_t order_prefix(bytes a) noexcept {
  assert(!a.empty());
  return prefix_at(a.data(), levels);
}

}  // namespace shelf::terms
