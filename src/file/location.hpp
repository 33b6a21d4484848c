// FILE  api -> table -> journal -> [file]
// Where a table's file stands: a directory held open, a name in it, and what may be done with that
// name.
#pragma once

#include "file/open_file.hpp"

#include <memory>
#include <optional>
#include <string>

namespace shelf::file {

/// A name in a directory that is held open, so that later calls mean the same place whatever
/// happens to the path.
/// Thread safety: all calls from any thread.
class location {
 public:
  /// Finds the place `path` names. With `base_directory` the kernel keeps the path below it
  /// (openat2 RESOLVE_BENEATH, else a careful walk): invalid_path if it leads out, is empty or
  /// holds NUL. A symlink as last component is followed, within the base. The file need not exist;
  /// its directory must.
  [[nodiscard]] static result<location> find(system& system, const std::string& path,
                                             const std::optional<std::string>& base_directory);

  location(location&&) noexcept;
  location& operator=(location&&) noexcept;
  ~location();

  [[nodiscard]] const std::string& path() const noexcept { return shown_; }
  [[nodiscard]] class system& system() const noexcept { return *system_; }

  /// Opens the file to read. not_found if there is none; not_a_table ("is a directory", "is a
  /// FIFO", ...) if it is anything but a regular file.
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
  [[nodiscard]] result<> unlink() const;
  /// file_error (EOPNOTSUPP) if the directory lies on a network file system.
  [[nodiscard]] result<> refuse_network_file_system() const;

 private:
  location(class system& system, descriptor directory, std::string name, std::string shown);

  class system* system_;
  descriptor directory_;
  std::string name_;
  std::string shown_;
};

}  // namespace shelf::file
