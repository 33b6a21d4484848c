// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// A space written into a local file.
#pragma once

#include "cluster/tool/request.hpp"

namespace shelf::cluster {

/// Writes all tables of the space, as they are after one commit, into a new file, which gets its
/// name once it is complete and on disk. What to print. Errors: file_error (EEXIST) if the name is
/// taken; type_mismatch: an entry is not what its table's types say; invalid_argument: a name of a
/// table that no file takes; no_space; those of the server.
/// Cost: memory for one entry and a frame of the file.
[[nodiscard]] result<std::string> export_space(const request& r);

}  // namespace shelf::cluster
