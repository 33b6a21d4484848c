// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Integers written with a point or an exponent: 1e3, 2.50e2, 7.0.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace shelf::rows {

/// The digits, with a minus if there is one, of a decimal number that is exactly an integer;
/// nullopt if it is not, if it is no such number, or if it has more than a thousand digits.
[[nodiscard]] std::optional<std::string> whole_number(std::string_view text);

}  // namespace shelf::rows
