// ERROR  vocabulary of every room
// UTF-8 as Erlang has it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include "shelf/detail/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace shelf {

/// One character: its code point and how many bytes it takes.
struct character {
  char32_t code = 0;
  std::size_t size = 0;  ///< 0: not UTF-8 (or cut off) here
};

/// The character at the front of `text`, which is not empty.
[[nodiscard]] inline character decode_utf8(bytes text) noexcept {
  const auto at = [&](std::size_t i) { return std::to_integer<char32_t>(text[i]); };
  const char32_t lead = at(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {};
  char32_t code = lead & (0x7Fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (at(i) & 0x3F);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < least[size] || code > 0x10FFFF || surrogate) return {};
  return {code, size};
}

/// Appends a code point up to U+10FFFF.
inline void append_utf8(std::string& out, char32_t code) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (code >> shift & 0x3F)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

[[nodiscard]] inline bool is_ascii(bytes text) noexcept {
  for (const auto b : text) {
    if ((b & std::byte{0x80}) != std::byte{0}) return false;
  }
  return true;
}

/// Number of characters, or nullopt if `text` is not UTF-8.
[[nodiscard]] inline std::optional<std::size_t> count_characters(bytes text) noexcept {
  std::size_t count = 0;
  for (; !text.empty(); ++count) {
    const auto c = decode_utf8(text);
    if (c.size == 0) return std::nullopt;
    text = text.subspan(c.size);
  }
  return count;
}

}  // namespace shelf
