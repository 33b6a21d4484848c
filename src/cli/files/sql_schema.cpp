// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Statements, and types read out of a database that knows few.
#include "cli/files/sql_schema.hpp"

#include "cli/files/sql_cell.hpp"
#include "cli/option_words.hpp"
#include "rows/columns.hpp"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

namespace shelf::cli {
namespace {

constexpr const char* catalog = "shelf_tables";
constexpr const char* deadline_column = "shelf_expires";

/// A column of a foreign table.
struct sql_column {
  std::string name;
  std::string declared;
  bool not_null = false;
  std::int64_t key_place = 0;  ///< in the primary key, from 1 on; 0: not in it
  std::string type;            ///< in shelf
};

[[nodiscard]] error malformed(const sqlite_file& from, const std::string& why) {
  return {errc::corrupt, from.path() + ": " + catalog + ": " + why};
}

[[nodiscard]] std::string columns_and(const std::vector<column>& all, const char* more) {
  std::string list;
  for (const auto& c : all) list += (list.empty() ? "" : ", ") + sql_name(c.name);
  return more == nullptr ? list : list + ", " + sql_name(more);
}

[[nodiscard]] result<std::vector<sql_table>> our_tables(sqlite_file& from) {
  auto listed = from.prepare("SELECT name, kind, key_type, value_type, storage, expires FROM " +
                             std::string(catalog) + " ORDER BY rowid");
  if (!listed) return std::unexpected(malformed(from, listed.error().message()));
  std::vector<sql_table> all;
  for (;;) {
    const auto more = listed->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return all;
    file_description d;
    d.name = listed->text(0);
    const auto what = kinds.find(listed->text(1));
    if (what == kinds.end()) return std::unexpected(malformed(from, "table " + d.name + ": kind"));
    d.what = what->second;
    d.key_schema = listed->text(2);
    d.value_schema = listed->text(3);
    d.in_memory = listed->text(4) == "memory";
    auto t = make_dumped_table(d);
    if (!t) {
      return std::unexpected(malformed(from, "table " + d.name + ": " + t.error().message()));
    }
    sql_table made{.as = *std::move(t), .select = {}};
    made.has_deadlines = listed->integer(5) != 0;
    made.select =
        "SELECT " +
        columns_and(columns_of(made.as.schemas), made.has_deadlines ? deadline_column : nullptr) +
        " FROM " + sql_name(d.name) + " ORDER BY rowid";
    all.push_back(std::move(made));
  }
}

/// What stands in a column decides its type, and only where nothing does what was declared.
[[nodiscard]] std::string type_of(const std::set<std::string>& stored, const sql_column& c) {
  const auto only = [&](std::initializer_list<const char*> these) {
    return std::ranges::all_of(stored, [&](const std::string& s) {
      return s == "null" || std::ranges::find(these, s) != these.end();
    });
  };
  const bool is_empty = only({});
  std::string declared = c.declared;
  std::ranges::transform(declared, declared.begin(),
                         [](unsigned char l) { return static_cast<char>(std::toupper(l)); });
  const auto says = [&](const char* word) { return declared.find(word) != declared.npos; };
  std::string type = "any";
  if (is_empty) {
    if (says("INT"))
      type = "integer";
    else if (says("CHAR") || says("TEXT") || says("CLOB") || says("BLOB"))
      type = "binary";
    else if (says("REAL") || says("FLOA") || says("DOUB"))
      type = "float";
  } else if (only({"integer"})) {
    type = "integer";
  } else if (only({"real"}) || (only({"integer", "real"}) && says("REAL"))) {
    type = "float";
  } else if (only({"text", "blob"})) {
    type = "binary";
  }
  const bool may_be_null = stored.contains("null") || (!c.not_null && c.key_place == 0);
  return may_be_null && type != "any" ? "optional(" + type + ")" : type;
}

[[nodiscard]] result<std::vector<sql_column>> columns_in(sqlite_file& from,
                                                         const std::string& table) {
  auto listed = from.prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_info(" + [&] {
    std::string quoted = "'";
    for (const char c : table) quoted += c == '\'' ? "''" : std::string(1, c);
    return quoted + "'";
  }() + ")");
  if (!listed) return std::unexpected(listed.error());
  std::vector<sql_column> all;
  for (;;) {
    const auto more = listed->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    all.push_back({.name = listed->text(0),
                   .declared = listed->text(1),
                   .not_null = listed->integer(2) != 0,
                   .key_place = listed->integer(3),
                   .type = {}});
  }
  for (auto& c : all) {
    auto stored =
        from.prepare("SELECT DISTINCT typeof(" + sql_name(c.name) + ") FROM " + sql_name(table));
    if (!stored) return std::unexpected(stored.error());
    std::set<std::string> seen;
    for (;;) {
      const auto more = stored->step();
      if (!more) return std::unexpected(more.error());
      if (!*more) break;
      seen.insert(stored->text(0));
    }
    c.type = type_of(seen, c);
  }
  return all;
}

/// A name as a schema can have it: lower case at the beginning, and no odd characters.
[[nodiscard]] std::string schema_name(const std::string& name) {
  std::string out;
  for (const char c : name) {
    const bool is_word = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
    out += is_word ? c : '_';
  }
  if (!out.empty()) out[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(out[0])));
  if (out.empty() || std::islower(static_cast<unsigned char>(out[0])) == 0) out = "c_" + out;
  return out;
}

[[nodiscard]] std::string record_of(const std::string& table,
                                    const std::vector<const sql_column*>& columns) {
  std::string fields;
  std::set<std::string> taken;
  for (const auto* c : columns) {
    auto name = schema_name(c->name);
    while (!taken.insert(name).second) name += '_';
    fields += (fields.empty() ? "" : ", ") + name + ": " + c->type;
  }
  return schema_name(table) + "{" + fields + "}";
}

/// A table that we know nothing of but what SQLite says.
[[nodiscard]] result<sql_table> foreign_table(sqlite_file& from, const std::string& name) {
  const auto columns = columns_in(from, name);
  if (!columns) return std::unexpected(columns.error());
  std::vector<const sql_column*> key;
  std::vector<const sql_column*> value;
  for (const auto& c : *columns) (c.key_place != 0 ? key : value).push_back(&c);
  std::ranges::sort(key, {}, &sql_column::key_place);
  file_description d;
  d.name = name;
  std::string selected;
  const auto select = [&](const std::string& what) {
    selected += (selected.empty() ? "" : ", ") + what;
  };
  if (key.empty()) {
    d.key_schema = "integer";
    select("rowid");
  }
  for (const auto* c : key) {
    d.key_schema += (d.key_schema.empty() ? "" : ", ") + c->type;
    select(sql_name(c->name));
  }
  if (key.size() > 1) d.key_schema = "{" + d.key_schema + "}";
  for (const auto* c : value) select(sql_name(c->name));
  d.value_schema = value.empty() ? "nil" : record_of(name, value);
  auto as = make_dumped_table(d);
  if (!as) {
    return std::unexpected(
        error(errc::type_mismatch,
              from.path() + ": table " + name + ": no type for it: " + as.error().message()));
  }
  return sql_table{.as = *std::move(as),
                   .select = "SELECT " + selected + " FROM " + sql_name(name),
                   .is_ours = false,
                   .has_no_value = value.empty()};
}

}  // namespace

std::string catalog_statement() {
  return "CREATE TABLE " + std::string(catalog) +
         "(name TEXT PRIMARY KEY, kind TEXT, key_type TEXT, value_type TEXT, storage TEXT, "
         "expires INTEGER)";
}

result<> list_in_catalog(sqlite_file& to, const rows::dumped_table& t, bool with_deadlines) {
  auto insert = to.prepare("INSERT INTO " + std::string(catalog) + " VALUES(?, ?, ?, ?, ?, ?)");
  if (!insert) return std::unexpected(insert.error());
  int at = 0;
  for (const sql_value& v : {sql_value(t.as.name), sql_value(std::string(to_string(t.as.what))),
                             sql_value(t.as.key_schema), sql_value(t.as.value_schema),
                             sql_value(std::string(t.as.in_memory ? "memory" : "disk")),
                             sql_value(std::int64_t{with_deadlines})}) {
    if (auto bound = insert->bind(++at, v); !bound) return bound;
  }
  const auto stepped = insert->step();
  return stepped ? result<>() : std::unexpected(stepped.error());
}

std::string create_statement(const rows::dumped_table& t, bool with_deadlines) {
  std::string sql = "CREATE TABLE " + sql_name(t.as.name) + "(";
  std::string key;
  for (const auto& c : columns_of(t.schemas)) {
    if (sql.back() != '(') sql += ", ";
    sql += sql_name(c.name) + " " + sql_type(*c.type);
    if (c.of == column::side::key) key += (key.empty() ? "" : ", ") + sql_name(c.name);
  }
  if (with_deadlines) sql += ", " + sql_name(deadline_column) + " INTEGER";
  if (!is_bag(t.as.what)) return sql + ", PRIMARY KEY(" + key + "))";
  return sql + "); CREATE INDEX " + sql_name(t.as.name + "_by_key") + " ON " + sql_name(t.as.name) +
         "(" + key + ")";
}

std::string insert_statement(const rows::dumped_table& t, bool with_deadlines) {
  auto count = columns_of(t.schemas).size() + (with_deadlines ? 1 : 0);
  std::string marks;
  for (; count != 0; --count) marks += marks.empty() ? "?" : ", ?";
  return "INSERT INTO " + sql_name(t.as.name) + " VALUES(" + marks + ")";
}

result<std::vector<sql_table>> sql_tables_of(sqlite_file& from) {
  auto listed = from.prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' "
      "ESCAPE '\\' ORDER BY rowid");
  if (!listed) return std::unexpected(listed.error());
  std::vector<std::string> names;
  for (;;) {
    const auto more = listed->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    names.push_back(listed->text(0));
  }
  if (std::ranges::find(names, catalog) != names.end()) return our_tables(from);
  std::vector<sql_table> all;
  for (const auto& name : names) {
    auto t = foreign_table(from, name);
    if (!t) return std::unexpected(t.error());
    all.push_back(*std::move(t));
  }
  return all;
}

}  // namespace shelf::cli
