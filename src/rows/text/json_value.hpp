// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// JSON as a tree that remembers where each value began and how each number was written.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shelf::rows {

/// One value of JSON.
struct json_value {
  enum class type : std::uint8_t { null, boolean, integer, floating, string, array, object };
  type what = type::null;
  std::size_t at = 0;  ///< byte of the text where it begins
  std::string text;    ///< of a string: its content; of a number, true and false: as written
  std::vector<json_value> items;   ///< of an array; of an object: the values
  std::vector<std::string> names;  ///< of an object, one an item
};

/// What is wrong with a text, and at which byte of it.
struct bad_text {
  std::size_t at = 0;
  std::string why;
};

/// The one value that `text` is. Numbers keep all their digits; a name twice in an object, nesting
/// beyond 256 and bytes that are no UTF-8 are refused.
[[nodiscard]] std::expected<json_value, bad_text> parse_json(std::string_view text);

/// Appends text as a JSON string that a terminal may be shown: control characters are escaped, and
/// bytes that are not UTF-8 stand as the text \xNN, so the JSON is valid whatever comes.
void append_json_string(std::string& out, std::string_view text);
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

}  // namespace shelf::rows
