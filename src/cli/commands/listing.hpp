// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Rows shown: a table for people, JSON Lines for programs, Erlang text for those who ask.
#pragma once

#include "cli/request.hpp"
#include "cli/terminal/console.hpp"
#include "rows/source.hpp"

#include <string>

namespace shelf::cli {

/// Writes the selected rows; a page ends with the cursor of the next. invalid_argument: see
/// selection::make.
[[nodiscard]] result<> list_rows(const request& r, console& out, const source& from,
                                 const selection_request& which);

/// A value as get and take print it: a line, or with --raw the bytes themselves.
[[nodiscard]] std::string printed_value(const request& r, const console& out, const schema& s,
                                        const term& value);

}  // namespace shelf::cli
