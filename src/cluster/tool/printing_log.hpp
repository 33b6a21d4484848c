// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// The log of a space as JSON lines.
#pragma once

#include "cluster/tool/request.hpp"

namespace shelf::cluster {

/// Prints the commits after `since`, or the last ones, one line each:
///   {"seq":7,"nonce":"..","changes":[{"table":"users","change":"put","key":"a","value":1}]}
/// With `follow`, until the process is ended. Errors: not_found: the log has no such commit; those
/// of the server; file_error: standard output takes no more.
[[nodiscard]] result<> print_log(const request& r);

}  // namespace shelf::cluster
