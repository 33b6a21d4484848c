// CLI  [cli] -> upkeep -> engine -> stores -> journal -> file
// What the command line asked for, as plain values: the border between CLI11 and the commands.
#pragma once

#include "cli/console.hpp"
#include "shelf/kind.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace shelf::cli {

/// What the process returns.
enum class exit_status : std::uint8_t {
  ok = 0,
  refused = 1,    ///< refused, damaged or different
  usage = 2,      ///< the command line makes no sense
  not_found = 3,  ///< no such key, no such file
};

/// How keys and values are written, on the command line and in what is printed.
enum class notation : std::uint8_t {
  by_schema,  ///< as the file's schema says
  json,       ///< what is printed; arguments are by the schema
  erlang,
};

/// How rows lie in a file.
enum class row_format : std::uint8_t { by_name, json_lines, csv, tsv, erlang, etf_hex };

/// Which rows.
struct selection_request {
  std::optional<std::string> from;
  std::optional<std::string> to;
  std::optional<std::string> prefix;
  std::vector<std::string> where;
  std::optional<std::uint64_t> limit;
  std::uint64_t skip = 0;
  bool backwards = false;
  std::vector<std::string> sort;  ///< columns, the most significant first
};

/// How rows are read from or written to a file.
struct rows_request {
  row_format format = row_format::by_name;
  std::string separator;  ///< one character; empty: that of the format
  bool without_header = false;
  std::vector<std::string> columns;  ///< empty: all, or those of the header
  bool comments = false;             ///< lines that begin with # are no rows
};

/// What a new table is to be.
struct types_request {
  std::optional<kind> what;
  std::optional<std::string> key;  ///< any, if it is not said
  std::optional<std::string> value;
};

/// What an object {Key, ..} of DETS or ETS is in a table of entries.
enum class object_shape : std::uint8_t {
  by_content,
  pairs,    ///< {Key, Value} is an entry
  objects,  ///< the whole object is the value of its key
};

/// The format of a new file.
enum class target_format : std::uint8_t { by_name, native, dets };

/// One command line.
struct request {
  std::string command;
  std::string file;
  std::string other;  ///< a second file
  std::string table;  ///< of a file with several; empty: the only one
  std::string key;
  std::optional<std::string> value;
  notation how = notation::by_schema;
  colours colour = colours::where_possible;
  bool raw = false;
  bool only_new = false;
  bool append = false;  ///< import: without comparing
  bool skip_bad = false;
  std::string rejects;
  bool dry_run = false;
  bool force = false;
  target_format to = target_format::by_name;
  object_shape shape = object_shape::by_content;
  std::uint32_t keypos = 0;  ///< of the objects that values are; 0: where it is
  bool yes = false;
  std::vector<std::string> renames;
  std::vector<std::string> defaults;
  std::vector<std::string> drops;
  std::string record;
  double interval = 2;
  std::uint64_t rounds = 0;  ///< of watch; 0: until it is interrupted
  selection_request selection;
  rows_request rows;
  types_request types;
};

}  // namespace shelf::cli
