// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Lines of cells: CSV with quotes (RFC 4180), TSV with \t, \n, \r and \\.
#include "rows/row_reader.hpp"
#include "rows/text/plain_text.hpp"

#include <algorithm>

namespace shelf::rows {
namespace {

/// Quotes that are never closed must not bring the whole file into memory.
constexpr std::size_t longest_record = std::size_t{64} << 20;

struct cell {
  std::string text;
  std::size_t at = 0;  ///< byte of the record where it begins
};

/// A record taken apart; `why` says what is wrong with it, at the byte `bad_at`.
struct record {
  std::vector<cell> cells;
  std::string why;
  std::size_t bad_at = 0;
};

/// Follows the quotes of a record that arrives line by line.
class quotes {
 public:
  void follow(std::string_view line, char separator) noexcept {
    for (const char c : line) {
      if (c == '"' && (open_ || at_start_)) open_ = !open_;
      // A doubled quote closes and opens again at once.
      at_start_ = c == separator || (c == '"' && !open_);
    }
  }
  [[nodiscard]] bool are_open() const noexcept { return open_; }

 private:
  bool open_ = false;
  bool at_start_ = true;
};

[[nodiscard]] record split_csv(std::string_view text, char separator) {
  record r;
  std::size_t at = 0;
  for (;;) {
    cell c{.text = {}, .at = at};
    if (at < text.size() && text[at] == '"') {
      for (++at;; ++at) {
        if (at >= text.size())
          return {.cells = {}, .why = "the closing quote is missing", .bad_at = c.at};
        if (text[at] == '"') {
          if (at + 1 >= text.size() || text[at + 1] != '"') break;
          ++at;
        }
        c.text += text[at];
      }
      ++at;
      if (at < text.size() && text[at] != separator) {
        return {.cells = {}, .why = "unexpected text after the closing quote", .bad_at = at};
      }
    } else {
      const auto end = std::min(text.find(separator, at), text.size());
      c.text = text.substr(at, end - at);
      at = end;
    }
    r.cells.push_back(std::move(c));
    if (at >= text.size()) return r;
    ++at;
  }
}

/// The separator stands for itself behind a backslash.
[[nodiscard]] record split_tsv(std::string_view text, char separator) {
  record r;
  r.cells.emplace_back();
  for (std::size_t at = 0; at < text.size(); ++at) {
    auto& c = r.cells.back().text;
    if (text[at] == separator) {
      r.cells.push_back({.text = {}, .at = at + 1});
    } else if (text[at] == '\\' && at + 1 < text.size()) {
      const char what = text[++at];
      if (what == 't')
        c += '\t';
      else if (what == 'n')
        c += '\n';
      else if (what == 'r')
        c += '\r';
      else if (what == '\\' || what == separator)
        c += what;
      else
        (c += '\\') += what;
    } else {
      c += text[at];
    }
  }
  return r;
}

class delimited_reader final : public row_reader {
 public:
  delimited_reader(const rows_request& how, const types& t, input_file from, char separator)
      : how_(how),
        types_(t),
        from_(std::move(from)),
        separator_(separator),
        columns_(columns_of(t)) {}

  [[nodiscard]] result<> start();
  result<next_row> next() override;
  const input_file& input() const override { return from_; }
  std::string_view text() const noexcept override { return text_; }

 private:
  [[nodiscard]] result<bool> next_record();
  [[nodiscard]] result<> map_columns(const std::vector<std::string>& names, const char* called);
  [[nodiscard]] std::expected<row, bad_text> make_row(const record& r) const;
  [[nodiscard]] std::expected<term, bad_text> make_cell(std::size_t column, const record& r) const;
  [[nodiscard]] std::expected<term, bad_text> make_side(column::side of, const schema& s,
                                                        const record& r) const;
  [[nodiscard]] next_row bad(const bad_text& why) const;
  [[nodiscard]] record split() const {
    return how_.format == row_format::tsv ? split_tsv(text_, separator_)
                                          : split_csv(text_, separator_);
  }

  rows_request how_;
  const types& types_;
  input_file from_;
  char separator_;
  std::vector<column> columns_;
  static constexpr std::size_t absent = ~std::size_t{0};
  std::vector<std::size_t> places_;  ///< of each column in a record
  std::size_t cells_ = 0;            ///< that a record has
  std::string text_;                 ///< the record under way
  std::uint64_t first_line_ = 0;
};

/// The next record, which may span lines, into text_; false at the end.
result<bool> delimited_reader::next_record() {
  for (;;) {
    text_.clear();
    quotes seen;
    for (bool first = true;; first = false) {
      const auto line = from_.next_line();
      if (!line) return std::unexpected(line.error());
      if (!*line && first) return false;
      if (!*line) return true;  // with quotes open: split() says so
      if (first) first_line_ = from_.line();
      if (!first) text_ += '\n';
      text_ += **line;
      if (how_.format == row_format::tsv) break;
      seen.follow(**line, separator_);
      if (!seen.are_open()) break;
      if (text_.size() > longest_record) break;
    }
    if (text_.ends_with('\r')) text_.pop_back();
    const bool comment = how_.comments && text_.starts_with('#');
    const bool blank = text_.empty() && cells_ != 1;
    if (!comment && !blank) return true;
  }
}

result<> delimited_reader::map_columns(const std::vector<std::string>& names, const char* called) {
  places_.assign(columns_.size(), absent);
  cells_ = names.size();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty() || names[i] == "-") continue;
    const auto* const c = find_column(columns_, names[i]);
    if (c == nullptr) {
      return std::unexpected(error(errc::invalid_argument,
                                   std::string(called) + ": the table has no column '" + names[i] +
                                       "'; it has " + names_of(columns_) + " ('-' skips one)"));
    }
    auto& place = places_[static_cast<std::size_t>(c - columns_.data())];
    if (place != absent) {
      return std::unexpected(error(errc::invalid_argument, std::string(called) + ": the column '" +
                                                               c->name + "' occurs twice"));
    }
    place = i;
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto form = detail::form_of(*columns_[i].type);
    const bool may_lack = form == schema_form::optional || form == schema_form::nil;
    if (places_[i] != absent || may_lack) continue;
    return std::unexpected(error(errc::invalid_argument, std::string(called) + ": the column '" +
                                                             columns_[i].name + "' is missing"));
  }
  return {};
}

result<> delimited_reader::start() {
  std::vector<std::string> names = how_.columns;
  if (!how_.without_header) {
    const auto there = next_record();
    if (!there) return std::unexpected(there.error());
    const auto header = *there ? split() : record{};
    if (!header.why.empty()) {
      return std::unexpected(
          error(errc::invalid_argument, from_.name() + ": line 1: " + header.why));
    }
    if (names.empty()) {
      if (!*there) return {};  // an empty file has no rows, and no header either
      for (const auto& c : header.cells) names.push_back(c.text);
      return map_columns(names, (from_.name() + ": line 1").c_str());
    }
  } else if (names.empty()) {
    for (const auto& c : columns_) names.push_back(c.name);
  }
  return map_columns(names, "--columns");
}

std::expected<term, bad_text> delimited_reader::make_cell(std::size_t column,
                                                          const record& r) const {
  const auto& c = columns_[column];
  const auto place = places_[column];
  if (place == absent) {
    const bool nil = detail::form_of(*c.type) == schema_form::nil;
    return *term::atom(nil ? "nil" : "none");
  }
  auto t = from_plain_text(*c.type, r.cells[place].text);
  if (t) return t;
  return std::unexpected(bad_text{r.cells[place].at, c.name + ": " + t.error().why});
}

/// A whole key or value, put together from its columns.
std::expected<term, bad_text> delimited_reader::make_side(column::side of, const schema& s,
                                                          const record& r) const {
  const auto& n = unnamed(s.root());
  std::vector<term> elements;
  if (detail::form_of(n) == schema_form::record && has_columns(n)) {
    elements.push_back(*term::atom(n.word));
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].of != of) continue;
    auto t = make_cell(i, r);
    if (!t || columns_[i].whole) return t;
    elements.push_back(*std::move(t));
  }
  return term::tuple(elements);
}

std::expected<row, bad_text> delimited_reader::make_row(const record& r) const {
  if (!r.why.empty()) return std::unexpected(bad_text{r.bad_at, r.why});
  if (r.cells.size() != cells_) {
    return std::unexpected(bad_text{
        r.cells.back().at,
        "expected " + std::to_string(cells_) + " cells, found " + std::to_string(r.cells.size())});
  }
  auto key = make_side(column::side::key, types_.key, r);
  if (!key) return std::unexpected(key.error());
  auto value = make_side(column::side::value, types_.value, r);
  if (!value) return std::unexpected(value.error());
  return row{.key = *std::move(key), .value = *std::move(value)};
}

next_row delimited_reader::bad(const bad_text& why) const {
  const auto before = std::string_view(text_).substr(0, why.at);
  const auto newline = before.rfind('\n');
  const auto from = newline == std::string_view::npos ? 0 : newline + 1;
  const auto lines = static_cast<std::uint64_t>(std::ranges::count(before, '\n'));
  return {.good = {},
          .bad = bad_row{.line = first_line_ + lines,
                         .column = column_at(before.substr(from), before.size() - from),
                         .why = why.why}};
}

result<next_row> delimited_reader::next() {
  const auto there = next_record();
  if (!there) return std::unexpected(there.error());
  if (!*there) return next_row{};
  auto r = make_row(split());
  if (r) return next_row{.good = *std::move(r), .bad = {}};
  return bad(r.error());
}

}  // namespace

result<std::unique_ptr<row_reader>> make_delimited_reader(const rows_request& how, const types& t,
                                                          input_file from) {
  const auto separator = separator_of(how);
  if (!separator) return std::unexpected(separator.error());
  auto r = std::make_unique<delimited_reader>(how, t, std::move(from), *separator);
  if (auto started = r->start(); !started) return std::unexpected(started.error());
  return r;
}

}  // namespace shelf::rows
