// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Rows read from a file in one of five formats, one at a time.
#pragma once

#include "rows/columns.hpp"
#include "rows/input_file.hpp"
#include "rows/row_format.hpp"
#include "rows/text/deadline.hpp"
#include "rows/text/json_value.hpp"

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace shelf::rows {

/// An entry as a file has it.
struct row {
  term key;
  term value;
  deadline until = no_deadline;
};

/// Input that is no row: where it is and why not.
struct bad_row {
  std::uint64_t line = 0;
  std::size_t column = 1;  ///< characters, from 1 on
  std::string why;
};

/// A row, or what stands in its place; neither at the end.
struct next_row {
  std::optional<row> good;
  std::optional<bad_row> bad;
};

/// Reading goes on behind a bad row. Thread safety: one thread.
class row_reader {
 public:
  virtual ~row_reader() = default;
  /// Errors: the file cannot be read.
  [[nodiscard]] virtual result<next_row> next() = 0;
  /// What next() read last, as it stood there, newlines inside it included. Valid until the next
  /// call.
  [[nodiscard]] virtual std::string_view text() const noexcept = 0;
  /// The file, for its name and how far it is read.
  [[nodiscard]] virtual const input_file& input() const = 0;
};

/// The row that {"key": .., "value": .., "expires": ..} or [key, value] means.
[[nodiscard]] std::expected<row, bad_text> row_from_json(const types& t, const json_value& v);

/// A reader for a table of these types. invalid_argument: columns that the table does not have, or
/// a header that names such; the errors of reading the header.
[[nodiscard]] result<std::unique_ptr<row_reader>> make_row_reader(const rows_request& how,
                                                                  const types& t, input_file from);

/// The format of a file by the ending of its name. invalid_argument: it says nothing.
[[nodiscard]] result<row_format> format_of(const rows_request& how, const std::string& name);

/// Rows in lines of cells: columns, separator, quotes (delimited_reader.cpp).
[[nodiscard]] result<std::unique_ptr<row_reader>> make_delimited_reader(const rows_request& how,
                                                                        const types& t,
                                                                        input_file from);
/// The column, in characters, of a byte of a line.
[[nodiscard]] std::size_t column_at(std::string_view line, std::size_t byte);
/// The separator that was asked for. invalid_argument: it is no single character.
[[nodiscard]] result<char> separator_of(const rows_request& how);

}  // namespace shelf::rows
