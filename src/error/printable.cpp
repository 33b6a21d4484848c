// ERROR  vocabulary of every room
// One pass; text without anything to escape is only looked at.
#include "error/printable.hpp"

#include "error/hex.hpp"
#include "error/utf8.hpp"

#include <algorithm>

namespace shelf::detail {
namespace {

/// Moves the cursor, changes the direction of writing, or ends the line.
[[nodiscard]] bool is_control(char32_t code) noexcept {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x061C || code == 0x200E ||
         code == 0x200F || (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

void append_escaped(std::string& out, std::string_view raw) {
  if (raw == "\n" || raw == "\t") {
    out += raw == "\n" ? "\\n" : "\\t";
    return;
  }
  for (const auto& one : as_bytes(raw)) {
    out += "\\x";
    append_hex(out, {&one, 1});
  }
}

/// Where the first character begins that has to be escaped; the size of `text` if none has.
[[nodiscard]] std::size_t first_unprintable(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto c = decode_utf8(as_bytes(text.substr(at)));
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
    const auto size = std::max<std::size_t>(1, decode_utf8(as_bytes(text)).size);
    append_escaped(out, text.substr(0, size));
    text.remove_prefix(size);
  }
}

}  // namespace shelf::detail
