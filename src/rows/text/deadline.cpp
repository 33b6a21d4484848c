// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// What is not a deadline is refused here, before a table is asked.
#include "rows/text/deadline.hpp"

#include "rows/text/instant.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

namespace shelf::rows {
namespace {

[[nodiscard]] std::unexpected<error> refuse(std::string why) {
  return std::unexpected(error(errc::invalid_argument, std::move(why)));
}

/// Takes the unit at the front of `text`: its milliseconds, 0 if there is none.
[[nodiscard]] std::int64_t take_unit(std::string_view& text) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> units{
      {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
  for (const auto& [name, milliseconds] : units) {
    if (!text.starts_with(name)) continue;
    text.remove_prefix(name.size());
    return milliseconds;
  }
  return 0;
}

/// The milliseconds of a duration that is well written; the longest, if it is longer.
[[nodiscard]] std::optional<std::int64_t> milliseconds_of(std::string_view text) {
  constexpr auto too_long = expiry::longest + 1;
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  while (!text.empty()) {
    std::uint64_t count = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
    if (read.ec == std::errc::invalid_argument) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    const auto unit = take_unit(text);
    if (unit == 0) return std::nullopt;
    std::int64_t part = 0;
    if (read.ec != std::errc{} || __builtin_mul_overflow(count, unit, &part) ||
        __builtin_add_overflow(total, part, &total) || total > too_long) {
      total = too_long;
    }
  }
  return total;
}

}  // namespace

result<expiry> parse_duration(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  const auto total = milliseconds_of(is_negative ? text.substr(1) : text);
  if (!total) {
    return refuse(fmt::format("expected a duration such as 90s, 5m or 1h30m, found '{}'", text));
  }
  if (is_negative || *total == 0) return refuse(fmt::format("{} is not a positive duration", text));
  if (*total > expiry::longest) {
    return refuse(fmt::format("{} is too long a duration; never keeps an entry forever", text));
  }
  return expiry::in(std::chrono::milliseconds(*total));
}

result<expiry> parse_moment(std::string_view text) {
  const auto at = parse_millisecond(text);
  if (!at) return refuse(fmt::format("expected {}, found '{}'", a_time, text));
  if (*at < 0) return refuse(fmt::format("{} is before 1970", text));
  if (*at > expiry::longest) {
    return refuse(fmt::format("{} is after 9999; never keeps an entry forever", text));
  }
  return expiry::at(expiry::time(std::chrono::milliseconds(*at)));
}

result<expiry> parse_expiry(std::string_view text) {
  if (text == "never") return expiry::never();
  if (text == "keep") return expiry::keep();
  if (parse_millisecond(text)) return parse_moment(text);
  if (milliseconds_of(text.starts_with('-') ? text.substr(1) : text)) return parse_duration(text);
  return refuse(
      fmt::format("expected a duration such as 5m, {}, never or keep, found '{}'", a_time, text));
}

std::string show_deadline(deadline until) {
  const auto at = detail::moment_of(until);
  return at ? show_millisecond(at->time_since_epoch().count()) : "never";
}

}  // namespace shelf::rows
