// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// A path to a field of a record: name, address.city, items[].price, contact[mail].address.
#pragma once

#include "shelf/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace shelf::cli {

/// One step down into a value.
struct path_step {
  enum class form : std::uint8_t {
    field,     ///< `.city`: a field of a record
    elements,  ///< `[]`: all elements of a list, set or array, all values of a map
    choice,    ///< `[mail]`: the record of that name in a variant; `[0]`: the first of a tuple
  };
  form what = form::field;
  std::string name;
};

/// The steps of a path, the outermost first. invalid_argument: a bracket or quote is not closed, or
/// a name is missing; the message goes on where the path was named. A name in '..' may hold dots
/// and brackets.
[[nodiscard]] result<std::vector<path_step>> parse_record_path(std::string_view text);

/// The path again, as it is written.
[[nodiscard]] std::string to_text(const std::vector<path_step>& steps);

/// A name as schemas and paths have it: in '..' if it is not plain.
[[nodiscard]] std::string spelled(std::string_view name);

}  // namespace shelf::cli
