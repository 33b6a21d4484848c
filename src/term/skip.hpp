// TERM  vocabulary of every room
// Steps over canonical terms and into them; their lengths were checked when they came in.
#pragma once

#include "shelf/detail/bytes.hpp"
#include "term/external_format.hpp"

#include <cstddef>
#include <cstdint>

namespace shelf::terms {

/// The place behind the next `count` terms at `at`.
[[nodiscard]] const std::byte* skip(const std::byte* at, std::uint64_t count) noexcept;

/// The name of the atom at `at`, in UTF-8.
[[nodiscard]] inline bytes atom_at(const std::byte* at) noexcept {
  const bool small = static_cast<tag>(*at) == tag::small_atom_utf8;
  const std::size_t size =
      small ? std::to_integer<std::size_t>(at[1]) : load_big<std::uint16_t>(at + 1);
  return {at + (small ? 2 : 3), size};
}

/// The children of a tuple, map or LIST: how many elements or pairs, and where they begin.
struct counted {
  std::uint64_t count;
  const std::byte* first;
};
[[nodiscard]] inline counted counted_at(const std::byte* at) noexcept {
  const bool small = static_cast<tag>(*at) == tag::small_tuple;
  if (small) return {std::to_integer<std::uint64_t>(at[1]), at + 2};
  return {load_big<std::uint32_t>(at + 1), at + 5};
}

/// The content of a binary or bitstring.
struct bits {
  bytes content;
  std::uint64_t count;  ///< bits, from the first byte's highest on
};
[[nodiscard]] inline bits bits_at(const std::byte* at) noexcept {
  const std::size_t size = load_big<std::uint32_t>(at + 1);
  if (static_cast<tag>(*at) == tag::binary) return {{at + 5, size}, std::uint64_t{size} * 8};
  return {{at + 6, size}, std::uint64_t{size} * 8 - 8 + std::to_integer<unsigned>(at[5])};
}

}  // namespace shelf::terms
