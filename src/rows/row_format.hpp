// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// How rows lie in a file: the format, its columns and separators.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shelf::rows {

/// How rows lie in a file.
enum class row_format : std::uint8_t { by_name, json_lines, csv, tsv, erlang, etf_hex };

/// How rows are read from or written to a file.
struct rows_request {
  row_format format = row_format::by_name;
  std::string separator;  ///< one character; empty: that of the format
  bool without_header = false;
  std::vector<std::string> columns;  ///< empty: all, or those of the header
  bool comments = false;             ///< lines that begin with # are no rows
};

}  // namespace shelf::rows
