// CLI  [cli] -> api -> table -> journal -> file
// Rows in aligned columns, as wide as the terminal allows.
#pragma once

#include "cli/console.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace shelf::cli {

/// Columns that text takes on a terminal: wide characters take two, combining ones none.
[[nodiscard]] std::size_t display_width(std::string_view text);
/// Text that a terminal may be shown: control characters and what is no UTF-8 as \xNN, newlines as
/// \n.
[[nodiscard]] std::string printable(std::string_view text);
/// The front of `text` in at most `width` columns, with an ellipsis if something was cut.
[[nodiscard]] std::string cut_to(std::string_view text, std::size_t width);

/// Writes rows below a heading. The first rows decide how wide the columns are, so the memory does
/// not grow with the number of rows.
class text_table {
 public:
  struct heading {
    std::string name;
    bool to_the_right = false;  ///< numbers
  };
  text_table(console& out, std::vector<heading> headings);
  void add(std::vector<std::string> row);
  /// Writes what is still held back. Call it once.
  void finish();

 private:
  void lay_out();
  void write_row(const std::vector<std::string>& row, tone t);

  console& out_;
  std::vector<heading> headings_;
  std::vector<std::vector<std::string>> waiting_;
  std::vector<std::size_t> widths_;  ///< empty until decided
};

}  // namespace shelf::cli
