// FILE  api -> engine -> stores -> journal -> [file]
// Where a table's file stands: a directory held open, a name in it, and what may be done with that
// name.
#pragma once

#include "file/open_file.hpp"

#include <memory>
#include <optional>
#include <string>

namespace shelf::file {

/// A name in a directory that is held open, so that later calls mean the same place whatever
/// happens to the path. Thread safety: all calls from any thread.
class location {
 public:
  /// Finds the place `path` names. With `base_directory` the kernel keeps the path below it
  /// (openat2 RESOLVE_BENEATH, else a careful walk): invalid_path if it leads out, is empty or
  /// holds NUL. An absolute path is allowed below a base that is written as an absolute path and is
  /// its prefix. A symlink as last component is followed, within the base. The file need not exist;
  /// its directory must: file_error names the directory. Names that temporary files have are
  /// invalid_path.
  [[nodiscard]] static result<location> find(class system& system, const std::string& path,
                                             const std::optional<std::string>& base_directory);

  location(location&&) noexcept;
  location& operator=(location&&) noexcept;
  ~location();

  /// Frees the descriptor of the directory; only path() and name() mean something after it. Safe to
  /// call twice, and not beside other calls.
  void close() noexcept;
  [[nodiscard]] const std::string& path() const noexcept { return shown_; }
  [[nodiscard]] class system& system() const noexcept { return *system_; }

  /// The last component: the file's name in its directory, after symlinks.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  /// Opens the file to read. not_found if there is none; invalid_path if it is a directory;
  /// not_a_table ("is a FIFO", ...) if it is anything else but a regular file. Below a
  /// base_directory a file with a second name (a hard link, perhaps from outside) is invalid_path.
  [[nodiscard]] result<open_file> open_to_read() const;
  /// Opens to write and locks: already_open (with the holder's pid where known) if another open
  /// file holds the lock. Retries when the name moved to another inode between open and lock.
  [[nodiscard]] result<open_file> open_to_write() const;
  /// A new, empty, locked file under a temporary name in the same directory, mode 0600.
  struct temporary {
    open_file file;
    std::string name;
  };
  [[nodiscard]] result<temporary> create_temporary() const;
  /// Gives the temporary file this location's name. replace: over the old file; else EEXIST gives
  /// already_open. The directory is not synced.
  [[nodiscard]] result<> publish(const temporary& file, bool replace) const;
  /// Removes the temporary name; errors are ignored (it is swept at the next open).
  void discard(const temporary& file) const noexcept;
  [[nodiscard]] result<> sync_directory() const;
  /// Removes temporary files that a killed process left for this name (unlocked, regular, one name,
  /// ours).
  void sweep_temporaries() const noexcept;
  /// replaced if the name now means another file than `file`, or none.
  [[nodiscard]] result<> still_names(const open_file& file) const;
  /// replaced if the file with this status has less than `least` bytes, or this name no more. A
  /// name that this process may not look at counts as its own while the file has one.
  [[nodiscard]] result<> still_holds(const file_status& ours, std::uint64_t least) const;
  [[nodiscard]] result<> unlink() const;
  /// Ends the life of a table: removes the name of `locked`, a file that open_to_write() gave, and
  /// syncs the directory. replaced, with nothing removed, if the name now means another file.
  [[nodiscard]] result<> remove(const open_file& locked) const;
  /// Gives `file` the mode and owner of `from`, so that a rewrite keeps them. If the owner cannot
  /// be kept the file may only become narrower: group and others get nothing. Only a refused mode
  /// is an error.
  [[nodiscard]] result<> keep_mode_and_owner(const open_file& from, const temporary& file) const;
  /// file_error (EOPNOTSUPP) if the directory lies on a network file system.
  [[nodiscard]] result<> refuse_network_file_system() const;

 private:
  class discarding;
  location(class system& system, descriptor directory, std::string name, std::string shown,
           bool beneath);

  [[nodiscard]] result<open_file> open(open_flags flags) const;
  [[nodiscard]] result<> check_regular(const file_status& status) const;
  [[nodiscard]] result<> names(const file_status& ours) const;
  [[nodiscard]] error already_open(std::int64_t holder) const;

  class system* system_;
  descriptor directory_;
  std::string name_;
  std::string shown_;
  bool beneath_;  // found below a base_directory
};

}  // namespace shelf::file
