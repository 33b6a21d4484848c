// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// What the command line asked for, as plain values: the border between CLI11 and the commands.
#pragma once

#include "cli/terminal/console.hpp"
#include "rows/row_format.hpp"
#include "rows/selection.hpp"
#include "rows/text/notation.hpp"
#include "shelf/kind.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace shelf::cli {

// The tool is about rows: it speaks of them by their plain names.
using namespace rows;

/// What the process returns.
enum class exit_status : std::uint8_t {
  ok = 0,
  refused = 1,    ///< refused, damaged or different
  usage = 2,      ///< the command line makes no sense
  not_found = 3,  ///< no such key, no such file
};

/// What a new table is to be.
struct types_request {
  std::optional<kind> what;
  std::optional<std::string> key;  ///< any, if it is not said
  std::optional<std::string> value;
  std::vector<std::string> unique;   ///< create: members, "city,age" if there are several
  std::vector<std::string> indexes;  ///< create: the same
};

/// What an object {Key, ..} of DETS or ETS is in a table of entries.
enum class object_shape : std::uint8_t {
  by_content,
  pairs,    ///< {Key, Value} is an entry
  objects,  ///< the whole object is the value of its key
};

/// What becomes of deadlines where the target has no room for them.
enum class lost_deadlines : std::uint8_t {
  refuse,
  drop,
  field,  ///< DETS: a value becomes {Value, DeadlineMs}
};

/// The format of a new file.
enum class target_format : std::uint8_t { by_name, native, dets, sqlite };

/// One command line.
struct request {
  std::string command;
  std::string file;
  std::string other;  ///< a second file
  std::string table;  ///< of a file with several; empty: the only one
  std::string key;
  std::optional<std::string> watched;                     ///< a key
  std::string since;                                      ///< of a backup: a position
  std::vector<std::pair<std::string, kind>> table_kinds;  ///< of a dump, by name
  std::vector<std::string> increments;                    ///< of a backup to restore
  std::string from = "oldest";                            ///< of changes
  bool follow = false;
  bool before = false;
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
  bool drop_history = false;
  target_format to = target_format::by_name;
  object_shape shape = object_shape::by_content;
  std::uint32_t keypos = 0;  ///< of the objects that values are; 0: where it is
  bool yes = false;
  std::vector<std::string> renames;
  std::vector<std::string> defaults;
  std::vector<std::string> drops;
  std::vector<std::string> records;
  double interval = 2;
  std::uint64_t rounds = 0;            ///< of watch; 0: until it is interrupted
  std::optional<std::string> expires;  ///< put: when
  std::optional<std::string> in;       ///< touch: after this time
  std::optional<std::string> at;       ///< touch: at this time
  bool never = false;                  ///< touch
  bool expired = false;                ///< list: only what has expired
  bool with_deadline = false;          ///< get
  bool explains = false;               ///< list, count: how rows are found, instead of them
  lost_deadlines lost = lost_deadlines::refuse;
  selection_request selection;
  rows_request rows;
  types_request types;
};

}  // namespace shelf::cli
