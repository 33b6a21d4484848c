// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// All tables of a shelf file, at one moment.
#pragma once

#include "cli/terminal/console.hpp"
#include "rows/dump.hpp"
#include "shelf/detail/database_core.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace shelf::cli {

struct whole_database {
  /// Opened alongside whoever writes it. Errors: those of describe_all and database::open.
  [[nodiscard]] static result<whole_database> open(const std::string& file, const console& out);
  /// How many entries have a deadline.
  [[nodiscard]] std::uint64_t expiring() const;

  std::vector<rows::dumped_table> tables;
  std::vector<std::shared_ptr<detail::core>> cores;  ///< in the order of the tables
  std::shared_ptr<detail::database_core> database;
  std::shared_ptr<const detail::database_snapshot_core> moment;
};

}  // namespace shelf::cli
