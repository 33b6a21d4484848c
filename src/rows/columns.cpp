// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Columns out of schemas.
#include "rows/columns.hpp"

#include <algorithm>
#include <string>
#include <unordered_set>

namespace shelf::rows {

result<schema> schema::parse(std::string text) {
  auto h = std::make_shared<held>();
  h->text = std::move(text);
  auto tree = detail::parse_schema(h->text);
  if (!tree) {
    return std::unexpected(
        error(tree.error().code(), "the file's schema " + tree.error().message()));
  }
  h->tree = *std::move(tree);
  return schema(std::move(h));
}

const schema_node& unnamed(const schema_node& n) noexcept {
  return detail::form_of(n) == schema_form::named ? unnamed(n.parts[0]) : n;
}

namespace {

/// True if somewhere inside a record stands for one around it.
[[nodiscard]] bool holds_itself(const schema_node& n) noexcept {
  if (n.what == schema_node::form::record && n.detail == "...") return true;
  return std::ranges::any_of(n.parts, holds_itself);
}

}  // namespace

bool has_columns(const schema_node& n) noexcept {
  const auto form = detail::form_of(n);
  const bool has_parts = form == schema_form::record || form == schema_form::tuple;
  return has_parts && !n.parts.empty() && !holds_itself(n);
}

namespace {

using names = std::unordered_set<std::string>;

void add_columns(std::vector<column>& out, names& taken, const schema& s, column::side of) {
  const std::string side = of == column::side::key ? "key" : "value";
  const auto& n = unnamed(s.root());
  if (!has_columns(n)) {
    taken.insert(side);
    out.push_back({.name = side, .of = of, .type = &n});
    return;
  }
  const bool is_record = detail::form_of(n) == schema_form::record;
  for (std::size_t i = 0; i < n.parts.size(); ++i) {
    auto name = is_record ? std::string(n.names[i]) : side + "." + std::to_string(i + 1);
    if (is_record &&
        (of == column::side::key || taken.contains(name) || name == "key" || name == "value")) {
      name = side + "." + name;
    }
    taken.insert(name);
    out.push_back({.name = std::move(name),
                   .of = of,
                   .whole = false,
                   .element = i + (is_record ? 1 : 0),
                   .type = &unnamed(n.parts[i])});
  }
}

}  // namespace

std::vector<column> columns_of(const types& t) {
  std::vector<column> out;
  names taken;
  add_columns(out, taken, t.key, column::side::key);
  add_columns(out, taken, t.value, column::side::value);
  return out;
}

result<std::vector<column>> choose_columns(const std::vector<column>& all,
                                           const std::vector<std::string>& names,
                                           std::string_view called) {
  std::vector<column> wanted;
  for (const auto& name : names) {
    const auto* const c = find_column(all, name);
    if (c == nullptr) {
      return std::unexpected(
          error(errc::invalid_argument, std::string(called) + ": there is no column '" + name +
                                            "'; the columns are " + names_of(all)));
    }
    wanted.push_back(*c);
  }
  return wanted;
}

column whole_side(const types& t, column::side of) {
  const bool key = of == column::side::key;
  return {
      .name = key ? "key" : "value", .of = of, .type = &unnamed((key ? t.key : t.value).root())};
}

std::string names_of(const std::vector<column>& all) {
  std::string names;
  for (const auto& c : all) names += (names.empty() ? "" : ", ") + c.name;
  return names;
}

const column* find_column(const std::vector<column>& all, std::string_view name) {
  for (const auto& c : all) {
    if (c.name == name) return &c;
  }
  for (const auto& c : all) {
    const std::string_view side = c.of == column::side::key ? "key." : "value.";
    if (name.starts_with(side) && name.substr(side.size()) == c.name) return &c;
    if (c.name.starts_with(side) && c.name.substr(side.size()) == name) return &c;
  }
  return nullptr;
}

cells::cells(const term& key, const term& value) : key_{&key, {}}, value_{&value, {}} {}

const term& cells::at(const column& c) {
  auto& s = c.of == column::side::key ? key_ : value_;
  if (c.whole) return *s.whole;
  if (!s.taken_apart) {
    s.elements = s.whole->elements().value_or(std::vector<term>{});
    s.taken_apart = true;
  }
  return c.element < s.elements.size() ? s.elements[c.element] : missing_;
}

bool is_text(const schema_node& n) noexcept {
  return detail::form_of(unnamed(n)) == schema_form::binary;
}

bool is_time(const schema_node& n) noexcept {
  return detail::form_of(n) == schema_form::integer && n.detail == "nanoseconds since 1970";
}

bool is_number(const schema_node& n) noexcept {
  const auto& u = unnamed(n);
  const auto form = detail::form_of(u);
  return (form == schema_form::integer && !is_time(u)) || form == schema_form::floating;
}

}  // namespace shelf::rows
