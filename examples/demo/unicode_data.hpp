// DEMO  Unicode's character database as C++ values
// A plain struct with the fields of UnicodeData.txt; shelf stores it without macros.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace demo {

struct decomposition {
  std::string kind;  // "compat", "font", ...; empty if it is canonical
  std::vector<char32_t> into;

  bool operator==(const decomposition&) const = default;
};

/// One record: the code point is the key, these are the other 14 fields.
struct character {
  std::string name;
  std::string category;  // "Lu" is an uppercase letter, "Nd" a decimal digit, ...
  std::uint8_t combining_class = 0;
  std::string direction;
  std::optional<decomposition> decomposed;
  std::optional<std::uint8_t> decimal;
  std::optional<std::uint8_t> digit;
  std::string numeric;  // may be a fraction, "1/4"
  bool mirrored = false;
  std::string old_name;
  std::string comment;
  std::optional<char32_t> upper;
  std::optional<char32_t> lower;
  std::optional<char32_t> title;
  std::optional<char32_t> last;  // of a range; it starts at the key

  bool operator==(const character&) const = default;
};

using record = std::pair<char32_t, character>;

struct unicode_data {
  std::vector<record> records;  // by code point
  std::size_t lines = 0;
  std::size_t bytes = 0;
  std::size_t ranges = 0;       // written as two lines, "<X, First>" and "<X, Last>"
  std::size_t code_points = 0;  // all that the records represent
};

/// Reads the whole file. A range becomes one record named "<X>", under its first code point. The 65
/// records that are all named "<control>" get the labels that the standard gives them, such as
/// "<control-000A>", so that names are unique. Throws std::runtime_error with a sentence.
[[nodiscard]] unicode_data read_unicode_data(const std::filesystem::path& file);

}  // namespace demo
