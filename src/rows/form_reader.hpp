// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Erlang terms that end in full stops, read from a file one at a time.
#pragma once

#include "rows/input_file.hpp"
#include "rows/row_reader.hpp"
#include "rows/text/erlang_text.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace shelf::rows {

/// Thread safety: one thread.
class form_reader {
 public:
  explicit form_reader(input_file from) : from_(std::move(from)) {}

  struct form {
    std::string_view text;  ///< with its full stop; valid until the next call
    bool is_whole = true;   ///< false: the file ends before the full stop
  };
  /// The next form, comments and blanks before it included; nothing at the end. Errors: the file
  /// cannot be read.
  [[nodiscard]] result<std::optional<form>> next();
  /// What is wrong with the form that next() gave last, as a place in the file.
  [[nodiscard]] bad_row bad(const bad_text& why) const;
  [[nodiscard]] const input_file& input() const noexcept { return from_; }
  [[nodiscard]] std::string_view text() const noexcept { return form_; }
  /// From here on bytes are characters of Latin-1, unless a comment says `coding: utf-8`.
  void read_as_latin1() noexcept { is_latin1_ = true; }

 private:
  void append(std::string_view line);

  input_file from_;
  std::string form_;
  std::string rest_;  ///< of a line, behind the full stop in it
  std::uint64_t first_ = 0;
  bool is_latin1_ = false;
};

}  // namespace shelf::rows
