// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// A directory of its own for files that nobody keeps.
#pragma once

#include "shelf/error.hpp"

#include <string>

namespace shelf::cli {

/// Made empty, with a name no other has; removed with all that lies in it.
class scratch_directory {
 public:
  /// Below `parent`. not_found: there is no such directory. file_error, no_space: it cannot be
  /// written.
  [[nodiscard]] static result<scratch_directory> below(const std::string& parent);
  scratch_directory(scratch_directory&& other) noexcept : path_(std::move(other.path_)) {
    other.path_.clear();
  }
  scratch_directory& operator=(scratch_directory&&) = delete;
  ~scratch_directory();

  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  explicit scratch_directory(std::string path) : path_(std::move(path)) {}

  std::string path_;  ///< empty: moved from
};

}  // namespace shelf::cli
