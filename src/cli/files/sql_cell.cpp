// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Numbers and texts as such, everything else as the cells of csv have it.
#include "cli/files/sql_cell.hpp"

#include "rows/text/plain_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

namespace shelf::cli {
namespace {

using rows::bad_text;
using rows::schema_form;
using rows::schema_node;
using found = std::expected<term, bad_text>;

[[nodiscard]] std::unexpected<bad_text> refuse(std::string why) {
  return std::unexpected(bad_text{0, std::move(why)});
}
[[nodiscard]] found checked(result<term> t) {
  if (t) return *std::move(t);
  return refuse(t.error().message());
}

/// Types that SQL has, too.
[[nodiscard]] bool is_plain(const schema_node& n) noexcept {
  switch (detail::form_of(n)) {
    case schema_form::integer: return !rows::is_time(n);
    case schema_form::floating:
    case schema_form::boolean:
    case schema_form::binary: return true;
    default: return false;
  }
}

/// Types whose text is no JSON, so that nothing in it can be taken for the optional around it.
[[nodiscard]] bool is_scalar(const schema_node& n) noexcept {
  switch (detail::form_of(n)) {
    case schema_form::integer:
    case schema_form::nil:
    case schema_form::names: return true;
    case schema_form::record: return n.parts.empty();
    default: return is_plain(n);
  }
}

[[nodiscard]] const char* name_of(const sql_value& v) noexcept {
  constexpr std::array names{"NULL", "an integer", "a real", "a text", "a blob"};
  return names[v.index()];
}

[[nodiscard]] std::string text_of(const sql_value& v) {
  if (const auto* const t = std::get_if<std::string>(&v)) return *t;
  if (const auto* const b = std::get_if<sql_blob>(&v)) return b->content;
  if (const auto* const i = std::get_if<std::int64_t>(&v)) return std::to_string(*i);
  if (const auto* const d = std::get_if<double>(&v)) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *d).ptr;
    return {digits.data(), end};
  }
  return {};
}

[[nodiscard]] sql_value text_or_blob(std::string_view content) {
  const bool is_text = rows::is_utf8(content) && content.find('\0') == content.npos;
  if (is_text) return std::string(content);
  return sql_blob{std::string(content)};
}

/// A type that SQL has.
[[nodiscard]] found plain_to_term(const schema_node& n, const sql_value& v) {
  const auto f = detail::form_of(n);
  const auto* const i = std::get_if<std::int64_t>(&v);
  if (f == schema_form::binary) {
    if (std::holds_alternative<std::string>(v) || std::holds_alternative<sql_blob>(v)) {
      return rows::from_plain_text(n, text_of(v));
    }
    return refuse("expected a text, found " + std::string(name_of(v)));
  }
  if (f == schema_form::boolean && i != nullptr && (*i == 0 || *i == 1)) {
    return term::boolean(*i == 1);
  }
  if (f == schema_form::floating && i != nullptr) {
    return checked(term::floating(static_cast<double>(*i)));
  }
  if (std::holds_alternative<std::monostate>(v)) {
    return refuse("expected " + std::string(n.text) + ", found NULL");
  }
  if (const auto* const d = std::get_if<double>(&v); d != nullptr && f == schema_form::floating) {
    return checked(term::floating(*d));
  }
  return rows::from_plain_text(n, text_of(v));
}

}  // namespace

std::string sql_type(const schema_node& wanted) {
  const auto& n = rows::unnamed(wanted);
  switch (detail::form_of(n)) {
    // INTEGER as a primary key would be the row's number, and take nothing else.
    case schema_form::integer: return rows::is_time(n) ? "TEXT" : "BIGINT";
    case schema_form::boolean: return "BOOLEAN";
    case schema_form::floating: return "REAL";
    case schema_form::optional: {
      // Anything but a plain type is written as text, which the affinity of others would change.
      const auto& inner = rows::unnamed(n.parts[0]);
      return is_plain(inner) ? sql_type(inner) : "TEXT";
    }
    default: return "TEXT";
  }
}

sql_value term_to_sql(const schema_node& wanted, const term& t) {
  const auto& n = rows::unnamed(wanted);
  const auto f = detail::form_of(n);
  if (f == schema_form::optional) {
    if (t.as_atom() == "none") return std::monostate();
    const auto both = t.elements();
    const auto& inner = rows::unnamed(n.parts[0]);
    if (both && both->size() == 2 && is_scalar(inner)) return term_to_sql(inner, (*both)[1]);
    return rows::to_plain_text(n, t);
  }
  if (f == schema_form::integer && !rows::is_time(n)) {
    if (const auto i = t.as_integer()) return *i;
    return sql_blob{t.to_string()};
  }
  if (const auto d = t.as_floating(); d && f == schema_form::floating) {
    // SQLite stores whole reals as integers, which have no -0.
    if (*d == 0 && std::signbit(*d)) return sql_blob{"-0.0"};
    return *d;
  }
  if (const auto b = t.as_boolean(); b && f == schema_form::boolean) return std::int64_t{*b};
  if (const auto b = t.as_binary(); b && f == schema_form::binary) return text_or_blob(as_text(*b));
  return rows::to_plain_text(n, t);
}

found sql_to_term(const schema_node& wanted, const sql_value& v) {
  const auto& n = rows::unnamed(wanted);
  if (detail::form_of(n) == schema_form::optional) {
    if (std::holds_alternative<std::monostate>(v)) return checked(term::atom("none"));
    const auto& inner = rows::unnamed(n.parts[0]);
    if (!is_scalar(inner)) return rows::from_plain_text(n, text_of(v));
    auto t = sql_to_term(inner, v);
    if (!t) return t;
    return term::tuple({*term::atom("some"), *std::move(t)});
  }
  if (is_plain(n)) return plain_to_term(n, v);
  if (std::holds_alternative<std::monostate>(v)) {
    return refuse("expected " + std::string(n.text) + ", found NULL");
  }
  return rows::from_plain_text(n, text_of(v));
}

found foreign_sql_to_term(const schema_node& n, const sql_value& v) {
  if (detail::form_of(n) != schema_form::any) return sql_to_term(n, v);
  if (const auto* const i = std::get_if<std::int64_t>(&v)) return term::integer(*i);
  if (const auto* const d = std::get_if<double>(&v)) return checked(term::floating(*d));
  if (std::holds_alternative<std::monostate>(v)) return checked(term::atom("nil"));
  return term::binary(text_of(v));
}

}  // namespace shelf::cli
