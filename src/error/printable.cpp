// ERROR  vocabulary of every room
// One pass; text without anything to escape is only looked at.
#include "error/printable.hpp"

#include <algorithm>

namespace shelf::detail {
namespace {

struct character {
  char32_t code = 0;
  std::size_t size = 0;  ///< 0: not UTF-8 here
};

/// This room knows no terms, so it has a decoder of its own.
[[nodiscard]] character first_of(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) { return char32_t{static_cast<unsigned char>(text[i])}; };
  const auto lead = at(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {};
  char32_t code = lead & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (at(i) & 0x3F);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < least[size] || code > 0x10FFFF || surrogate) return {};
  return {code, size};
}

/// Moves the cursor, changes the direction of writing, or ends the line.
[[nodiscard]] bool is_control(char32_t code) noexcept {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x061C || code == 0x200E ||
         code == 0x200F || (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

void append_escaped(std::string& out, std::string_view raw) {
  constexpr std::string_view digits = "0123456789abcdef";
  if (raw == "\n" || raw == "\t") {
    out += raw == "\n" ? "\\n" : "\\t";
    return;
  }
  for (const char c : raw) {
    const auto code = static_cast<unsigned char>(c);
    out += "\\x";
    out += digits[code >> 4];
    out += digits[code & 15];
  }
}

/// Where the first character begins that has to be escaped; the size of `text` if none has.
[[nodiscard]] std::size_t first_unprintable(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto c = first_of(text.substr(at));
    if (c.size == 0 || is_control(c.code)) return at;
    at += c.size;
  }
  return at;
}

}  // namespace

bool is_printable(std::string_view text) noexcept { return first_unprintable(text) == text.size(); }

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (;;) {
    const auto plain = first_unprintable(text);
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return out;
    const auto size = std::max<std::size_t>(1, first_of(text).size);
    append_escaped(out, text.substr(0, size));
    text.remove_prefix(size);
  }
}

}  // namespace shelf::detail
