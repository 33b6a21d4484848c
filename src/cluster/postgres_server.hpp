// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// A session with a PostgreSQL server.
#pragma once

#include "cluster/connection.hpp"
#include "cluster/server.hpp"
#include "shelf/cluster.hpp"

#include <memory>
#include <optional>
#include <string>

namespace shelf::cluster {

/// Where a space is.
struct space_settings {
  connection_settings connection;
  std::string schema = "shelf";  ///< checked by check_name
  std::string space = "main";
  std::optional<cluster::promise> promise = {};  ///< the server has to promise at least this
  bool is_standby = false;                       ///< it may not have yet what the primary has
};

/// Errors: not_found: the schema is not installed; unsupported_version: it has another format;
/// those of a query.
[[nodiscard]] result<> check_format(connection& c, const std::string& schema, deadline until);
/// The number of a space. Errors: not_found; those of a query.
[[nodiscard]] result<std::int32_t> find_space(connection& c, const std::string& schema,
                                              const std::string& space, deadline until);

/// Connects, and finds the space. Errors: those of connection::open; not_found: no such space, or
/// the schema is not installed; unsupported_version: the schema has another format; unsafe_engine:
/// it promises less than it has to.
[[nodiscard]] result<std::unique_ptr<server>> open_postgres(const space_settings& how,
                                                            deadline until);

}  // namespace shelf::cluster
