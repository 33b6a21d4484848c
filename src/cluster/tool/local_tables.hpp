// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// The tables of a shelf file, of any types, at one moment.
#pragma once

#include "cluster/server.hpp"
#include "shelf/detail/database_core.hpp"

#include <memory>
#include <string>
#include <vector>

namespace shelf::cluster {

struct local_tables {
  /// Opened alongside whoever writes it. Errors: those of describe_all and database::open; every
  /// entry is held against its types.
  [[nodiscard]] static result<local_tables> open(const std::string& path);
  /// Of all tables.
  [[nodiscard]] std::uint64_t entries() const;

  std::vector<catalog_table> tables;                 ///< as a server would have them; id is 0
  std::vector<std::shared_ptr<detail::core>> cores;  ///< in the order of the tables
  std::shared_ptr<detail::database_core> database;
  std::shared_ptr<const detail::database_snapshot_core> moment;
};

}  // namespace shelf::cluster
