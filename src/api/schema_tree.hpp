// API  [api] -> table -> journal -> file
// A schema as a tree: what the text in a file's catalogue says (grammar in schema.cpp).
#pragma once

#include <optional>
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

/// nullopt if `text` is no schema, or nests more than 256 deep. The tree points into `text`, which
/// may come from anyone. Time is linear in it.
[[nodiscard]] std::optional<schema_node> parse_schema(std::string_view text);

}  // namespace shelf::detail
