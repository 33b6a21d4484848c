// UPKEEP  cli -> rows -> [upkeep] -> engine -> stores -> journal -> file
// A new file of any number of tables, written entry by entry, with no table in memory.
#pragma once

#include "file/location.hpp"
#include "shelf/config.hpp"
#include "shelf/upkeep.hpp"
#include "stores/new_file.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace shelf::detail {

/// Memory holds about a frame. Of equal keys of a set the last counts, when the file is opened.
/// Thread safety: one thread.
class table_builder {
 public:
  /// The tables have the places 0, 1, ... in `tables`. Errors: those of new_file::create;
  /// invalid_argument: a name that is none, or that two tables have.
  [[nodiscard]] static result<table_builder> create(const std::string& path,
                                                    std::span<const file_description> tables,
                                                    const path_options& options = {});

  /// Adds an entry to the table of that place. Errors: size_limit_exceeded, which changes nothing;
  /// no_space, file_error.
  [[nodiscard]] result<> add(std::size_t table, bytes key, bytes value, std::uint64_t until);
  /// The file gets its name: file_error (EEXIST) if that is taken; no_space.
  [[nodiscard]] result<> publish();

 private:
  table_builder(std::unique_ptr<file::location> where, stores::new_file made)
      : where_(std::move(where)), made_(std::move(made)) {}

  std::unique_ptr<file::location> where_;  // made_ refers to it
  stores::new_file made_;
  std::vector<kind> kinds_;
  std::uint64_t batch_ = 1;
  std::uint64_t added_ = 0;
};

}  // namespace shelf::detail
