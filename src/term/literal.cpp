// TERM  vocabulary of every room
// Quotes and escapes as io_lib does, floats as io_lib_format does.
#include "term/literal.hpp"

#include "error/utf8.hpp"
#include "term/decimal.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace shelf::terms {
namespace {

constexpr std::size_t longest_decimal = 256;  // bytes of magnitude

constexpr auto reserved = std::to_array<std::string_view>(
    {"after", "and",   "andalso", "band",   "begin",   "bnot", "bor", "bsl",  "bsr", "bxor",
     "case",  "catch", "cond",    "div",    "else",    "end",  "fun", "if",   "let", "maybe",
     "not",   "of",    "or",      "orelse", "receive", "rem",  "try", "when", "xor"});

// The letter of an escape such as \n, or 0.
char escape_letter(char32_t code) noexcept {
  switch (code) {
    case '\b': return 'b';
    case '\t': return 't';
    case '\n': return 'n';
    case '\v': return 'v';
    case '\f': return 'f';
    case '\r': return 'r';
    case 27: return 'e';
    case 127: return 'd';
    default: return 0;
  }
}

void append_escaped(std::string& out, char32_t code, char quote) {
  if (const char letter = escape_letter(code)) {
    (out += '\\') += letter;
  } else if (code == '\\' || code == static_cast<char32_t>(quote)) {
    (out += '\\') += static_cast<char>(code);
  } else if (code < 32 || (code >= 128 && code < 160)) {
    for (const int shift : {6, 3, 0}) {
      if (shift == 6) out += '\\';
      out += static_cast<char>('0' + (code >> shift & 7));
    }
  } else {
    append_utf8(out, code);
  }
}

bool is_printable(char32_t code) noexcept {
  if (code < 32) return escape_letter(code) != 0;
  return code <= 126 || (code >= 160 && code != 0xFFFE && code != 0xFFFF);
}

bool is_lower(char32_t c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 0xDF && c <= 0xFF && c != 0xF7);
}

bool is_name_character(char32_t c) noexcept {
  const bool upper = (c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7);
  return is_lower(c) || upper || (c >= '0' && c <= '9') || c == '_' || c == '@';
}

// The characters of valid UTF-8, each handed to `see` until it says no.
template <class See>
bool all_characters(bytes text, See see) {
  while (!text.empty()) {
    const auto c = decode_utf8(text);
    if (c.size == 0 || !see(c.code)) return false;
    text = text.subspan(c.size);
  }
  return true;
}

bool needs_no_quotes(bytes name) {
  if (name.empty() || !is_lower(decode_utf8(name).code)) return false;
  return all_characters(name, is_name_character) &&
         std::ranges::find(reserved, as_text(name)) == reserved.end();
}

// Text that was cut may end inside a character.
bytes without_cut_character(bytes text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto b = std::to_integer<unsigned>(text[text.size() - back]);
    if (b < 0x80) break;
    if (b < 0xC0) continue;
    const auto rest = text.last(back);
    return decode_utf8(rest).size == 0 ? text.first(text.size() - back) : text;
  }
  return text;
}

void append_number(std::string& out, unsigned value) {
  std::array<char, 3> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void append_numbers(std::string& out, bytes content) {
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (i > 0) out += ',';
    append_number(out, std::to_integer<unsigned>(content[i]));
  }
}

// Digits without point, and where the point belongs: value = 0.DIGITS * 10^point.
struct scientific {
  std::string digits;
  int point = 0;
};

scientific shortest(double magnitude) {
  std::array<char, 32> raw{};
  const auto end =
      std::to_chars(raw.data(), raw.data() + raw.size(), magnitude, std::chars_format::scientific)
          .ptr;
  const std::string_view text(raw.data(), static_cast<std::size_t>(end - raw.data()));
  const auto e = text.find('e');
  scientific s;
  s.digits = text.substr(0, 1);
  if (e > 2) s.digits += text.substr(2, e - 2);
  const auto* exponent = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(exponent, text.data() + text.size(), s.point);
  ++s.point;
  return s;
}

std::string with_exponent(const scientific& s) {
  std::string out = s.digits.substr(0, 1) + ".";
  out += s.digits.size() > 1 ? s.digits.substr(1) : "0";
  return out + "e" + std::to_string(s.point - 1);
}

// Erlang takes the shorter of the two notations, the one without exponent if they tie; and none
// without exponent from 2^53 on, where it would show digits that say nothing.
std::string shorter_notation(double magnitude) {
  const auto s = shortest(magnitude);
  const auto length = static_cast<int>(s.digits.size());
  if (magnitude >= 9007199254740992.0) return with_exponent(s);
  if (s.point > 0 && s.point < length) {
    const auto whole = static_cast<std::size_t>(s.point);
    return s.digits.substr(0, whole) + "." + s.digits.substr(whole);
  }
  const auto exponent_cost =
      static_cast<int>(std::to_string(s.point - 1).size()) + 1 + (length == 1 ? 2 : 1);
  if (s.point <= 0) {
    if (2 - s.point > exponent_cost) return with_exponent(s);
    return "0." + std::string(static_cast<std::size_t>(-s.point), '0') + s.digits;
  }
  if (s.point - length + 2 > exponent_cost) return with_exponent(s);
  return s.digits + std::string(static_cast<std::size_t>(s.point - length), '0') + ".0";
}

}  // namespace

std::string atom_literal(bytes name) {
  if (needs_no_quotes(name)) return std::string(as_text(name));
  std::string out = "'";
  all_characters(name, [&](char32_t c) {
    append_escaped(out, c, '\'');
    return true;
  });
  return out + "'";
}

std::string latin1_atom_literal(bytes name) {
  std::string utf8;
  for (const auto b : name) append_utf8(utf8, std::to_integer<char32_t>(b));
  return atom_literal(as_bytes(utf8));
}

std::string list_literal(bytes elements) {
  const auto printable = [](std::byte b) { return is_printable(std::to_integer<char32_t>(b)); };
  if (elements.empty() || !std::ranges::all_of(elements, printable)) {
    std::string out = "[";
    append_numbers(out, elements);
    return out + "]";
  }
  std::string out = "\"";
  for (const auto b : elements) append_escaped(out, std::to_integer<char32_t>(b), '"');
  return out + "\"";
}

std::string binary_literal(bytes content, unsigned bits, bool cut) {
  const auto text = cut ? without_cut_character(content) : content;
  std::string out = "<<";
  if (bits == 8 && !content.empty() && all_characters(text, is_printable)) {
    out += '"';
    bool ascii = true;
    all_characters(text, [&](char32_t c) {
      append_escaped(out, c, '"');
      ascii = ascii && c < 0x80;
      return true;
    });
    return out + (ascii ? "\">>" : "\"/utf8>>");
  }
  if (bits == 8) {
    append_numbers(out, content);
    return out + ">>";
  }
  append_numbers(out, content.first(content.size() - 1));
  if (content.size() > 1) out += ',';
  append_number(out, std::to_integer<unsigned>(content.back()) >> (8 - bits));
  out += ':';
  append_number(out, bits);
  return out + ">>";
}

std::string float_literal(double value) {
  const std::string sign = std::signbit(value) ? "-" : "";
  return sign + (value == 0 ? "0.0" : shorter_notation(std::fabs(value)));
}

std::string integer_literal(bool negative, bytes magnitude) {
  while (!magnitude.empty() && magnitude.back() == std::byte{0}) {
    magnitude = magnitude.first(magnitude.size() - 1);
  }
  std::string out = negative && !magnitude.empty() ? "-" : "";
  if (magnitude.size() <= longest_decimal) return out + to_decimal(magnitude);
  out += "16#";
  for (auto i = magnitude.size(); i-- > 0;) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto b = std::to_integer<unsigned>(magnitude[i]);
    if (b >= 16 || i + 1 < magnitude.size()) out += digits[b >> 4];
    out += digits[b & 15];
  }
  return out;
}

}  // namespace shelf::terms
