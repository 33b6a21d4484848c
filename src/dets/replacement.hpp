// DETS  api -> engine -> stores -> [dets] -> file
// A new file beside the old one, which takes its place in one step or goes away.
#pragma once

#include "dets/storage.hpp"
#include "file/location.hpp"

#include <string>

namespace shelf::dets_format {

/// A temporary file in the directory of `where`, locked as the file itself is. The location
/// outlives it.
class replacement {
 public:
  [[nodiscard]] static result<replacement> begin(const file::location& where);
  replacement(replacement&& other) noexcept;
  replacement& operator=(replacement&&) = delete;
  ~replacement();

  /// Where its content goes.
  [[nodiscard]] storage& content() noexcept { return content_; }
  /// Syncs it and gives it the name, and the mode and owner of `like` if that is not null. The
  /// directory is not synced. replace: over the old file. On an error the old file is as it was.
  [[nodiscard]] result<storage> publish(const file::open_file* like, bool replace);
  /// Gives it the mode and owner of `like`, syncs it and lets go of it: file and temporary name are
  /// the caller's.
  struct unnamed {
    storage content;
    std::string name;
  };
  [[nodiscard]] result<unnamed> release(const file::open_file* like);

 private:
  explicit replacement(const file::location& where) noexcept : where_(&where) {}
  [[nodiscard]] result<> settle(const file::open_file* like,
                                file::location::temporary& named) const;

  const file::location* where_;
  storage content_;
  std::string name_;  // empty once it is published
};

}  // namespace shelf::dets_format
