// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// The calendar is std::chrono's.
#include "rows/text/instant.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace shelf::rows {
namespace {

constexpr std::int64_t a_second = 1'000'000'000;
constexpr std::int64_t a_day = 86400 * a_second;

/// Takes the number of `digits` digits at the front of `text`, and the mark behind it if there is
/// to be one.
[[nodiscard]] std::optional<int> take(std::string_view& text, std::size_t digits, char mark) {
  int value = 0;
  if (text.size() < digits) return std::nullopt;
  const auto read = std::from_chars(text.data(), text.data() + digits, value);
  if (read.ec != std::errc{} || read.ptr != text.data() + digits || value < 0) return std::nullopt;
  text.remove_prefix(digits);
  if (mark == '\0') return value;
  if (!text.starts_with(mark)) return std::nullopt;
  text.remove_prefix(1);
  return value;
}

/// .5 as nanoseconds: up to nine digits.
[[nodiscard]] std::optional<std::int64_t> take_fraction(std::string_view& text) {
  if (!text.starts_with('.')) return 0;
  text.remove_prefix(1);
  std::int64_t value = 0;
  int digits = 0;
  for (; digits < 9 && !text.empty() && text[0] >= '0' && text[0] <= '9'; ++digits) {
    value = value * 10 + (text[0] - '0');
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 9; ++digits) value *= 10;
  return value;
}

/// Seconds of the day, with the fraction in nanoseconds.
[[nodiscard]] std::optional<std::int64_t> time_of_day(std::string_view text) {
  const auto hours = take(text, 2, ':');
  const auto minutes =
      hours ? take(text, 2, text.size() > 2 && text[2] == ':' ? ':' : '\0') : std::nullopt;
  if (!minutes) return std::nullopt;
  std::optional<int> seconds = 0;
  std::optional<std::int64_t> fraction = 0;
  if (!text.empty() && text[0] != 'Z') {
    seconds = take(text, 2, '\0');
    if (seconds) fraction = take_fraction(text);
  }
  if (!seconds || !fraction || (text != "Z" && !text.empty())) return std::nullopt;
  if (*hours > 23 || *minutes > 59 || *seconds > 59) return std::nullopt;
  return ((*hours * 60 + *minutes) * 60 + *seconds) * a_second + *fraction;
}

/// A time in two parts, which fit whatever the year.
struct day_and_time {
  std::int64_t days = 0;    ///< since 1970
  std::int64_t within = 0;  ///< nanoseconds of the day
};

[[nodiscard]] std::optional<day_and_time> parse(std::string_view text) {
  const auto year = take(text, 4, '-');
  const auto month = year ? take(text, 2, '-') : std::nullopt;
  const auto day = month ? take(text, 2, '\0') : std::nullopt;
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  day_and_time read{.days = std::chrono::sys_days(date).time_since_epoch().count()};
  if (text.empty()) return read;
  if (text[0] != 'T' && text[0] != ' ') return std::nullopt;
  const auto time = time_of_day(text.substr(1));
  if (!time) return std::nullopt;
  read.within = *time;
  return read;
}

/// The calendar's part, without a fraction and a zone.
[[nodiscard]] std::string show_seconds(std::int64_t days, std::chrono::nanoseconds within) {
  using namespace std::chrono;
  const year_month_day date{sys_days(std::chrono::days(days))};
  const hh_mm_ss of_day{within};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     of_day.hours().count(), of_day.minutes().count(), of_day.seconds().count());
}

}  // namespace

std::optional<std::int64_t> parse_instant(std::string_view text) {
  const auto read = parse(text);
  if (!read) return std::nullopt;
  auto [days, within] = *read;
  // The first day that 64 bits reach began before they do: count back from the next one.
  if (days < 0 && within > 0) {
    ++days;
    within -= a_day;
  }
  std::int64_t total = 0;
  if (__builtin_mul_overflow(days, a_day, &total) ||
      __builtin_add_overflow(total, within, &total)) {
    return std::nullopt;
  }
  return total;
}

std::string show_instant(std::int64_t nanoseconds) {
  auto whole_days = nanoseconds / a_day;
  auto within = nanoseconds % a_day;
  if (within < 0) {
    --whole_days;
    within += a_day;
  }
  auto text = show_seconds(whole_days, std::chrono::nanoseconds(within));
  if (const auto fraction = within % a_second; fraction != 0) {
    auto digits = fmt::format("{:09}", fraction);
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits;
  }
  return text + "Z";
}

std::optional<std::int64_t> parse_millisecond(std::string_view text) {
  const auto read = parse(text);
  if (!read) return std::nullopt;
  constexpr std::int64_t a_millisecond = 1'000'000;
  return read->days * (a_day / a_millisecond) + (read->within + a_millisecond - 1) / a_millisecond;
}

std::string show_millisecond(std::int64_t milliseconds) {
  constexpr std::int64_t a_day_ms = a_day / 1'000'000;
  auto days = milliseconds / a_day_ms;
  auto within = milliseconds % a_day_ms;
  if (within < 0) {
    --days;
    within += a_day_ms;
  }
  return show_seconds(days, std::chrono::milliseconds(within)) +
         fmt::format(".{:03}Z", within % 1000);
}

}  // namespace shelf::rows
