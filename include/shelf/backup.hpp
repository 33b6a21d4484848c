// API  [api] -> engine -> stores -> journal -> file
// Backups: what table::backup_to and database::backup_to take and tell, and what restores a file.
#pragma once

#include "shelf/config.hpp"
#include "shelf/error.hpp"
#include "shelf/position.hpp"
#include "shelf/progress.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// backup_to of a table or a database:
//
// The backup shows one moment. It gets its name when it is closed, synced, and was read back with
// its checksums. With options.since it is an increment, if the file still has everything that
// changed since that position, which config.history decides; otherwise it is whole. Tables in
// memory are named in it, without entries. write_mode::back: a whole backup saves first, and an
// increment has what was saved. Opened read_only: backs up what the writer has written. Fenced:
// backs up what memory has. Errors: invalid_argument (no file, a DETS file, or the path is that of
// the file itself), file_error (EEXIST), already_open, no_space, busy, table_closed, those of save.
// Cost: about that of writing the entries. What is replaced meanwhile is retained until it ends.
//
// restore_from of a table or a database:
//
// The chain, types and config.check are tried first. Then entries and file become those of the
// backup: in one step for readers, and on disk when the call returns. Snapshots keep what they
// show, and feeds tell a `reset`. Writers wait while the new file is written. Tables that the
// backup lacks become empty, if it is a backup of this file; tables in memory stay as they are.
// Errors: not_a_table (an increment, too), corrupt, type_mismatch, wrong_kind, not_found (the
// backup is of another database and lacks a table that the program uses), invalid_argument (no
// file, a DETS file, the file itself, or increments that do not continue the backup one after the
// other), read_only, busy, no_space. On error nothing has changed; but after indeterminate the
// database is fenced, and recover() brings back what was there before.

namespace shelf {

/// How a backup is made.
struct backup_options {
  /// The position of an earlier backup: then the backup is an increment, which holds what changed
  /// since, if the file still has all of that. Otherwise it is whole, and the report says so.
  std::optional<shelf::position> since = {};
  /// Whether the target may be there already. It is replaced in one step, once the new backup is
  /// complete. It has to be a file of shelf that no program has open.
  bool replace = false;
  /// If set, the target cannot leave this directory, as config::base_directory.
  std::optional<std::string> base_directory = {};
  /// Told how far it is: of a whole backup the entries, otherwise bytes.
  progress tell = {};
};

/// What a backup file holds.
enum class backup_extent : std::uint8_t {
  whole,      ///< everything: it is a file that every open takes
  increment,  ///< what changed since an earlier backup: restore() adds it to that
};

/// What backup_to() and backup() made.
struct backup_report {
  backup_extent extent = backup_extent::whole;  ///< what the backup holds
  /// The moment that the backup shows. Give it to the next one as `since`.
  shelf::position position = {};
  std::uint64_t batches = 0;  ///< in the file; of an increment those since the earlier backup
  std::uint64_t bytes = 0;    ///< of the file
};

/// Backs up the file of a table or database that this process has not opened: what its writer has
/// written there by now, complete batches only, also while the writer goes on. `options` is about
/// `target`, `from` about `file`. A whole backup is as long as the file, less its history; one made
/// by backup_to() of an open table has no garbage. Errors: invalid_argument if `target` is `file`,
/// under whatever name; file_error (EEXIST) if `target` is there and not to be replaced;
/// already_open if a program has the `target` open; not_found, not_a_table (a DETS file, too),
/// corrupt, unsupported_version of `file`; no_space. On error the target is as it was. Costs a few
/// MiB of memory.
[[nodiscard]] result<backup_report> backup(const std::string& file, const std::string& target,
                                           const backup_options& options = {},
                                           const path_options& from = {});

/// How an open table or database is restored.
struct restore_from_options {
  /// Increments, each of which continues the one before it, and the first the backup.
  std::vector<std::string> increments = {};
  /// Told of the bytes of the files that were read, then of the entries that are written.
  progress tell = {};
};

/// How a backup is restored into a new file.
struct restore_options {
  /// Increments, each of which continues the one before it, and the first the backup.
  std::vector<std::string> increments = {};
  /// Whether the target may be there already: as backup_options::replace.
  bool replace = false;
  /// Where the backup, the increments and the target are: as path_options.
  path_options where = {};
  /// Told of the bytes of the files that were read.
  progress tell = {};
};

/// What restore() wrote.
struct restore_report {
  shelf::position position = {};  ///< the moment that the file shows
  std::uint64_t batches = 0;      ///< in the file
  std::uint64_t bytes = 0;        ///< of the file
};

/// Makes a file of a backup and its increments: `target` gets its name when it is complete, synced,
/// and every checksum in it was verified. Positions of batches that the backup has stay valid;
/// those of later batches count as rolled back. The backup is only read. Errors: not_a_table if the
/// backup is no file of shelf, or an increment; corrupt if a file is damaged or incomplete;
/// invalid_argument if an increment is a whole backup, is of another database, or does not continue
/// the file before it (the message tells whether it is in the wrong place, or one is missing);
/// file_error (EEXIST), already_open and no_space as backup(). On error the target is as it
/// was. Costs a few MiB of memory.
[[nodiscard]] result<restore_report> restore(const std::string& backup, const std::string& target,
                                             const restore_options& options = {});

}  // namespace shelf
