// STORES  api -> engine -> [stores] -> journal -> file
// A backup and the increments that continue it.
#pragma once

#include "file/location.hpp"
#include "journal/file_header.hpp"
#include "journal/journal_view.hpp"
#include "shelf/progress.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace shelf::stores {

/// Files that were looked at as a whole, every checksum of them.
/// Thread safety: one thread.
class backup_chain {
 public:
  struct part {
    std::string path;
    std::unique_ptr<file::location> where;
    std::unique_ptr<journal::journal_view> view;
    journal::file_header header;
  };

  /// Errors: those of journal_view::open, not_a_table if the backup is an increment; corrupt: a
  /// file is incomplete; invalid_argument: an increment is a whole backup, is of another database
  /// or does not continue the file before it, and the message says which file is missing or in the
  /// wrong place. `tell` is told of the bytes; its last step is left to the caller.
  [[nodiscard]] static result<backup_chain> open(file::system& system, const std::string& backup,
                                                 const std::vector<std::string>& increments,
                                                 const std::optional<std::string>& base_directory,
                                                 const progress& tell);
  /// The caller's step of `tell`.
  [[nodiscard]] progress last_step(const progress& tell) const {
    return detail::step_of(tell, parts_.size(), parts_.size() + 1);
  }

  [[nodiscard]] const std::vector<part>& parts() const noexcept { return parts_; }
  [[nodiscard]] const part& whole() const noexcept { return parts_.front(); }
  [[nodiscard]] bool have_several_tables() const noexcept;
  /// Hands out what the backup holds, then the changes of each increment.
  [[nodiscard]] result<> replay(journal::visitor& out) const;

 private:
  [[nodiscard]] result<> take(file::system& system, const std::string& path,
                              const std::optional<std::string>& base_directory,
                              const progress& tell);
  [[nodiscard]] result<> check(std::size_t i) const;

  std::vector<part> parts_;
};

}  // namespace shelf::stores
