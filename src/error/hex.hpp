// ERROR  vocabulary of every room
// Bytes in hexadecimal.
#pragma once

#include "shelf/detail/bytes.hpp"

#include <cstddef>
#include <string>
#include <string_view>

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

}  // namespace shelf
