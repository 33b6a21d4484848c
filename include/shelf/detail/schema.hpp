// API  [api] -> engine -> stores -> journal -> file
// Comparing the types that a file was written with to those that a program wants.
#pragma once

#include "shelf/error.hpp"

#include <string>
#include <string_view>

namespace shelf::detail {

/// Differences between two schemas that are allowed on request.
struct schema_rules {
  bool missing_fields = false;  ///< records of the file may lack the last fields of the program's
  bool renamed_fields = false;  ///< fields are told by their place alone
};

/// ok: what was written as `stored` may be read as `wanted`. type_mismatch: the sentence names the
/// first field that differs: "field expires_at: the file holds integer, the program wants float".
/// Always allowed: more names in an enumeration, more alternatives in a variant. corrupt: `stored`
/// is no schema; size_limit_exceeded: it is larger than any may be. Time and memory are linear in
/// both texts; `stored` may come from anyone.
[[nodiscard]] result<> compare_schema(std::string_view stored, std::string_view wanted,
                                      schema_rules rules = {});

}  // namespace shelf::detail
