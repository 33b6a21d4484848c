// CLI  [cli] -> api -> table -> journal -> file
// Text as a terminal shows it.
#pragma once

#include <string>
#include <string_view>

namespace shelf::cli {

/// Columns that text takes on a terminal: wide characters take two, combining ones none.
[[nodiscard]] std::size_t display_width(std::string_view text);
/// Text that a terminal may be shown: control characters and what is no UTF-8 as \xNN, newlines as
/// \n.
[[nodiscard]] std::string printable(std::string_view text);
/// The front of `text` in at most `width` columns, with an ellipsis if something was cut.
[[nodiscard]] std::string cut_to(std::string_view text, std::size_t width);

}  // namespace shelf::cli
