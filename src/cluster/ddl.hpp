// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// The statements that install the server side: src/cluster/schema.sql, for a schema of any name.
#pragma once

#include "shelf/error.hpp"

#include <string>
#include <string_view>

namespace shelf::cluster {

/// The format that this version reads and writes.
inline constexpr int schema_format = 1;

/// Refuses what cannot name a schema or a space: [a-z][a-z0-9_]{0,47}, and no name that begins with
/// pg_, as PostgreSQL's own do. So names need no quoting. Errors: invalid_argument; `what` is for
/// the message: "schema".
[[nodiscard]] result<> check_name(std::string_view what, std::string_view name);

/// One transaction that installs the schema and its roles. `schema` has a valid name.
[[nodiscard]] std::string ddl(std::string_view schema);

/// Text with every `@schema@` replaced.
[[nodiscard]] std::string for_schema(std::string_view statements, std::string_view schema);

}  // namespace shelf::cluster
