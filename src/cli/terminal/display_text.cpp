// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Widths of characters.
#include "cli/terminal/display_text.hpp"

#include "error/utf8.hpp"
#include "shelf/detail/bytes.hpp"

#include <algorithm>
#include <array>

namespace shelf::cli {
namespace {

struct interval {
  char32_t first;
  char32_t last;
};

[[nodiscard]] bool is_in(char32_t code, const auto& intervals) noexcept {
  return std::ranges::any_of(intervals,
                             [&](interval i) { return code >= i.first && code <= i.last; });
}

/// The blocks that terminals show in two cells: East Asian scripts and pictures.
[[nodiscard]] bool is_wide(char32_t code) noexcept {
  constexpr std::array<interval, 13> wide{{{0x1100, 0x115F},
                                           {0x231A, 0x231B},
                                           {0x23E9, 0x23F3},
                                           {0x2E80, 0x303E},
                                           {0x3041, 0xA4CF},
                                           {0xA960, 0xA97F},
                                           {0xAC00, 0xD7A3},
                                           {0xF900, 0xFAFF},
                                           {0xFE30, 0xFE6F},
                                           {0xFF00, 0xFF60},
                                           {0xFFE0, 0xFFE6},
                                           {0x1F300, 0x1FAFF},
                                           {0x20000, 0x3FFFD}}};
  return code >= 0x1100 && is_in(code, wide);
}

/// Marks that are drawn over the character before them.
[[nodiscard]] bool is_combining(char32_t code) noexcept {
  constexpr std::array<interval, 9> marks{{{0x300, 0x36F},
                                           {0x483, 0x489},
                                           {0x591, 0x5BD},
                                           {0x610, 0x61A},
                                           {0x64B, 0x65F},
                                           {0x200B, 0x200F},
                                           {0x20D0, 0x20F0},
                                           {0xFE00, 0xFE0F},
                                           {0xFE20, 0xFE2F}}};
  return code >= 0x300 && is_in(code, marks);
}

[[nodiscard]] std::size_t width_of(char32_t code) noexcept {
  if (is_combining(code)) return 0;
  return is_wide(code) ? 2 : 1;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const auto c = decode_utf8(as_bytes(text));
    width += c.size == 0 ? 1 : width_of(c.code);
    text.remove_prefix(std::max<std::size_t>(1, c.size));
  }
  return width;
}

std::string cut_to(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  std::size_t used = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto c = decode_utf8(as_bytes(text.substr(at)));
    const auto next = c.size == 0 ? 1 : width_of(c.code);
    if (used + next + 1 > width) break;
    used += next;
    at += std::max<std::size_t>(1, c.size);
  }
  return std::string(text.substr(0, at)) + "…";
}

std::string printable_lines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of("\n\t"), text.size());
    out += printable(text.substr(0, end));
    if (end < text.size()) out += text[end];
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace shelf::cli
