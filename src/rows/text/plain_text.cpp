// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Text that means what its schema says.
#include "rows/text/plain_text.hpp"

#include "rows/text/instant.hpp"
#include "rows/text/json_term.hpp"
#include "rows/text/whole_number.hpp"

#include <algorithm>
#include <charconv>

namespace shelf::rows {
namespace {

using form = schema_form;
using found = std::expected<term, bad_text>;

[[nodiscard]] std::unexpected<bad_text> refuse(std::string why) {
  return std::unexpected(bad_text{0, std::move(why)});
}
[[nodiscard]] found checked(result<term> t) {
  if (t) return *std::move(t);
  return refuse(t.error().message());
}
[[nodiscard]] std::string quoted(std::string_view text) {
  return "'" + std::string(text.substr(0, 40)) + (text.size() > 40 ? "...'" : "'");
}

[[nodiscard]] found integer(const schema_node& n, std::string_view text) {
  const bool code_point = text.starts_with("U+") || text.starts_with("u+");
  if (code_point || text.starts_with("0x")) {
    std::uint64_t value = 0;
    const auto read = std::from_chars(text.data() + 2, text.data() + text.size(), value, 16);
    const bool whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
    if (whole && (!code_point || value <= 0x10FFFF)) return term::integer(value);
    return refuse("expected " + std::string(code_point ? "a code point" : "an integer") +
                  ", found " + quoted(text));
  }
  if (is_time(n)) {
    if (const auto time = parse_instant(text)) return term::integer(*time);
  }
  if (auto t = term::integer_from_text(text)) return *std::move(t);
  if (const auto digits = whole_number(text)) return checked(term::integer_from_text(*digits));
  return refuse("expected " + std::string(is_time(n) ? a_time : "an integer") + ", found " +
                quoted(text));
}

[[nodiscard]] found floating(std::string_view text) {
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size()) {
    return refuse("expected a number, found " + quoted(text));
  }
  return checked(term::floating(value));
}

[[nodiscard]] found binary(const schema_node& n, std::string_view text) {
  std::size_t size = 0;
  std::from_chars(n.detail.data(), n.detail.data() + n.detail.size(), size);
  if (n.detail.empty() || size == text.size()) return term::binary(text);
  return refuse("expected " + std::string(n.detail) + " bytes, found " +
                std::to_string(text.size()));
}

[[nodiscard]] found name(const schema_node& n, std::string_view text) {
  if (std::ranges::find(n.names, text) != n.names.end()) return checked(term::atom(text));
  return refuse("expected " + std::string(n.text) + ", found " + quoted(text));
}

/// What is a word, a number or a text; all else is JSON, and so is an optional of it.
[[nodiscard]] bool is_bare(const schema_node& n) noexcept {
  switch (detail::form_of(n)) {
    case form::boolean:
    case form::integer:
    case form::floating:
    case form::binary:
    case form::nil:
    case form::names: return true;
    case form::record: return n.parts.empty();
    default: return false;
  }
}

/// What a text in an optional column must not look like, unless it is meant.
constexpr std::string_view hex_object = "{\"$hex\":";

[[nodiscard]] bool looks_like_json(std::string_view text) {
  return text.starts_with('"') || text.starts_with(hex_object);
}

/// Nothing is none, and so are `none` and `null` where they mean nothing else. A text that would
/// look like nothing or like JSON stands as JSON.
[[nodiscard]] found optional(const schema_node& n, std::string_view text) {
  if (text.empty()) return checked(term::atom("none"));
  const auto& inner = unnamed(n.parts[0]);
  auto t = !is_bare(inner)                           ? from_json(n, text)
           : is_text(inner) && looks_like_json(text) ? from_json(inner, text)
                                                     : from_plain_text(inner, text);
  if (!t && (text == "none" || text == "null")) return checked(term::atom("none"));
  if (!t || !is_bare(inner)) return t;
  return term::tuple({*term::atom("some"), *std::move(t)});
}

/// JSON first; then, for what people type, the first alternative that takes the bare text.
[[nodiscard]] found one_of(const schema_node& n, std::string_view text) {
  auto t = from_json(n, text);
  if (t) return t;
  for (const auto& choice : n.parts) {
    const auto f = detail::form_of(unnamed(choice));
    if (f == form::any || f == form::one_of) continue;
    if (auto bare = from_plain_text(choice, text)) return bare;
  }
  return t;
}

[[nodiscard]] found json(const schema_node& n, std::string_view text) {
  auto t = from_json(n, text);
  const bool is_word = text.empty() || (text[0] != '{' && text[0] != '[' && text[0] != '"');
  const auto f = detail::form_of(n);
  if (t || !is_word || f != form::any) return t;
  return refuse("expected JSON, because the table has no schema; a string is written '\"" +
                std::string(text.substr(0, 40)) + "\"'");
}

}  // namespace

found from_plain_text(const schema_node& wanted, std::string_view text) {
  const auto& n = unnamed(wanted);
  switch (detail::form_of(n)) {
    case form::boolean:
      if (text == "true" || text == "false") return term::boolean(text == "true");
      return refuse("expected true or false, found " + quoted(text));
    case form::integer: return integer(n, text);
    case form::floating: return floating(text);
    case form::binary: return binary(n, text);
    case form::nil:
      if (text == "nil") return checked(term::atom("nil"));
      return refuse("expected nil, found " + quoted(text));
    case form::names: return name(n, text);
    case form::optional: return optional(n, text);
    case form::one_of: return one_of(n, text);
    case form::record:
      if (n.parts.empty() && text == n.word) return checked(term::atom(text));
      return json(n, text);
    default: return json(n, text);
  }
}

std::string to_plain_text(const schema_node& wanted, const term& t) {
  const auto& n = unnamed(wanted);
  const auto f = detail::form_of(n);
  if (f == form::binary && t.as_binary()) return std::string(as_text(*t.as_binary()));
  if (f == form::names && t.as_atom()) return std::string(*t.as_atom());
  if (f == form::nil && t.as_atom()) return "nil";
  if (f == form::record && n.parts.empty() && t.as_atom()) return std::string(*t.as_atom());
  if (f == form::integer && is_time(n) && t.as_integer()) return show_instant(*t.as_integer());
  if (f != form::optional) return to_json(n, t);
  if (t.as_atom() == "none") return {};
  const auto both = t.elements();
  const auto& inner = unnamed(n.parts[0]);
  if (!both || both->size() != 2 || !is_bare(inner)) return to_json(n, t);
  auto text = to_plain_text(inner, (*both)[1]);
  const bool like_json = is_text(inner) && (text.empty() || looks_like_json(text));
  return like_json ? to_json(inner, (*both)[1]) : text;
}

}  // namespace shelf::rows
