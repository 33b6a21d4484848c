// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// What already has the name that a new file is to get: whether it may be replaced.
#pragma once

#include "shelf/error.hpp"

#include <string>
#include <utility>
#include <vector>

namespace shelf::cli {

/// Permission to replace whatever has a name. Where that is a table, its lock is held as long as
/// the permission lives, so that no process opens it meanwhile. Thread safety: one thread.
class replacement_permit {
 public:
  /// invalid_argument: the name is that of one of `inputs` ("-" is standard input), also by a link.
  /// file_error (EEXIST): it is a table of shelf, a DETS file or an ets:tab2file dump, and
  /// `force` is false. already_open: it is a table that a process has open for writing, whatever
  /// `force` says.
  [[nodiscard]] static result<replacement_permit> ask(const std::string& target,
                                                      const std::vector<std::string>& inputs,
                                                      bool force);
  replacement_permit(replacement_permit&& other) noexcept
      : locked_(std::exchange(other.locked_, -1)) {}
  replacement_permit& operator=(replacement_permit&&) = delete;
  ~replacement_permit();

  /// True if what is to be replaced is a table, locked by this permit.
  [[nodiscard]] bool holds_table() const noexcept { return locked_ >= 0; }

 private:
  explicit replacement_permit(int locked) noexcept : locked_(locked) {}
  int locked_;  ///< descriptor of a table, -1: there is none
};

/// invalid_argument: standard output is this very file, so what is printed would end up in it.
[[nodiscard]] result<> refuse_output_into(const std::string& file);

/// invalid_argument: the two names, "-" being standard input, are of one file.
[[nodiscard]] result<> refuse_same_file(const std::string& target, const std::string& input);

}  // namespace shelf::cli
