// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Widths of columns, decided once.
#include "cli/terminal/text_table.hpp"

#include "cli/terminal/display_text.hpp"

#include <algorithm>
#include <numeric>

namespace shelf::cli {
namespace {

constexpr std::size_t rows_that_decide = 500;
constexpr std::size_t between = 2;
constexpr std::size_t least_column = 6;

}  // namespace

text_table::text_table(console& out, std::vector<heading> headings, progress_bar* bar)
    : out_(out), bar_(bar), headings_(std::move(headings)) {
  for (auto& h : headings_) h.name = printable(h.name);  // names of fields come from the file
}

void text_table::add(std::vector<std::string> row) {
  for (auto& cell : row) cell = printable(cell);
  if (!widths_.empty()) return write_row(row, tone::plain);
  waiting_.push_back(std::move(row));
  if (waiting_.size() == rows_that_decide) lay_out();
}

/// As wide as the widest cell; if that is too much for the terminal, the widest columns give way.
void text_table::lay_out() {
  for (std::size_t i = 0; i < headings_.size(); ++i) {
    auto width = display_width(headings_[i].name);
    for (const auto& row : waiting_) width = std::max(width, display_width(row[i]));
    widths_.push_back(width);
  }
  const auto gaps = between * (widths_.size() - 1);
  const auto room = out_.width() > gaps ? out_.width() - gaps : 0;
  auto total = std::accumulate(widths_.begin(), widths_.end(), std::size_t{0});
  while (out_.width() != 0 && total > room) {
    const auto widest = std::ranges::max_element(widths_);
    if (*widest <= least_column) break;
    --*widest;
    --total;
  }
  std::vector<std::string> names;
  for (const auto& h : headings_) names.push_back(h.name);
  write_row(names, tone::heading);
  for (const auto& row : waiting_) write_row(row, tone::plain);
  waiting_.clear();
}

void text_table::write_row(const std::vector<std::string>& row, tone t) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) line.append(between, ' ');
    const auto cell = out_.width() == 0 ? row[i] : cut_to(row[i], widths_[i]);
    const auto width = display_width(cell);
    const auto padding = widths_[i] > width ? widths_[i] - width : 0;
    const bool last = i + 1 == row.size();
    if (headings_[i].to_the_right) line.append(padding, ' ');
    line += cell;
    if (!headings_[i].to_the_right && !last) line.append(padding, ' ');
  }
  if (bar_ != nullptr) bar_->give_way();
  out_.write(out_.in(t, line) + "\n");
}

void text_table::finish() {
  if (widths_.empty()) lay_out();
}

}  // namespace shelf::cli
