// API  [api] -> engine -> stores -> journal -> file
// What a file says of the indexes of a table.
#pragma once

#include "shelf/detail/language.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace shelf {

/// How an index finds the keys of an entry: see index_kind.hpp.
enum class index_form : std::uint8_t {
  index,       ///< by members of the value
  unique,      ///< the same, and no two entries have the same key
  index_each,  ///< by each element of a member that is a list
  index_by,    ///< by what a function of the program makes of the value
};
/// "unique". Never fails.
[[nodiscard]] std::string_view to_string(index_form f) noexcept;

/// An index as a file records it: the program that wrote the table last kept it.
struct index_description {
  index_form what = index_form::index;  ///< how it finds the keys of an entry
  std::vector<std::string> members;     ///< names of fields of the value; empty for index_by
  std::string name;                     ///< what an index_by is called; empty for all others

  /// Field by field.
  friend bool operator==(const index_description&, const index_description&) = default;
};
/// As a program declares it: "unique<email>", "index<city, age>", "index_by<domain>".
[[nodiscard]] std::string to_string(const index_description& i);

}  // namespace shelf
