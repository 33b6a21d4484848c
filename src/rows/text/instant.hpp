// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Times as people write them: 2026-11-20T12:00:00.5Z, always UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shelf::rows {

/// What a sentence calls such a text.
inline constexpr std::string_view a_time = "a time such as 2026-11-20T12:00:00Z";

/// Nanoseconds since 1970 of a date, with or without a time of day behind `T` or a blank, a
/// fraction and a `Z`. nullopt: no such text, or beyond 64 bits.
[[nodiscard]] std::optional<std::int64_t> parse_instant(std::string_view text);

/// The same time as text, with as many digits of a fraction as it needs.
[[nodiscard]] std::string show_instant(std::int64_t nanoseconds);

/// The same in milliseconds, rounded up: they reach further than nanoseconds, to the year 9999.
[[nodiscard]] std::optional<std::int64_t> parse_millisecond(std::string_view text);

/// Always with three digits of a fraction: 2026-11-20T12:00:00.500Z. From the year 0 to 9999.
[[nodiscard]] std::string show_millisecond(std::int64_t milliseconds);

}  // namespace shelf::rows
