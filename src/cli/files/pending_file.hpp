// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// A table made under a name of its own, which gets the wanted name when it is complete.
#pragma once

#include "cli/files/standing_file.hpp"
#include "shelf/error.hpp"

#include <cstdint>
#include <string>

namespace shelf::cli {

/// So far ahead of the disk a file may be that is written whole, as in the library
/// (file/sync_pace.hpp): then it is synced.
inline constexpr std::uint64_t most_unsynced = std::uint64_t{32} << 20;

/// The name of a file to be. What is not published is removed. Thread safety: one thread.
class pending_file {
 public:
  /// file_error (EEXIST): something is there, and replace is false; already_open: it is a table
  /// that a process has open for writing.
  [[nodiscard]] static result<pending_file> beside(const std::string& target, bool replace);
  pending_file(pending_file&& other) noexcept;
  pending_file& operator=(pending_file&&) = delete;
  ~pending_file();

  /// Where to make it.
  [[nodiscard]] const std::string& path() const noexcept { return beside_; }
  /// What is in it is on disk. Called now and then while it is filled, so that to close it takes no
  /// longer than the rest. Errors: file_error; then it must not be published.
  [[nodiscard]] result<> sync() const;
  /// Gives it its name, in one step that is on disk when this returns. To be called when the file
  /// is closed and synced. Errors: file_error, EEXIST if something came to be there meanwhile.
  [[nodiscard]] result<> publish();

 private:
  pending_file(std::string target, std::string beside, bool replace, replacement_permit permit)
      : target_(std::move(target)),
        beside_(std::move(beside)),
        replace_(replace),
        permit_(std::move(permit)) {}

  std::string target_;
  std::string beside_;
  bool replace_;
  replacement_permit permit_;
};

}  // namespace shelf::cli
