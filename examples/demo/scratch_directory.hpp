// DEMO  a temporary directory
// A new directory below TMPDIR or /tmp, removed with its contents at the end.
#pragma once

#include <filesystem>

namespace demo {

class scratch_directory {
 public:
  scratch_directory();
  ~scratch_directory();
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// A new directory in it.
  [[nodiscard]] std::filesystem::path room(const char* name) const;

 private:
  std::filesystem::path path_;
};

}  // namespace demo
