// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Whether what a server has of a space is what nodes can follow.
#pragma once

#include "cluster/tool/request.hpp"

namespace shelf::cluster {

/// Reads the whole log and all entries: the log has no gap and ends where the space is; every
/// entry, in tables and in the log, is what its table's types say; the sort keys of ordered tables
/// are those of their terms; no key of a set, and no value of a key of a bag, is there twice. What
/// to print. Errors: corrupt, which says how much is wrong, and names the first few; those of the
/// server. Cost: memory for the largest table's keys of bags; commits are not held up.
[[nodiscard]] result<std::string> check_space(const request& r);

}  // namespace shelf::cluster
