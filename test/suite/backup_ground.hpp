// SUITE  every verb over every kind, write mode and store
// What the tests of backups stand on: names of files, and what files show.
#pragma once

#include "shelf/backup.hpp"
#include "suite/ground.hpp"

#include <string>
#include <utility>
#include <vector>

namespace shelf::suite {

using backed_ground = ground<kind::set, std::string, std::int64_t>;
using backed_table = backed_ground::table;

inline constexpr auto target = "backup.shelf";
inline constexpr auto restored = "restored.shelf";

/// To restore on that machine.
[[nodiscard]] inline restore_options on(simulation::simulated_disk& disk,
                                        std::vector<std::string> increments = {},
                                        bool replace = false) {
  return {.increments = std::move(increments),
          .replace = replace,
          .where = {.base_directory = {}, .system = &disk, .table = {}},
          .tell = {}};
}

/// What a file shows.
[[nodiscard]] inline auto entries_of(simulation::simulated_disk& disk, const std::string& file) {
  backed_table::config c;
  c.path = file;
  c.system = &disk;
  c.opening = opening::read_only;
  return contents(or_throw(backed_table::open(std::move(c))));
}

}  // namespace shelf::suite
