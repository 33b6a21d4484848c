// API  [api] -> engine -> stores -> journal -> file
// The currency between the rooms: a view of encoded bytes.
#pragma once

#include "shelf/detail/language.hpp"

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

namespace shelf {

/// A view of bytes that somebody else owns.
using bytes = std::span<const std::byte>;

[[nodiscard]] inline bytes as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view as_text(bytes b) noexcept {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}
[[nodiscard]] inline bool same_bytes(bytes a, bytes b) noexcept {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace shelf
