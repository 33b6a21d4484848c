// ERROR  vocabulary of every room
// Bytes in hexadecimal, and digits of other bases.
#pragma once

#include "shelf/detail/bytes.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shelf {

inline constexpr std::string_view hex_digits = "0123456789abcdef";

inline void append_hex(std::string& out, bytes content) {
  out.reserve(out.size() + 2 * content.size());
  for (const auto b : content) {
    out += hex_digits[std::to_integer<unsigned>(b) >> 4];
    out += hex_digits[std::to_integer<unsigned>(b) & 15];
  }
}

[[nodiscard]] inline std::string to_hex(bytes content) {
  std::string out;
  append_hex(out, content);
  return out;
}

/// The value of a digit in whatever base, in upper or lower case; 36 if it is none.
[[nodiscard]] constexpr unsigned digit_value(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a' + 10);
  return c >= 'A' && c <= 'Z' ? static_cast<unsigned>(c - 'A' + 10) : 36;
}

[[nodiscard]] constexpr bool is_hex_digit(char c) noexcept { return digit_value(c) < 16; }

/// nullopt: not pairs of hexadecimal digits.
[[nodiscard]] inline std::optional<std::vector<std::byte>> bytes_from_hex(std::string_view digits) {
  if (digits.size() % 2 != 0 || !std::ranges::all_of(digits, is_hex_digit)) return std::nullopt;
  std::vector<std::byte> content;
  content.reserve(digits.size() / 2);
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    content.push_back(
        static_cast<std::byte>(digit_value(digits[i]) << 4 | digit_value(digits[i + 1])));
  }
  return content;
}

}  // namespace shelf
