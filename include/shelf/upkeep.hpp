// API  [api] -> engine -> stores -> journal -> file
// A table's file looked after without its types: described, checked, copied, salvaged.
#pragma once

#include "shelf/config.hpp"
#include "shelf/error.hpp"
#include "shelf/index_description.hpp"
#include "shelf/kind.hpp"
#include "shelf/progress.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace shelf {

/// What the header and the catalog of a file say about a table of it.
struct file_description {
  kind what = kind::set;         ///< which kind of table it is
  std::string name;              ///< as in the catalog
  std::string key_schema;        ///< docs/types.md has the grammar
  std::string value_schema;      ///< docs/types.md has the grammar
  std::uint64_t file_bytes = 0;  ///< the file's length, including zeros written ahead
  bool closed = false;           ///< the last writer closed it; a table in use is not
  std::uint64_t sequence = 0;    ///< of the last batch that the header knows of
  std::uint64_t era = 0;         ///< the session of writing that the header knows of
  std::int64_t held_by = 0;      ///< process that has it open for writing, if known; advisory
  std::uint32_t id = 1;          ///< of the table in the file
  bool in_memory = false;        ///< the table's entries are in memory only, not in the file
  std::vector<index_description> indexes = {};  ///< of the program that wrote the table last
};

/// Describes the only table of the file at `path`, or the one that options.table names, also while
/// it is open elsewhere. Constant time for a file that never had several tables, nor other indexes
/// than its first ones; else one pass over the file. Errors: invalid_path, not_found (no such file,
/// or no such table in it), not_a_table, wrong_kind (several tables, which it names, and none was
/// asked for), corrupt (header or catalog), unsupported_version, file_error.
[[nodiscard]] result<file_description> describe(const std::string& path,
                                                const path_options& options = {});

/// Describes every table of a file, in the order in which they were made. Errors: as describe.
[[nodiscard]] result<std::vector<file_description>> describe_all(const std::string& path,
                                                                 const path_options& options = {});

/// What check() found in a sound file.
struct file_check {
  file_description of;           ///< what the file says of its first table
  std::uint64_t tables = 1;      ///< how many there are
  std::uint64_t entries = 0;     ///< pairs, also in bags
  std::uint64_t batches = 0;     ///< complete ones, including notes and seals
  std::uint64_t torn_bytes = 0;  ///< of an incomplete write; the next writer cuts them off
};

/// Reads the whole file and checks every byte and entry, also against the file's types. Changes
/// nothing, and works while the file is open elsewhere. Errors: those of describe; corrupt names
/// the first damaged byte; type_mismatch says how many entries do not match their types, and why
/// for the first few; key_already_present names two entries that a unique index of the file has
/// under one key. Costs the memory of the table and of its unique indexes.
[[nodiscard]] result<file_check> check(const std::string& path, const path_options& options = {},
                                       const progress& tell = {});

/// What copy() wrote.
struct copy_counts {
  std::uint64_t batches = 0;  ///< those that change something
  std::uint64_t bytes = 0;    ///< of the new file
};

/// Copies the table at `from` into a new file at `to`: one consistent moment, complete batches
/// only, also while it is being written. `to` gets its name when it is complete and on disk. The
/// history is copied as it is; the copy is an independent table. Errors: those of describe;
/// file_error (EEXIST) if `to` exists; no_space. Costs a few MiB of memory, regardless of the size.
[[nodiscard]] result<copy_counts> copy(const std::string& from, const std::string& to,
                                       const path_options& options = {}, const progress& tell = {});

/// A place where a file could not be read.
struct lost_place {
  std::uint64_t from = 0;  ///< first byte
  std::uint64_t to = 0;    ///< one past the last byte
  /// The sequence numbers of the missing or incomplete batches; not every number need have been
  /// used.
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;  ///< 0: none known
  bool promised = false;  ///< it had been on disk; otherwise it may be an incomplete write
};

/// A record that salvage() left out: its checksum was right, but no open would take it.
struct unsound_record {
  std::uint64_t sequence = 0;  ///< of its batch
  std::string why;             ///< without keys and values
};

/// What salvage() recovered and what was lost.
struct salvage_report {
  file_description of;            ///< as salvaged
  std::uint64_t batches = 0;      ///< recovered, completely or in part
  std::uint64_t changes = 0;      ///< kept
  std::uint64_t bad_records = 0;  ///< left out, or schemas that were replaced: no open takes them
  std::vector<unsound_record> left_out;  ///< the bad records; the first thousand
  std::vector<lost_place> lost;          ///< in the order of the file; the first thousand
  std::uint64_t lost_places = 0;         ///< all of them
  std::uint64_t lost_bytes = 0;          ///< in all of them
  std::vector<std::uint64_t> partial;    ///< batches of which a part is missing; the first thousand
};

/// What to assume if the file's first batch, which describes the table, is lost. The schemas also
/// stand in for those of a file that no open would read.
struct salvage_options {
  path_options where = {};           ///< of both files
  std::optional<kind> what = {};     ///< which kind of table it was
  std::string key_schema = "any";    ///< the types of its keys, in the grammar of docs/types.md
  std::string value_schema = "any";  ///< the types of its values
};

/// Writes what can still be read of a damaged table at `from` into a new file at `to`, which gets
/// its name when it is complete and on disk; `from` is only read. Every batch is kept whose frames
/// hold, and of a batch that lost frames the rest. What every open would refuse is left out and
/// listed, so that the new file opens: a key or value that no table keeps, a malformed schema. A
/// change that was lost is as if it had never
/// been made: an entry may have an older value, or be there although it was erased. Errors:
/// not_a_table, corrupt if both copies of the header are gone (no checksum can be verified without
/// it), unsupported_version if a newer shelf wrote the file, invalid_argument if the first batch is
/// lost and `what` does not say the kind; file_error (EEXIST) if `to` is there. Costs a few MiB of
/// memory.
[[nodiscard]] result<salvage_report> salvage(const std::string& from, const std::string& to,
                                             const salvage_options& options = {},
                                             const progress& tell = {});

}  // namespace shelf
