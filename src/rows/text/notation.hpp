// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Keys and values as people write and read them: by the schema, as JSON or as Erlang text.
#pragma once

#include "rows/columns.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace shelf::rows {

/// How keys and values are written, on the command line and in what is printed.
enum class notation : std::uint8_t {
  by_schema,  ///< as the file's schema says
  json,       ///< what is printed; arguments are by the schema
  erlang,
};

/// The term that an argument means. invalid_argument: it means none; the sentence begins with
/// `called`.
[[nodiscard]] result<term> read_argument(const schema& s, notation how, std::string_view text,
                                         std::string_view called);

/// A term as people read it: text as such, numbers, JSON for what has parts.
[[nodiscard]] std::string show(const schema_node& n, notation how, const term& t);

/// Terms as keys of a table: -0.0 is 0.0, and what no table keeps is invalid_argument.
[[nodiscard]] result<term> as_key(term t);
/// The same for values, which keep their -0.0.
[[nodiscard]] result<> check_value(const term& t);

}  // namespace shelf::rows
