// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Tables of shelf as tables of SQL, and the other way round.
//
// What we write has a table `shelf_tables` that keeps names, kinds and types, from which the same
// tables are made again. Of any other table: the primary key, or the number of the row, is the key,
// and the other columns are a record. A column has the type of what is in it; optional, unless it
// is NOT NULL.
//
// Names are kept where SQLite lets them be: it folds the case of letters, so a second name that
// differs in nothing else gets an underscore behind it, and so does a column named rowid.
#pragma once

#include "cli/files/sqlite_file.hpp"
#include "rows/dump.hpp"

#include <string>
#include <vector>

namespace shelf::cli {

/// A table of shelf as it is to be in SQL.
class new_sql_table {
 public:
  /// For all tables of a database at once, in their order: no two get the same name.
  [[nodiscard]] static std::vector<new_sql_table> of(const std::vector<rows::dumped_table>& tables);

  [[nodiscard]] std::string create_statement(bool with_deadlines) const;
  /// The indexes over members that the file records; empty: it has none that SQL can have. Once the
  /// rows are there.
  [[nodiscard]] std::string index_statements() const;
  [[nodiscard]] std::string insert_statement(bool with_deadlines) const;
  /// What is to be read of it is in the catalog then, which catalog_statement() has made.
  [[nodiscard]] result<> list_in_catalog(sqlite_file& to, bool with_deadlines) const;

 private:
  explicit new_sql_table(const rows::dumped_table& t) : as_(&t) {}

  const rows::dumped_table* as_;
  std::string name_;
  std::string index_;                 ///< on the key of a bag
  std::vector<std::string> indexes_;  ///< names for those that the file records, in their order
};
[[nodiscard]] std::string catalog_statement();

/// A table of SQL, and how it is read: `select` gives the columns of the schemas in their order,
/// and then the deadlines, if there are any.
struct sql_table {
  rows::dumped_table as;
  std::string select;
  bool is_ours = true;
  bool has_deadlines = false;
  bool has_no_value = false;   ///< there is nothing but the key
  bool may_have_twins = true;  ///< rows that would be one entry
};

/// Ours first, then those that `shelf_tables` does not name. Errors: corrupt, if it holds what we
/// do not write; type_mismatch: a table that it names has other columns, or a name that no table
/// can have.
[[nodiscard]] result<std::vector<sql_table>> sql_tables_of(sqlite_file& from);

}  // namespace shelf::cli
