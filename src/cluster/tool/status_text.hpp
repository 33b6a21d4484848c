// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// What `shelf-cluster status` prints.
#pragma once

#include "shelf/cluster.hpp"

#include <string>

namespace shelf::cluster {

/// For people.
[[nodiscard]] std::string as_text(const server_status& s, const config& of);
/// One line of JSON.
[[nodiscard]] std::string as_json(const server_status& s, const config& of);

}  // namespace shelf::cluster
