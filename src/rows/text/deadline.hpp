// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Deadlines as people write them: 5m, 2026-11-20T12:00:00.500Z, never.
#pragma once

#include "shelf/detail/core.hpp"
#include "shelf/expiry.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace shelf::rows {

/// When an entry expires, in milliseconds since 1970, or no_deadline.
using deadline = std::uint64_t;
using detail::no_deadline;

/// A duration: whole numbers with ms, s, m, h or d behind them, such as 90s or 1h30m.
/// invalid_argument, with the cause alone as its sentence: no such text, not positive, or longer
/// than 8,000 years.
[[nodiscard]] result<expiry> parse_duration(std::string_view text);

/// A time of day of a date, as parse_instant reads it. invalid_argument, as above: no such text,
/// before 1970 or after 9999.
[[nodiscard]] result<expiry> parse_moment(std::string_view text);

/// Either of them, `never`, or `keep`.
[[nodiscard]] result<expiry> parse_expiry(std::string_view text);

/// A deadline as parse_moment reads it back; `never` for none.
[[nodiscard]] std::string show_deadline(deadline until);

}  // namespace shelf::rows
