// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Integers that Erlang has and the integer types of C++ do not.
#pragma once

#include "rows/columns.hpp"

namespace shelf::rows {

/// type_mismatch if somewhere in `t`, which fits the schema, an `integer` is beyond 64 bits: a
/// program whose types are C++ integers could not open a table that holds it. What the schema calls
/// `any` is not looked at.
[[nodiscard]] result<> check_integer_width(const schema_node& n, const term& t);

}  // namespace shelf::rows
