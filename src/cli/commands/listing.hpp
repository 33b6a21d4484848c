// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Rows shown: a table for people, JSON Lines for programs, Erlang text for those who ask.
#pragma once

#include "cli/request.hpp"
#include "cli/terminal/console.hpp"
#include "rows/source.hpp"

namespace shelf::cli {

/// Writes the selected rows; how many there were. invalid_argument: see selection::make.
[[nodiscard]] result<std::uint64_t> list_rows(const request& r, console& out, const source& from,
                                              const selection_request& which);

}  // namespace shelf::cli
