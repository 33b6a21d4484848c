// ERROR  vocabulary of every room
// Text from outside made safe to show: in messages, logs and on terminals.
#pragma once

#include <string>
#include <string_view>

namespace shelf::detail {

/// `text` with whatever could steer a terminal, reorder a line or end it written out: control
/// characters, directional overrides and bytes that are not UTF-8 become \xNN, a newline \n, a tab
/// \t. Escaped text is returned unchanged.
[[nodiscard]] std::string printable(std::string_view text);

/// True if printable() would return `text` as it is.
[[nodiscard]] bool is_printable(std::string_view text) noexcept;

}  // namespace shelf::detail
