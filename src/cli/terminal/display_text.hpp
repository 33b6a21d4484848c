// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Text as a terminal shows it.
#pragma once

#include "error/printable.hpp"

#include <string>
#include <string_view>

namespace shelf::cli {

/// Columns that text takes on a terminal: wide characters take two, combining ones none.
[[nodiscard]] std::size_t display_width(std::string_view text);
/// Text that a terminal may be shown, on one line.
using detail::printable;
/// The same for text of several lines: newlines and tabs stay.
[[nodiscard]] std::string printable_lines(std::string_view text);
/// The front of `text` in at most `width` columns, with an ellipsis if something was cut.
[[nodiscard]] std::string cut_to(std::string_view text, std::size_t width);

}  // namespace shelf::cli
