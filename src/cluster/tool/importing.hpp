// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// The tables of a local file put into a space.
#pragma once

#include "cluster/tool/request.hpp"

namespace shelf::cluster {

/// Creates the tables that the space lacks and fills them with the entries of the file. A file of
/// up to 8 MiB and 20,000 entries is one commit; a larger one is several, and an error says how far
/// they came. What to print. Errors: wrong_kind, type_mismatch: the space has a table with other
/// types; key_already_present: a table has entries, and `replace` is false; conflict: another
/// process has written to a table meanwhile; invalid_argument: entries with a deadline, keys that
/// the server cannot order; size_limit_exceeded: an entry; those of opening the file; those of the
/// server.
/// Cost: memory for the tables of the file.
[[nodiscard]] result<std::string> import_file(const request& r);

}  // namespace shelf::cluster
