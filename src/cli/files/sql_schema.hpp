// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Tables of shelf as tables of SQL, and the other way round.
//
// What we write has a table `shelf_tables` that keeps kinds and types, from which the same tables
// are made again. Of a database without it: the primary key, or the number of the row, is the key,
// and the other columns are a record. A column has the type of what is in it; optional, unless it
// is NOT NULL.
#pragma once

#include "cli/files/sqlite_file.hpp"
#include "rows/dump.hpp"

#include <string>
#include <vector>

namespace shelf::cli {

[[nodiscard]] std::string catalog_statement();
[[nodiscard]] result<> list_in_catalog(sqlite_file& to, const rows::dumped_table& t,
                                       bool with_deadlines);
[[nodiscard]] std::string create_statement(const rows::dumped_table& t, bool with_deadlines);
[[nodiscard]] std::string insert_statement(const rows::dumped_table& t, bool with_deadlines);

/// A table of SQL, and how it is read: `select` gives the columns of the schemas in their order,
/// and then the deadlines, if there are any.
struct sql_table {
  rows::dumped_table as;
  std::string select;
  bool is_ours = true;
  bool has_deadlines = false;
  bool has_no_value = false;  ///< there is nothing but the key
};

/// Errors: corrupt, if `shelf_tables` holds what we do not write; type_mismatch: a name that no
/// table can have.
[[nodiscard]] result<std::vector<sql_table>> sql_tables_of(sqlite_file& from);

}  // namespace shelf::cli
