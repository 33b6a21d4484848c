// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Tables created and dropped, and the log trimmed, from the command line.
#pragma once

#include "cluster/tool/request.hpp"

namespace shelf::cluster {

// What to print. Errors: those of the server; besides, as follows.
/// Errors: invalid_argument: a type is none; wrong_kind, type_mismatch: the table is there with
/// others.
[[nodiscard]] result<std::string> add_table(const request& r);
/// Errors: not_found.
[[nodiscard]] result<std::string> drop_table(const request& r);
/// Errors: invalid_argument: the age is no duration, or less than nodes need, and `force` is false.
[[nodiscard]] result<std::string> trim_log(const request& r);

}  // namespace shelf::cluster
