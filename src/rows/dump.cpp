// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Tables and rows as the lines of a dump.
#include "rows/dump.hpp"

#include "rows/text/json_term.hpp"
#include "rows/text/json_value.hpp"
#include "term/literal.hpp"

#include <string_view>

namespace shelf::rows {
namespace {

/// Of Mnesia's types; it has no duplicate_bag, but keeps user_properties as they are.
[[nodiscard]] std::string_view mnesia_type(kind what) {
  return what == kind::duplicate_bag ? "bag" : to_string(what);
}

[[nodiscard]] std::string name_as_atom(const std::string& name) {
  return terms::atom_literal(as_bytes(name));
}

void append_json_table(std::string& out, const file_description& d) {
  const auto member = [&](const char* name, std::string_view value) {
    out += name;
    append_json_string(out, value);
  };
  member("{\"table\":", d.name);
  member(",\"kind\":", to_string(d.what));
  member(",\"key\":", d.key_schema);
  member(",\"value\":", d.value_schema);
  if (d.in_memory) member(",\"storage\":", "memory");
  out += "}\n";
}

void append_erlang_table(std::string& out, const file_description& d) {
  const auto binary = [](std::string_view text) { return term::binary(text).to_string(); };
  out += "{" + name_as_atom(d.name) + ",[{attributes,[key,value]},{type,";
  out += mnesia_type(d.what);
  out += "},{user_properties,[{shelf," + binary(d.key_schema) + "," + binary(d.value_schema) + "}";
  if (d.what == kind::duplicate_bag) out += ",{shelf_kind,duplicate_bag}";
  if (d.in_memory) out += ",{shelf_storage,memory}";
  out += "]}]}";
}

}  // namespace

result<dumped_table> make_dumped_table(file_description as) {
  auto key = schema::parse(as.key_schema);
  if (!key) return std::unexpected(key.error());
  auto value = schema::parse(as.value_schema);
  if (!value) return std::unexpected(value.error());
  return dumped_table{.as = std::move(as), .schemas = {*std::move(key), *std::move(value)}};
}

std::string dump_header(row_format format, const std::vector<dumped_table>& tables) {
  std::string out;
  if (format != row_format::erlang) {
    for (const auto& t : tables) append_json_table(out, t.as);
    return out;
  }
  out = "%% coding: utf-8\n{tables,[";
  for (const auto& t : tables) {
    if (&t != tables.data()) out += ",\n         ";
    append_erlang_table(out, t.as);
  }
  return out + "]}.\n";
}

void append_dumped_row(std::string& out, row_format format, const dumped_table& of, const term& key,
                       const term& value, deadline until) {
  if (format == row_format::erlang) {
    out +=
        "{" + name_as_atom(of.as.name) + "," + key.to_string() + "," + value.to_string() + "}.\n";
    return;
  }
  out += "{\"table\":";
  append_json_string(out, of.as.name);
  std::string row;
  append_json_row(row, of.schemas, key, value, until);
  row[0] = ',';  // in place of its brace
  out += row + '\n';
}

}  // namespace shelf::rows
