// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// A parser by descent; the nesting is bounded, so the stack is.
#include "rows/text/erlang_text.hpp"

#include "error/hex.hpp"
#include "error/utf8.hpp"
#include "shelf/detail/term_tag.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

namespace shelf::rows {
namespace {

constexpr int deepest = 256;

[[nodiscard]] bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
[[nodiscard]] bool is_name(char c) noexcept {
  return is_lower(c) || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '@' ||
         static_cast<unsigned char>(c) >= 0x80;
}

class parser {
 public:
  explicit parser(std::string_view text) : text_(text) {}

  std::expected<term, bad_text> run(bool ends_in_stop) {
    auto t = value(0);
    blanks();
    if (t && ends_in_stop && !take(".")) t = fail("the final full stop is missing");
    blanks();
    if (t && at_ != text_.size()) t = fail("unexpected text after the term");
    if (t) return *std::move(t);
    return std::unexpected(std::move(wrong_));
  }

 private:
  using found = std::optional<term>;

  found value(int depth);
  found number();
  found based_integer(bool negative, unsigned base);
  found character();
  found quoted_list();
  found binary();
  bool segment(std::vector<std::byte>& content, unsigned& bits);
  bool text_segment(std::vector<std::byte>& content);
  found list(int depth);
  found tuple(int depth);
  found map(int depth);
  bool elements(std::vector<term>& into, char end, int depth);
  std::optional<std::vector<char32_t>> quoted(char quote);
  std::optional<char32_t> escaped();
  std::optional<char32_t> hexadecimal_escape();

  void blanks() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '%') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        ++at_;
      } else {
        return;
      }
    }
  }
  [[nodiscard]] char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(std::string_view token) {
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }
  bool take_after_blanks(std::string_view token) {
    blanks();
    return take(token);
  }
  std::nullopt_t fail(std::string why) { return fail_at(at_, std::move(why)); }
  std::nullopt_t fail_at(std::size_t at, std::string why) {
    if (wrong_.why.empty()) wrong_ = {at, std::move(why)};
    return std::nullopt;
  }
  found made(std::size_t from, result<term> t) {
    if (t) return *std::move(t);
    return fail_at(from, t.error().message());
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bad_text wrong_;
};

parser::found parser::value(int depth) {
  blanks();
  if (depth > deepest) return fail("nested more than 256 deep");
  const auto from = at_;
  const char c = next();
  if (is_digit(c) || c == '-' || c == '+') return number();
  if (c == '$') return character();
  if (c == '"') return quoted_list();
  if (take("<<")) return binary();
  if (take("[")) return list(depth);
  if (take("{")) return tuple(depth);
  if (take("#{")) return map(depth);
  if (c == '#') return fail("pids, ports, references and funs cannot be read");
  if (c == '\'') {
    const auto name = quoted('\'');
    if (!name) return std::nullopt;
    std::string utf8;
    for (const auto code : *name) append_utf8(utf8, code);
    return made(from, term::atom(utf8));
  }
  if (is_lower(c) || static_cast<unsigned char>(c) >= 0x80) {
    while (is_name(next())) ++at_;
    return made(from, term::atom(text_.substr(from, at_ - from)));
  }
  return fail(at_ == text_.size() ? "a term is missing" : "this is not an Erlang term");
}

parser::found parser::number() {
  const auto from = at_;
  const bool negative = take("-");
  if (!negative) (void)take("+");
  const auto first = at_;
  while (is_digit(next())) ++at_;
  if (at_ == first) return fail_at(from, "a number is missing after the sign");
  if (next() == '#') {
    unsigned base = 0;
    std::from_chars(text_.data() + first, text_.data() + at_, base);
    ++at_;
    if (base < 2 || base > 36) return fail_at(from, "a base must be from 2 to 36");
    return based_integer(negative, base);
  }
  const bool fraction = next() == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]);
  if (!fraction) {
    const auto digits = (negative ? "-" : "") + std::string(text_.substr(first, at_ - first));
    return made(from, term::integer_from_text(digits));
  }
  ++at_;
  while (is_digit(next())) ++at_;
  if (next() == 'e' || next() == 'E') {
    ++at_;
    if (next() == '-' || next() == '+') ++at_;
    while (is_digit(next())) ++at_;
  }
  double number = 0;
  const auto read = std::from_chars(text_.data() + first, text_.data() + at_, number);
  if (read.ec != std::errc{} || read.ptr != text_.data() + at_) {
    return fail_at(from, "a float out of range");
  }
  return made(from, term::floating(negative ? -number : number));
}

/// 16#FF: the magnitude grows byte by byte, lowest first.
parser::found parser::based_integer(bool negative, unsigned base) {
  const auto from = at_;
  std::vector<std::byte> magnitude;
  for (; digit_value(next()) < base; ++at_) {
    auto carry = digit_value(next());
    for (auto& b : magnitude) {
      carry += std::to_integer<unsigned>(b) * base;
      b = static_cast<std::byte>(carry & 0xFF);
      carry >>= 8;
    }
    if (carry != 0) magnitude.push_back(static_cast<std::byte>(carry));
    if (magnitude.size() > 8192) return fail_at(from, "an integer of more than 8 KiB");
  }
  if (at_ == from) return fail("a digit is missing");
  return made(from, term::integer_from_magnitude(
                        negative ? term::sign::negative : term::sign::positive, magnitude));
}

parser::found parser::character() {
  ++at_;
  if (take("\\")) {
    const auto code = escaped();
    if (!code) return std::nullopt;
    return term::integer(static_cast<std::uint32_t>(*code));
  }
  if (at_ == text_.size()) return fail("a character is missing");
  const auto c = decode_utf8(as_bytes(text_.substr(at_)));
  if (c.size == 0) return fail("not UTF-8");
  at_ += c.size;
  return term::integer(static_cast<std::uint32_t>(c.code));
}

std::optional<char32_t> parser::hexadecimal_escape() {
  const bool braced = take("{");
  char32_t code = 0;
  int digits = 0;
  for (; digit_value(next()) < 16 && (braced ? digits < 6 : digits < 2); ++at_, ++digits) {
    code = code * 16 + static_cast<char32_t>(digit_value(next()));
  }
  if (digits == 0 || (braced && !take("}")) || code > 0x10FFFF) return fail("not a character");
  return code;
}

std::optional<char32_t> parser::escaped() {
  if (at_ == text_.size()) return fail("a character is missing after \\");
  const char c = text_[at_];
  if (c >= '0' && c <= '7') {
    char32_t code = 0;
    for (int i = 0; i < 3 && next() >= '0' && next() <= '7'; ++i, ++at_) {
      code = code * 8 + static_cast<char32_t>(next() - '0');
    }
    return code;
  }
  ++at_;
  switch (c) {
    case 'x': return hexadecimal_escape();
    case 'n': return U'\n';
    case 't': return U'\t';
    case 'r': return U'\r';
    case 'b': return U'\b';
    case 'f': return U'\f';
    case 'v': return U'\v';
    case 'e': return char32_t{27};
    case 's': return U' ';
    case 'd': return char32_t{127};
    default: break;
  }
  --at_;
  const auto other = decode_utf8(as_bytes(text_.substr(at_)));
  if (other.size == 0) return fail("not UTF-8");
  at_ += other.size;
  return other.code;
}

std::optional<std::vector<char32_t>> parser::quoted(char quote) {
  const auto from = at_++;
  std::vector<char32_t> content;
  for (;;) {
    if (at_ == text_.size()) return fail_at(from, "the closing quote is missing");
    if (next() == quote) break;
    if (take("\\")) {
      const auto code = escaped();
      if (!code) return std::nullopt;
      content.push_back(*code);
      continue;
    }
    const auto c = decode_utf8(as_bytes(text_.substr(at_)));
    if (c.size == 0) return fail("not UTF-8");
    content.push_back(c.code);
    at_ += c.size;
  }
  ++at_;
  return content;
}

parser::found parser::quoted_list() {
  const auto content = quoted('"');
  if (!content) return std::nullopt;
  std::vector<term> characters;
  characters.reserve(content->size());
  for (const auto code : *content) {
    characters.push_back(term::integer(static_cast<std::uint32_t>(code)));
  }
  return term::list(characters);
}

bool parser::text_segment(std::vector<std::byte>& content) {
  const auto from = at_;
  const auto characters = quoted('"');
  if (!characters) return false;
  std::string text;
  if (take("/utf8")) {
    for (const auto code : *characters) append_utf8(text, code);
  } else {
    for (const auto code : *characters) {
      if (code > 255) return fail_at(from, "a character above 255 needs /utf8"), false;
      text += static_cast<char>(static_cast<unsigned char>(code));
    }
  }
  const auto added = as_bytes(text);
  content.insert(content.end(), added.begin(), added.end());
  return true;
}

/// "text", "text"/utf8, 255, or 5:3 for the last few bits.
bool parser::segment(std::vector<std::byte>& content, unsigned& bits) {
  blanks();
  if (bits != 8) return fail("only the last segment may have a size"), false;
  if (next() == '"') return text_segment(content);
  const auto from = at_;
  const auto n = number();
  if (!n) return false;
  const auto byte = n->as_unsigned();
  if (!byte || *byte > 255) return fail_at(from, "a byte must be from 0 to 255"), false;
  auto value = static_cast<unsigned>(*byte);
  if (take(":")) {
    bits = next() >= '1' && next() <= '8' ? static_cast<unsigned>(next() - '0') : 0;
    if (bits == 0) return fail("a size must be from 1 to 8 bits"), false;
    ++at_;
    value = value << (8 - bits) & 0xFF;
  }
  content.push_back(static_cast<std::byte>(value));
  return true;
}

parser::found parser::binary() {
  const auto from = at_;
  std::vector<std::byte> content;
  unsigned bits = 8;
  if (take_after_blanks(">>")) return term::binary(bytes(content));
  do {
    if (!segment(content, bits)) return std::nullopt;
  } while (take_after_blanks(","));
  if (!take(">>")) return fail("'>>' is missing");
  if (content.empty()) return term::binary(bytes(content));
  return made(from, term::bitstring(content, bits));
}

/// Up to the end mark, or the bar of an improper list; it is left to the caller.
bool parser::elements(std::vector<term>& into, char end, int depth) {
  blanks();
  if (next() == end) return true;
  do {
    auto t = value(depth + 1);
    if (!t) return false;
    into.push_back(*std::move(t));
  } while (take_after_blanks(","));
  return true;
}

/// `[a, b | tail]`: the library makes no improper lists, so their encoding is put together here.
parser::found parser::list(int depth) {
  const auto from = at_;
  std::vector<term> all;
  if (!elements(all, ']', depth)) return std::nullopt;
  if (take("]")) return term::list(all);
  if (all.empty() || !take("|")) return fail("',' or ']' is missing");
  const auto tail = value(depth + 1);
  if (!tail) return std::nullopt;
  if (!take_after_blanks("]")) return fail("']' is missing");
  std::vector<std::byte> encoded{detail::byte_of(detail::term_tag::list)};
  for (int shift = 24; shift >= 0; shift -= 8) {
    encoded.push_back(static_cast<std::byte>(all.size() >> shift & 0xFF));
  }
  const auto put = [&](bytes b) { encoded.insert(encoded.end(), b.begin(), b.end()); };
  for (const auto& t : all) put(t.encoded());
  put(tail->encoded());
  return made(from, term::from_encoded(encoded));
}

parser::found parser::tuple(int depth) {
  std::vector<term> all;
  if (!elements(all, '}', depth)) return std::nullopt;
  if (!take("}")) return fail("',' or '}' is missing");
  return term::tuple(all);
}

parser::found parser::map(int depth) {
  const auto from = at_;
  std::vector<term::pair> pairs;
  if (take_after_blanks("}")) return made(from, term::map(pairs));
  do {
    auto key = value(depth + 1);
    if (!key) return std::nullopt;
    if (!take_after_blanks("=>")) return fail("'=>' is missing");
    auto mapped = value(depth + 1);
    if (!mapped) return std::nullopt;
    pairs.emplace_back(*std::move(key), *std::move(mapped));
  } while (take_after_blanks(","));
  if (!take("}")) return fail("',' or '}' is missing");
  return made(from, term::map(pairs));
}

}  // namespace

std::expected<term, bad_text> parse_erlang(std::string_view text) {
  return parser(text).run(false);
}

std::expected<term, bad_text> parse_erlang_form(std::string_view text) {
  return parser(text).run(true);
}

bool form_end::in_line(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (escaped_) {
      escaped_ = false;
    } else if (quote_ != 0) {
      if (c == '\\') escaped_ = true;
      if (c == quote_) quote_ = 0;
    } else if (c == '"' || c == '\'') {
      quote_ = c;
    } else if (c == '$') {
      // $" and $' are characters, and so is what stands behind $\.
      if (i + 1 < line.size() && line[i + 1] == '\\') ++i;
      ++i;
    } else if (c == '%') {
      break;
    } else if (c == '.') {
      const bool last = i + 1 == line.size() || line[i + 1] == ' ' || line[i + 1] == '\t' ||
                        line[i + 1] == '\r' || line[i + 1] == '%';
      if (!last) continue;
      end_ = i + 1;
      return true;
    }
  }
  escaped_ = false;
  return false;
}

}  // namespace shelf::rows
