// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Rows in aligned columns, as wide as the terminal allows.
#pragma once

#include "cli/terminal/console.hpp"
#include "cli/terminal/progress_bar.hpp"

#include <string>
#include <vector>

namespace shelf::cli {

/// Writes rows below a heading. The first rows decide how wide the columns are, so the memory does
/// not grow with the number of rows.
class text_table {
 public:
  struct heading {
    std::string name;
    bool to_the_right = false;  ///< numbers
  };
  /// `bar`, which outlives it, gives way to what is written; nullptr: there is none.
  text_table(console& out, std::vector<heading> headings, progress_bar* bar = nullptr);
  void add(std::vector<std::string> row);
  /// Writes what is still held back. Call it once.
  void finish();

 private:
  void lay_out();
  void write_row(const std::vector<std::string>& row, tone t);

  console& out_;
  progress_bar* bar_;
  std::vector<heading> headings_;
  std::vector<std::vector<std::string>> waiting_;
  std::vector<std::size_t> widths_;  ///< empty until decided
};

}  // namespace shelf::cli
