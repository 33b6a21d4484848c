// CLI  [cli] -> upkeep -> engine -> stores -> journal -> file
// Keys and values as they stand on a command line and as they are printed.
#pragma once

#include "cli/request.hpp"
#include "cli/schema.hpp"

#include <string>
#include <string_view>

namespace shelf::cli {

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

}  // namespace shelf::cli
