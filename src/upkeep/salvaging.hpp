// UPKEEP  cli -> rows -> [upkeep] -> engine -> stores -> journal -> file
// A new file made of what a damaged one still holds: what shelf::salvage does, but for the grammar
// of schemas.
#pragma once

#include "shelf/detail/function_ref.hpp"
#include "shelf/upkeep.hpp"

#include <string>

namespace shelf::upkeep {

/// ok: an open will read this schema. The error goes on where "the schema" begins.
using schema_judge = detail::function_ref<result<>(const std::string& schema)>;

/// See shelf::salvage.
[[nodiscard]] result<salvage_report> salvage(const std::string& from, const std::string& to,
                                             const salvage_options& options, schema_judge judge,
                                             const progress& tell);

}  // namespace shelf::upkeep
