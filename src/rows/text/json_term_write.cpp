// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Terms written as JSON. Whatever does not fit its schema is written as the term it is.
#include "error/hex.hpp"
#include "rows/text/instant.hpp"
#include "rows/text/json_term.hpp"

#include <algorithm>
#include <vector>

namespace shelf::rows {
namespace {

using form = schema_form;

constexpr std::size_t most_digits = 300;

class writer {
 public:
  explicit writer(std::string& out) : out_(out) {}
  void value(const schema_node& wanted, const term& t);

 private:
  void any(const term& t);
  void any_map(const term& t);
  void escaped(const term& t) {
    out_ += "{\"$term\":";
    append_json_string(out_, t.to_string());
    out_ += '}';
  }
  void binary(const term& t);
  void integer(const schema_node& n, const term& t);
  void number(const term& t);
  void list(const schema_node& n, const term& t);
  void tuple(const schema_node& n, const term& t);
  void record(const schema_node& n, const term& t);
  void map(const schema_node& n, const term& t);
  void optional(const schema_node& n, const term& t);
  void one_of(const schema_node& n, const term& t);
  [[nodiscard]] bool fits(const schema_node& n, const term& t) const;

  std::string& out_;
  detail::schema_path around_;
};

[[nodiscard]] bool is_name_like(const schema_node& n) {
  const auto f = detail::form_of(unnamed(n));
  return f == form::binary || f == form::names;
}

/// A lone member whose name starts with $ would be read as an escape.
[[nodiscard]] bool looks_escaped(std::size_t members, std::string_view first) {
  return members == 1 && first.starts_with('$');
}

/// The text of a map's key, if it may be a name in JSON.
[[nodiscard]] std::optional<std::string_view> name_of(const term& t) {
  if (const auto atom = t.as_atom()) return atom;
  const auto content = t.as_binary();
  if (content && is_utf8(as_text(*content))) return as_text(*content);
  return std::nullopt;
}

/// Only the outermost step is looked at: what is inside is looked at when its turn comes.
bool writer::fits(const schema_node& n, const term& t) const {
  using type = term::type;
  switch (detail::form_of(n)) {
    case form::boolean: return t.as_boolean().has_value();
    case form::integer: return t.what() == type::integer;
    case form::floating: return t.what() == type::floating;
    case form::binary: return t.what() == type::binary;
    case form::nil: return t.as_atom() == "nil";
    case form::names: return t.what() == type::atom;
    case form::list:
    case form::set:
      return t.what() == type::nil || (t.what() == type::list && t.tail()->what() == type::nil);
    case form::map: return t.what() == type::map;
    case form::array: return t.what() == type::tuple;
    case form::tuple: return t.what() == type::tuple && t.size() == n.parts.size();
    case form::record:
      if (n.parts.empty()) return t.as_atom() == n.word;
      return t.what() == type::tuple && t.size() == n.parts.size() + 1 &&
             t.elements()->front().as_atom() == n.word;
    case form::optional:
      return t.as_atom() == "none" || (t.what() == type::tuple && t.size() == 2 &&
                                       t.elements()->front().as_atom() == "some");
    default: return true;
  }
}

void writer::value(const schema_node& wanted, const term& t) {
  const auto& n = around_.resolve(unnamed(wanted));
  if (!fits(n, t)) return escaped(t);
  switch (detail::form_of(n)) {
    case form::boolean: out_ += *t.as_boolean() ? "true" : "false"; return;
    case form::integer: return integer(n, t);
    case form::floating: return number(t);
    case form::binary: return binary(t);
    case form::nil: out_ += "null"; return;
    case form::names: return append_json_string(out_, *t.as_atom());
    case form::list:
    case form::set: return list(n, t);
    case form::map: return map(n, t);
    case form::array:
    case form::tuple: return tuple(n, t);
    case form::optional: return optional(n, t);
    case form::one_of: return one_of(n, t);
    case form::record: return record(n, t);
    default: return any(t);
  }
}

void writer::integer(const schema_node& n, const term& t) {
  const auto time = is_time(n) ? t.as_integer() : std::nullopt;
  if (!time) return number(t);
  out_ += '"' + show_instant(*time) + '"';
}

void writer::number(const term& t) {
  const auto text = t.to_string();
  // Readers of JSON stop where a double does.
  if (text.size() > most_digits) return escaped(t);
  out_ += text;
}

void writer::binary(const term& t) {
  const auto content = *t.as_binary();
  if (is_utf8(as_text(content))) return append_json_string(out_, as_text(content));
  out_ += "{\"$hex\":\"";
  append_hex(out_, content);
  out_ += "\"}";
}

void writer::list(const schema_node& n, const term& t) {
  out_ += '[';
  bool first = true;
  const auto all = *t.elements();
  for (const auto& element : all) {
    if (!first) out_ += ',';
    first = false;
    value(n.parts[0], element);
  }
  out_ += ']';
}

void writer::tuple(const schema_node& n, const term& t) {
  const bool is_array = detail::form_of(n) == form::array;
  const auto all = *t.elements();
  out_ += '[';
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i > 0) out_ += ',';
    value(n.parts[is_array ? 0 : i], all[i]);
  }
  out_ += ']';
}

void writer::record(const schema_node& n, const term& t) {
  if (n.parts.empty()) return append_json_string(out_, n.word);
  const auto all = *t.elements();
  // A file may name its fields by bytes that no JSON text has.
  const bool as_list =
      looks_escaped(n.parts.size(), n.names[0]) || !std::ranges::all_of(n.names, is_utf8);
  around_.enter(n);
  out_ += as_list ? '[' : '{';
  for (std::size_t i = 0; i < n.parts.size(); ++i) {
    if (i > 0) out_ += ',';
    if (!as_list) {
      append_json_string(out_, n.names[i]);
      out_ += ':';
    }
    value(n.parts[i], all[i + 1]);
  }
  out_ += as_list ? ']' : '}';
  around_.leave();
}

void writer::map(const schema_node& n, const term& t) {
  const auto pairs = *t.pairs();
  bool named = is_name_like(n.parts[0]);
  for (const auto& [key, mapped] : pairs) named = named && name_of(key).has_value();
  if (named && !pairs.empty() && looks_escaped(pairs.size(), *name_of(pairs[0].first))) {
    named = false;
  }
  out_ += named ? '{' : '[';
  bool first = true;
  for (const auto& [key, mapped] : pairs) {
    if (!first) out_ += ',';
    first = false;
    if (named) {
      append_json_string(out_, *name_of(key));
      out_ += ':';
      value(n.parts[1], mapped);
    } else {
      out_ += '[';
      value(n.parts[0], key);
      out_ += ',';
      value(n.parts[1], mapped);
      out_ += ']';
    }
  }
  out_ += named ? '}' : ']';
}

void writer::optional(const schema_node& n, const term& t) {
  if (t.as_atom()) {
    out_ += "null";
    return;
  }
  const auto both = *t.elements();
  const auto from = out_.size();
  value(n.parts[0], both[1]);
  const bool is_none = std::string_view(out_).substr(from) == "null";
  // One more pair of brackets for what looks as if nothing were there.
  const bool is_some = std::string_view(out_).substr(from).starts_with("{\"$some\":");
  // A term that stands for the whole optional as well would be read as that.
  const bool is_whole = std::string_view(out_).substr(from).starts_with("{\"$term\":") &&
                        detail::check_by_schema(n, both[1]).has_value();
  if (!is_none && !is_some && !is_whole) return;
  out_.insert(from, "{\"$some\":");
  out_ += '}';
}

/// JSON does not say which alternative was meant. Where the reader would take another one, the term
/// itself is written.
void writer::one_of(const schema_node& n, const term& t) {
  const auto from = out_.size();
  for (const auto& choice : n.parts) {
    if (!detail::check_by_schema(choice, t)) continue;
    value(choice, t);
    const auto again = from_json(n, std::string_view(out_).substr(from));
    if (again && *again == t) return;
    out_.resize(from);
  }
  escaped(t);
}

void writer::any(const term& t) {
  using type = term::type;
  switch (t.what()) {
    case type::integer:
    case type::floating: return number(t);
    case type::binary: return binary(t);
    case type::map: return any_map(t);
    case type::nil: out_ += "[]"; return;
    case type::atom:
      if (t.as_boolean() || t.as_atom() == "null") {
        out_ += *t.as_atom();
        return;
      }
      return escaped(t);
    case type::list: break;
    default: return escaped(t);
  }
  if (t.tail()->what() != type::nil) return escaped(t);
  out_ += '[';
  bool first = true;
  const auto all = *t.elements();
  for (const auto& element : all) {
    if (!first) out_ += ',';
    first = false;
    any(element);
  }
  out_ += ']';
}

void writer::any_map(const term& t) {
  const auto pairs = *t.pairs();
  for (const auto& [key, mapped] : pairs) {
    if (key.what() != term::type::binary || !name_of(key)) return escaped(t);
  }
  if (!pairs.empty() && looks_escaped(pairs.size(), *name_of(pairs[0].first))) return escaped(t);
  out_ += '{';
  bool first = true;
  for (const auto& [key, mapped] : pairs) {
    if (!first) out_ += ',';
    first = false;
    append_json_string(out_, *name_of(key));
    out_ += ':';
    any(mapped);
  }
  out_ += '}';
}

}  // namespace

void append_json(std::string& out, const schema_node& n, const term& t) { writer(out).value(n, t); }

std::string to_json(const schema_node& n, const term& t) {
  std::string out;
  append_json(out, n, t);
  return out;
}

void append_json_row(std::string& out, const types& t, const term& key, const term& value,
                     deadline until) {
  out += "{\"key\":";
  append_json(out, t.key.root(), key);
  out += ",\"value\":";
  append_json(out, t.value.root(), value);
  if (until != no_deadline) out += ",\"expires\":\"" + show_deadline(until) + '"';
  out += '}';
}

}  // namespace shelf::rows
