// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// A whole database as text: first what its tables are, then their rows.
//
//   JSON Lines   {"table":"stock","kind":"set","key":"binary","value":"integer"}
//                {"table":"stock","key":"bolts","value":40}
//   Erlang       {tables,[{stock,[{attributes,[key,value]},{type,set},
//                                 {user_properties,[{shelf,<<"binary">>,<<"integer">>}]}]}]}.
//                {stock,<<"bolts">>,40}.
//
// The Erlang text is what mnesia:dump_to_textfile writes, and what mnesia:load_textfile reads. What
// Mnesia wrote says neither types nor kinds: then keys are any, and values any, or, of more than
// two attributes, records.
#pragma once

#include "rows/columns.hpp"
#include "rows/input_file.hpp"
#include "rows/row_format.hpp"
#include "rows/row_reader.hpp"
#include "rows/text/deadline.hpp"
#include "shelf/upkeep.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace shelf::rows {

/// A table of a dump.
struct dumped_table {
  file_description as;
  types schemas;
  bool has_kind = true;  ///< the dump says it; else it is a set
};

/// corrupt: a schema is none.
[[nodiscard]] result<dumped_table> make_dumped_table(file_description as);

/// What stands above all rows.
[[nodiscard]] std::string dump_header(row_format format, const std::vector<dumped_table>& tables);
/// Appends a row with its newline. Erlang text has no room for deadlines.
void append_dumped_row(std::string& out, row_format format, const dumped_table& of, const term& key,
                       const term& value, deadline until);

/// A row of a dump, or what stands in its place; neither at the end.
struct next_dumped {
  std::size_t table = 0;  ///< its place among the tables
  std::optional<row> good;
  std::optional<bad_row> bad;
};

/// Thread safety: one thread.
class dump_reader {
 public:
  virtual ~dump_reader() = default;
  /// What stands above the rows. Once, before next(). The error names the place.
  [[nodiscard]] virtual result<std::vector<dumped_table>> tables() = 0;
  /// Errors: the file cannot be read.
  [[nodiscard]] virtual result<next_dumped> next() = 0;
  [[nodiscard]] virtual const input_file& input() const = 0;
};

/// JSON Lines or Erlang.
[[nodiscard]] std::unique_ptr<dump_reader> make_dump_reader(row_format format, input_file from);

}  // namespace shelf::rows
