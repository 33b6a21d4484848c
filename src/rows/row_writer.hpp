// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Rows written in one of five formats.
#pragma once

#include "rows/columns.hpp"
#include "rows/row_format.hpp"
#include "rows/text/deadline.hpp"

#include <memory>
#include <string>

namespace shelf::rows {

/// What row_reader reads back as the same entries. Thread safety: one thread.
class row_writer {
 public:
  virtual ~row_writer() = default;
  /// What stands above all rows, with its newline; empty if nothing does.
  [[nodiscard]] virtual std::string header() const { return {}; }
  /// Appends a row with its newline. Only JSON Lines have room for deadlines.
  virtual void append(std::string& out, const term& key, const term& value, deadline until) = 0;
};

/// A writer for a table of these types, which must outlive it; `objects`: values are whole objects
/// with their keys in them. invalid_argument: a column that the table does not have.
[[nodiscard]] result<std::unique_ptr<row_writer>> make_row_writer(const rows_request& how,
                                                                  const types& t, bool objects);

/// An entry, or an object, as Erlang text with its full stop and no newline.
void append_erlang_row(std::string& out, bool objects, const term& key, const term& value);

}  // namespace shelf::rows
