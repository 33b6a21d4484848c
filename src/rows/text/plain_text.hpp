// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Values as people write them on a command line and in the cells of a table.
//
//   binary       its content          integer   42, U+1F600, 0x1F600; a time as
//   2026-11-20T12:00:00Z optional(T)  nothing, or T        float, boolean, nil, atom: their word
//   all else     JSON
#pragma once

#include "rows/columns.hpp"
#include "rows/text/json_value.hpp"

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shelf::rows {

/// The term that `text` means under a schema.
[[nodiscard]] std::expected<term, bad_text> from_plain_text(const schema_node& n,
                                                            std::string_view text);
/// What from_plain_text() reads back as the same term.
[[nodiscard]] std::string to_plain_text(const schema_node& n, const term& t);

}  // namespace shelf::rows
