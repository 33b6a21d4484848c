// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Terms as values of SQL, by the schema of their column.
//
//   integer     INTEGER; beyond 64 bits a BLOB of its digits
//   float       REAL; -0.0 a BLOB   boolean   INTEGER, 0 or 1
//   binary      TEXT; a BLOB, if it is not UTF-8 or has a zero byte
//   optional    NULL, or as the type in it
//   all else    TEXT: times, words, JSON, as in the cells of csv
#pragma once

#include "cli/files/sqlite_file.hpp"
#include "rows/columns.hpp"
#include "rows/text/json_value.hpp"

#include <expected>
#include <string>

namespace shelf::cli {

/// What CREATE TABLE calls the type of a column.
[[nodiscard]] std::string sql_type(const rows::schema_node& n);
/// What sql_to_term() reads back as the same term.
[[nodiscard]] sql_value term_to_sql(const rows::schema_node& n, const term& t);
/// The term of a value in a table that we wrote.
[[nodiscard]] std::expected<term, rows::bad_text> sql_to_term(const rows::schema_node& n,
                                                              const sql_value& value);
/// The term of a value in any table, under the schema that its column was given: text is a binary.
[[nodiscard]] std::expected<term, rows::bad_text> foreign_sql_to_term(const rows::schema_node& n,
                                                                      const sql_value& value);

}  // namespace shelf::cli
