// CODEC  api -> [codec] -> term
// A schema as a tree: what the text in a file's catalogue says (grammar in schema.cpp).
#pragma once

#include "shelf/error.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace shelf::detail {

/// One schema: its word, and what stands in its brackets.
struct schema_node {
  enum class form { word, call, tuple, record };
  form what = form::word;
  std::string_view word;                ///< "list", the tag of a record; empty for a tuple
  std::string_view text;                ///< the whole of it
  std::string_view detail;              ///< a unit, a size: compared as text
  std::vector<std::string_view> names;  ///< fields, atoms, the name of a codec
  std::vector<schema_node> parts;
};

/// What a schema may have at most: its text may come from anyone. No type of a program comes near.
inline constexpr std::size_t most_schema_bytes = std::size_t{1} << 20;
inline constexpr std::size_t most_schema_members = std::size_t{1} << 14;  ///< types, fields, names
inline constexpr int most_schema_depth = 256;

/// The tree points into `text`. Time is linear in it. The error's message goes on where "the
/// schema" begins: corrupt, "is malformed at byte 7"; size_limit_exceeded, with the limit.
[[nodiscard]] result<schema_node> parse_schema(std::string_view text);

}  // namespace shelf::detail
