// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// The decimal point moves; no digit goes through floating point.
#include "rows/text/whole_number.hpp"

#include <algorithm>
#include <charconv>

namespace shelf::rows {
namespace {

constexpr std::size_t most_digits = 1000;

/// Takes the digits at the front of `text`.
[[nodiscard]] std::string_view take_digits(std::string_view& text) {
  const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto digits = text.substr(0, end);
  text.remove_prefix(end);
  return digits;
}

/// The exponent that `text` is, nothing being 0.
[[nodiscard]] std::optional<int> exponent_of(std::string_view text) {
  if (text.empty()) return 0;
  if (text[0] != 'e' && text[0] != 'E') return std::nullopt;
  text.remove_prefix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  int value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::string> whole_number(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto whole = take_digits(text);
  std::string_view fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = take_digits(text);
    if (fraction.empty()) return std::nullopt;
  }
  const auto exponent = exponent_of(text);
  if (whole.empty() || !exponent) return std::nullopt;

  std::string digits(whole);
  digits += fraction;
  const auto point = static_cast<long long>(whole.size()) + *exponent;
  const auto behind = digits.find_last_not_of('0');
  if (behind == std::string::npos) return "0";
  if (static_cast<long long>(behind) >= point) return std::nullopt;
  if (point > static_cast<long long>(most_digits)) return std::nullopt;
  digits.resize(static_cast<std::size_t>(point), '0');
  digits.erase(0, digits.find_first_not_of('0'));
  return (negative ? "-" : "") + digits;
}

}  // namespace shelf::rows
