// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Terms read from Erlang text: what term::to_string() writes, and what people write by hand.
#pragma once

#include "rows/text/json_value.hpp"
#include "shelf/term.hpp"

#include <expected>
#include <string_view>

namespace shelf::rows {

/// The one term that `text` is, blanks and comments around it: {user, <<"alice">>, 42}. Strings are
/// lists of their characters, as in Erlang; <<"text">> holds one byte a character,
/// <<"text"/utf8>> UTF-8. What no text stands for (pids, funs) cannot be read.
[[nodiscard]] std::expected<term, bad_text> parse_erlang(std::string_view text);

/// The same for text that ends in a full stop, as file:consult reads it.
[[nodiscard]] std::expected<term, bad_text> parse_erlang_form(std::string_view text);

/// Finds full stops in Erlang text that arrives line by line.
class form_end {
 public:
  /// True if a term ends in this line, at `end()`: behind its full stop.
  [[nodiscard]] bool in_line(std::string_view line);
  [[nodiscard]] std::size_t end() const noexcept { return end_; }

 private:
  char quote_ = 0;  ///< which quotes are open
  bool escaped_ = false;
  std::size_t end_ = 0;
};

}  // namespace shelf::rows
