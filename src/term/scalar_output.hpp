// TERM  vocabulary of every room
// Writes canonical scalars behind a string or vector of bytes.
#pragma once

#include "error/utf8.hpp"
#include "shelf/detail/bytes.hpp"
#include "term/external_format.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace shelf::terms {

inline void put(std::vector<std::byte>& out, bytes content) {
  // Not insert: GCC 12 warns of an overflow where there is none once it has inlined that.
  const auto before = out.size();
  out.resize(before + content.size());
  std::ranges::copy(content, out.begin() + static_cast<std::ptrdiff_t>(before));
}
inline void put(std::string& out, bytes content) { out.append(as_text(content)); }

template <std::unsigned_integral T, class Out>
void put_big(Out& out, T value) {
  std::byte raw[sizeof(T)];
  store_big(raw, value);
  put(out, raw);
}

template <class Out>
void put_tag(Out& out, tag t) {
  put_big(out, static_cast<std::uint8_t>(t));
}

/// The shortest form of an integer; `magnitude` is little-endian and may end in zero bytes.
template <class Out>
void put_integer(Out& out, bool negative, bytes magnitude) {
  while (!magnitude.empty() && magnitude.back() == std::byte{0}) {
    magnitude = magnitude.first(magnitude.size() - 1);
  }
  std::uint32_t low = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(4, magnitude.size()); ++i) {
    low |= std::to_integer<std::uint32_t>(magnitude[i]) << 8 * i;
  }
  const std::uint32_t most = negative ? 0x80000000u : 0x7FFFFFFFu;
  if (magnitude.size() <= 4 && low <= most) {
    if (low <= 255 && (!negative || low == 0)) {
      put_tag(out, tag::small_integer);
      return put_big(out, static_cast<std::uint8_t>(low));
    }
    put_tag(out, tag::integer);
    return put_big(out, negative ? 0u - low : low);
  }
  if (magnitude.size() <= 255) {
    put_tag(out, tag::small_big);
    put_big(out, static_cast<std::uint8_t>(magnitude.size()));
  } else {
    put_tag(out, tag::large_big);
    put_big(out, static_cast<std::uint32_t>(magnitude.size()));
  }
  put_big(out, static_cast<std::uint8_t>(negative));
  put(out, magnitude);
}

template <class Out>
void put_integer(Out& out, bool negative, std::uint64_t magnitude) {
  std::byte little[8];
  store_big(little, magnitude);
  std::ranges::reverse(little);
  put_integer(out, negative, bytes(little));
}

template <class Out>
void put_integer(Out& out, std::int64_t value) {
  const auto low = static_cast<std::uint64_t>(value);
  put_integer(out, value < 0, value < 0 ? 0u - low : low);
}

template <class Out>
void put_floating(Out& out, double value) {
  put_tag(out, tag::new_float);
  put_big(out, std::bit_cast<std::uint64_t>(value));
}

/// `name` is valid UTF-8 of at most 255 characters.
template <class Out>
void put_atom(Out& out, bytes name) {
  if (name.size() <= 255) {
    put_tag(out, tag::small_atom_utf8);
    put_big(out, static_cast<std::uint8_t>(name.size()));
  } else {
    assert(name.size() <= 4 * 255);
    put_tag(out, tag::atom_utf8);
    put_big(out, static_cast<std::uint16_t>(name.size()));
  }
  put(out, name);
}

/// `name` is in Latin-1, at most 255 bytes.
template <class Out>
void put_latin1_atom(Out& out, bytes name) {
  std::string utf8;
  for (const auto b : name) append_utf8(utf8, std::to_integer<char32_t>(b));
  put_atom(out, as_bytes(utf8));
}

template <class Out>
void put_binary(Out& out, bytes content) {
  assert(content.size() <= std::numeric_limits<std::uint32_t>::max());
  put_tag(out, tag::binary);
  put_big(out, static_cast<std::uint32_t>(content.size()));
  put(out, content);
}

/// `bits` (1..8, or 0 for no content) of the last byte count; the others are written as 0.
template <class Out>
void put_bitstring(Out& out, bytes content, unsigned bits) {
  if (bits == 0 || bits == 8) return put_binary(out, content);
  put_tag(out, tag::bit_binary);
  put_big(out, static_cast<std::uint32_t>(content.size()));
  put_big(out, static_cast<std::uint8_t>(bits));
  put(out, content.first(content.size() - 1));
  put_big(out,
          static_cast<std::uint8_t>(std::to_integer<unsigned>(content.back()) & (0xFF00u >> bits)));
}

template <class Out>
void put_tuple_head(Out& out, std::size_t size) {
  assert(size <= std::numeric_limits<std::uint32_t>::max());
  put_tag(out, size <= 255 ? tag::small_tuple : tag::large_tuple);
  if (size <= 255)
    put_big(out, static_cast<std::uint8_t>(size));
  else
    put_big(out, static_cast<std::uint32_t>(size));
}

/// Of a list or a map.
template <class Out>
void put_counted_head(Out& out, tag t, std::size_t count) {
  assert(count <= std::numeric_limits<std::uint32_t>::max());
  put_tag(out, t);
  put_big(out, static_cast<std::uint32_t>(count));
}

}  // namespace shelf::terms
