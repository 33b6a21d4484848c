// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// A file written beside and renamed: whoever finds it under its name finds all of it.
#pragma once

#include "cli/files/standing_file.hpp"
#include "shelf/error.hpp"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace shelf::cli {

/// Thread safety: one thread. What is not published is removed.
class output_file {
 public:
  /// Errors: those of replacement_permit::ask; file_error, no_space.
  [[nodiscard]] static result<output_file> create(const std::string& path,
                                                  const std::vector<std::string>& inputs,
                                                  bool force);
  output_file(output_file&&) noexcept = default;
  output_file& operator=(output_file&&) = delete;
  ~output_file();

  /// A file is synced now and then, so that publish() waits for little.
  [[nodiscard]] result<> write(std::string_view text);
  /// Everything is in the file, which gets its name, over what stood there.
  [[nodiscard]] result<> publish();

 private:
  struct closer {
    void operator()(std::FILE* f) const noexcept { std::fclose(f); }
  };
  output_file(std::FILE* f, std::string path, std::string beside, replacement_permit permit)
      : file_(f), path_(std::move(path)), beside_(std::move(beside)), permit_(std::move(permit)) {}
  [[nodiscard]] std::unexpected<error> failure() const;
  [[nodiscard]] bool is_direct() const noexcept { return !is_nameless_ && beside_.empty(); }
  [[nodiscard]] result<> sync();
  [[nodiscard]] bool give_name(const std::string& name) const;

  std::unique_ptr<std::FILE, closer> file_;
  std::string path_;
  std::uint64_t unsynced_ = 0;
  std::string beside_;        ///< where it is until it has its name; empty: nowhere
  bool is_nameless_ = false;  ///< in no directory yet
  bool force_ = false;        ///< replaces tables, too
  replacement_permit permit_;
};

}  // namespace shelf::cli
