// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Statements, and types read out of a database that knows few.
#include "cli/files/sql_schema.hpp"

#include "cli/files/sql_cell.hpp"
#include "cli/option_words.hpp"
#include "rows/columns.hpp"
#include "rows/text/json_value.hpp"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <optional>
#include <set>
#include <string_view>
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

/// As SQLite compares names: by their letters, whatever the case.
[[nodiscard]] std::string folded(std::string_view name) {
  std::string out(name);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c;
  });
  return out;
}

/// Names that SQLite takes, each once.
class name_giver {
 public:
  explicit name_giver(std::initializer_list<std::string_view> reserved)
      : taken_(reserved.begin(), reserved.end()) {}

  /// `name`, or as much of it as can be.
  [[nodiscard]] std::string give(std::string name) {
    if (!rows::is_utf8(name)) std::ranges::replace_if(name, is_beyond_ascii, '_');
    std::ranges::replace(name, '\0', '_');
    if (name.empty()) name = "_";
    while (!taken_.insert(folded(name)).second) name += '_';
    return name;
  }

 private:
  [[nodiscard]] static bool is_beyond_ascii(char c) noexcept {
    return static_cast<unsigned char>(c) >= 0x80;
  }
  std::set<std::string> taken_;
};

/// The columns of SQL that the types have, in their order. `rowid` would hide the row's number.
[[nodiscard]] std::vector<std::string> sql_columns_of(const types& t) {
  name_giver names{deadline_column, "rowid"};
  std::vector<std::string> all;
  for (const auto& c : columns_of(t)) all.push_back(names.give(c.name));
  return all;
}

[[nodiscard]] std::string quoted_list(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + sql_name(name);
  return list;
}

/// Names, declared types and places of the columns in a table.
[[nodiscard]] result<std::vector<sql_column>> declared_in(sqlite_file& from,
                                                          const std::string& table) {
  auto listed = from.prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_info(?)");
  if (!listed) return std::unexpected(listed.error());
  if (auto bound = listed->bind(1, sql_value(table)); !bound) return std::unexpected(bound.error());
  std::vector<sql_column> all;
  for (;;) {
    const auto more = listed->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return all;
    all.push_back({.name = listed->text(0),
                   .declared = listed->text(1),
                   .not_null = listed->integer(2) != 0,
                   .key_place = listed->integer(3),
                   .type = {}});
  }
}

/// What a program has changed since, and would be lost.
[[nodiscard]] result<> check_columns(sqlite_file& from, const std::string& table,
                                     const std::vector<std::string>& wanted) {
  const auto declared = declared_in(from, table);
  if (!declared) return std::unexpected(declared.error());
  const auto refuse = [&](const std::string& why) {
    return std::unexpected(
        error(errc::type_mismatch, from.path() + ": table " + table + ": " + why));
  };
  if (declared->empty()) return refuse("no such table, but " + std::string(catalog) + " names it");
  std::set<std::string> there;
  for (const auto& c : *declared) there.insert(folded(c.name));
  for (const auto& name : wanted) {
    if (there.erase(folded(name)) == 0) return refuse("no column '" + name + "'");
  }
  if (there.empty()) return {};
  return refuse("the column '" + *there.begin() + "' is not in the types that " + catalog +
                " keeps");
}

/// One row of the catalog.
[[nodiscard]] result<sql_table> our_table(sqlite_file& from, const sql_statement& row,
                                          const std::string& name) {
  file_description d;
  d.name = row.text(0);
  const auto refuse = [&](const std::string& why) {
    return std::unexpected(malformed(from, "table " + d.name + ": " + why));
  };
  const auto what = kinds.find(row.text(1));
  if (what == kinds.end()) return refuse("'" + row.text(1) + "' is not a kind");
  d.what = what->second;
  d.key_schema = row.text(2);
  d.value_schema = row.text(3);
  d.in_memory = row.text(4) == "memory";
  auto t = make_dumped_table(d);
  if (!t) return refuse(t.error().message());
  sql_table made{.as = *std::move(t), .select = {}};
  made.has_deadlines = row.integer(5) != 0;
  if (d.in_memory) return made;
  auto columns = sql_columns_of(made.as.schemas);
  if (made.has_deadlines) columns.emplace_back(deadline_column);
  if (auto same = check_columns(from, name, columns); !same) return std::unexpected(same.error());
  made.select = "SELECT " + quoted_list(columns) + " FROM " + sql_name(name) + " ORDER BY rowid";
  return made;
}

/// Takes the names of the tables that it reads out of `left`.
[[nodiscard]] result<std::vector<sql_table>> our_tables(sqlite_file& from,
                                                        std::vector<std::string>& left) {
  auto listed =
      from.prepare("SELECT name, kind, key_type, value_type, storage, expires, sql_name FROM " +
                   std::string(catalog) + " ORDER BY rowid");
  if (!listed) return std::unexpected(malformed(from, listed.error().message()));
  std::vector<sql_table> all;
  for (;;) {
    const auto more = listed->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return all;
    const auto name = listed->text(6);
    auto t = our_table(from, *listed, name);
    if (!t) return std::unexpected(t.error());
    all.push_back(*std::move(t));
    std::erase_if(left, [&](const auto& other) { return folded(other) == folded(name); });
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
  auto all = declared_in(from, table);
  if (!all) return all;
  for (auto& c : *all) {
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

/// A name of the row's number that no column has.
[[nodiscard]] std::optional<std::string> row_number_in(const std::vector<sql_column>& columns) {
  for (const auto* const name : {"rowid", "_rowid_", "oid"}) {
    const auto hides = [&](const sql_column& c) { return folded(c.name) == name; };
    if (std::ranges::none_of(columns, hides)) return name;
  }
  return std::nullopt;
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
    const auto number = row_number_in(*columns);
    if (!number) {
      return std::unexpected(error(
          errc::type_mismatch,
          from.path() + ": table " + name + ": no primary key, and columns hide the row's number"));
    }
    select(*number);
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
                   .has_no_value = value.empty(),
                   // Of numbers no two are equal, as SQLite sees to; but NULLs are, or a text and a
                   // blob of the same bytes.
                   .may_have_twins = d.key_schema != "integer"};
}

}  // namespace

std::string catalog_statement() {
  return "CREATE TABLE " + std::string(catalog) +
         "(name TEXT PRIMARY KEY, kind TEXT, key_type TEXT, value_type TEXT, storage TEXT, "
         "expires INTEGER, sql_name TEXT)";
}

std::vector<new_sql_table> new_sql_table::of(const std::vector<rows::dumped_table>& tables) {
  name_giver names{catalog};
  std::vector<new_sql_table> all;
  for (const auto& t : tables) {
    new_sql_table made(t);
    const bool is_reserved = folded(t.as.name).starts_with("sqlite_");
    made.name_ = names.give((is_reserved ? "_" : "") + t.as.name);
    all.push_back(std::move(made));
  }
  for (auto& t : all) {
    if (is_bag(t.as_->as.what)) t.index_ = names.give(t.name_ + "_by_key");
    for (const auto& i : t.as_->as.indexes) {
      auto name = t.name_ + "_by";
      for (const auto& m : i.members) name += "_" + m;
      t.indexes_.push_back(names.give(std::move(name)));
    }
  }
  return all;
}

std::string new_sql_table::create_statement(bool with_deadlines) const {
  const auto columns = columns_of(as_->schemas);
  const auto names = sql_columns_of(as_->schemas);
  std::vector<std::string> key;
  std::string sql = "CREATE TABLE " + sql_name(name_) + "(";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    sql += (i > 0 ? ", " : "") + sql_name(names[i]) + " " + sql_type(*columns[i].type);
    if (columns[i].of == column::side::key) key.push_back(names[i]);
  }
  if (with_deadlines) sql += ", " + sql_name(deadline_column) + " INTEGER";
  const auto of_key = "(" + quoted_list(key) + ")";
  if (index_.empty()) return sql + ", PRIMARY KEY" + of_key + ")";
  return sql + "); CREATE INDEX " + sql_name(index_) + " ON " + sql_name(name_) + of_key;
}

namespace {

/// Whether two values of the type that differ do so in SQL as well.
[[nodiscard]] bool stays_distinct(const schema_node& type) {
  switch (detail::form_of(type)) {
    case schema_form::binary:
    case schema_form::integer:
    case schema_form::boolean:
    case schema_form::names: return true;
    case schema_form::optional: return stays_distinct(unnamed(type.parts[0]));
    default: return false;
  }
}

}  // namespace

/// Lists and functions have no index in SQL.
std::string new_sql_table::index_statements() const {
  const auto columns = columns_of(as_->schemas);
  const auto names = sql_columns_of(as_->schemas);
  const auto& value = unnamed(as_->schemas.value.root());
  const auto place_of = [&](const std::string& member) {
    return std::ranges::find_if(columns, [&](const column& c) {
      return c.of == column::side::value && !c.whole && value.names[c.element - 1] == member;
    });
  };
  std::string sql;
  if (detail::form_of(value) != schema_form::record) return sql;
  for (std::size_t at = 0; at < indexes_.size(); ++at) {
    const auto& i = as_->as.indexes[at];
    if (i.what != index_form::index && i.what != index_form::unique) continue;
    std::vector<std::string> over;
    bool is_unique = i.what == index_form::unique;
    for (const auto& m : i.members) {
      const auto found = place_of(m);
      if (found == columns.end()) break;
      is_unique = is_unique && stays_distinct(*found->type);
      over.push_back(names[static_cast<std::size_t>(found - columns.begin())]);
    }
    if (over.size() != i.members.size()) continue;
    sql += (sql.empty() ? "CREATE " : "; CREATE ") + std::string(is_unique ? "UNIQUE " : "") +
           "INDEX " + sql_name(indexes_[at]) + " ON " + sql_name(name_) + "(" + quoted_list(over) +
           ")";
  }
  return sql;
}

std::string new_sql_table::insert_statement(bool with_deadlines) const {
  auto count = columns_of(as_->schemas).size() + (with_deadlines ? 1 : 0);
  std::string marks;
  for (; count != 0; --count) marks += marks.empty() ? "?" : ", ?";
  return "INSERT INTO " + sql_name(name_) + " VALUES(" + marks + ")";
}

result<> new_sql_table::list_in_catalog(sqlite_file& to, bool with_deadlines) const {
  auto insert = to.prepare("INSERT INTO " + std::string(catalog) + " VALUES(?, ?, ?, ?, ?, ?, ?)");
  if (!insert) return std::unexpected(insert.error());
  const auto& t = as_->as;
  int at = 0;
  for (const sql_value& v :
       {sql_value(t.name), sql_value(std::string(to_string(t.what))), sql_value(t.key_schema),
        sql_value(t.value_schema), sql_value(std::string(t.in_memory ? "memory" : "disk")),
        sql_value(std::int64_t{with_deadlines}), sql_value(name_)}) {
    if (auto bound = insert->bind(++at, v); !bound) return bound;
  }
  const auto stepped = insert->step();
  return stepped ? result<>() : std::unexpected(stepped.error());
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
  std::vector<sql_table> all;
  if (std::erase(names, catalog) != 0) {
    auto ours = our_tables(from, names);
    if (!ours) return ours;
    all = *std::move(ours);
  }
  for (const auto& name : names) {
    auto t = foreign_table(from, name);
    if (!t) return std::unexpected(t.error());
    all.push_back(*std::move(t));
  }
  return all;
}

}  // namespace shelf::cli
