// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// The settings of a server that decide what an acknowledged commit is worth.
#pragma once

#include "cluster/connection.hpp"
#include "shelf/cluster.hpp"

namespace shelf::cluster {

/// Fills in its version, whether it is a primary, and what it promises. Errors: those of a query.
[[nodiscard]] result<> read_settings(connection& c, server_status& s, deadline until);

}  // namespace shelf::cluster
