// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// JSON Lines, Erlang text, hexadecimal terms.
#include "rows/row_reader.hpp"

#include "error/hex.hpp"
#include "rows/text/erlang_text.hpp"
#include "rows/text/instant.hpp"
#include "rows/text/json_term.hpp"
#include "rows/text/plain_text.hpp"

#include <algorithm>
#include <array>

namespace shelf::rows {
namespace {

/// A full stop that is missing must not bring the whole file into memory.
constexpr std::size_t longest_form = std::size_t{64} << 20;

[[nodiscard]] bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

/// What a line of rows is read from, whatever the notation.
class line_reader : public row_reader {
 public:
  line_reader(const types& t, input_file from) : types_(t), from_(std::move(from)) {}
  const input_file& input() const override { return from_; }
  std::string_view text() const noexcept override { return line_; }

  result<next_row> next() override {
    for (;;) {
      const auto line = from_.next_line();
      if (!line) return std::unexpected(line.error());
      if (!*line) return next_row{};
      if (is_blank(**line)) continue;
      line_ = **line;
      auto r = read(line_);
      if (r) return next_row{.good = *std::move(r), .bad = {}};
      return next_row{.good = {},
                      .bad = bad_row{.line = from_.line(),
                                     .column = column_at(line_, r.error().at),
                                     .why = std::move(r.error().why)}};
    }
  }

 protected:
  using found = std::expected<row, bad_text>;
  [[nodiscard]] virtual found read(std::string_view line) = 0;

  /// {Key, Value} of types that fit.
  [[nodiscard]] found from_pair(const term& pair) const {
    const auto both = pair.what() == term::type::tuple ? pair.elements() : std::nullopt;
    if (!both || both->size() != 2) {
      return std::unexpected(bad_text{0, "expected {Key, Value}"});
    }
    const auto fits = [](const schema& s, const term& t, const char* which) -> std::string {
      const auto same = detail::check_by_schema(s.root(), t);
      return same ? std::string() : which + same.error().message();
    };
    auto why = fits(types_.key, (*both)[0], "the key: ");
    if (why.empty()) why = fits(types_.value, (*both)[1], "the value: ");
    if (!why.empty()) return std::unexpected(bad_text{0, std::move(why)});
    return row{.key = (*both)[0], .value = (*both)[1]};
  }

  const types& types_;
  input_file from_;

 private:
  std::string_view line_;
};

/// {"key": .., "value": .., "expires": ..} or [key, value].
class json_lines_reader final : public line_reader {
 public:
  using line_reader::line_reader;

 private:
  found read(std::string_view line) override {
    const auto v = parse_json(line);
    if (!v) return std::unexpected(v.error());
    const json_value* key = nullptr;
    const json_value* value = nullptr;
    const json_value* expires = nullptr;
    if (v->what == json_value::type::array && v->items.size() == 2) {
      key = &v->items[0];
      value = &v->items[1];
    }
    for (std::size_t i = 0; i < v->names.size(); ++i) {
      if (v->names[i] == "key")
        key = &v->items[i];
      else if (v->names[i] == "value")
        value = &v->items[i];
      else if (v->names[i] == "expires")
        expires = &v->items[i];
      else
        return std::unexpected(bad_text{
            v->items[i].at, "expected key, value and expires, found \"" + v->names[i] + "\""});
    }
    if (key == nullptr || value == nullptr) {
      return std::unexpected(bad_text{v->at, R"(expected {"key": .., "value": ..})"});
    }
    auto k = from_json(types_.key.root(), *key);
    if (!k) return std::unexpected(k.error());
    auto found_value = from_json(types_.value.root(), *value);
    if (!found_value) return std::unexpected(found_value.error());
    const auto until = expires != nullptr ? deadline_of(*expires) : no_deadline;
    if (!until) return std::unexpected(until.error());
    return row{.key = *std::move(k), .value = *std::move(found_value), .until = *until};
  }

  /// A time, or null for none.
  [[nodiscard]] static std::expected<deadline, bad_text> deadline_of(const json_value& v) {
    if (v.what == json_value::type::null) return no_deadline;
    const auto at = v.what == json_value::type::string
                        ? parse_moment(v.text)
                        : result<expiry>(std::unexpected(
                              error(errc::invalid_argument, "expected " + std::string(a_time))));
    if (!at) return std::unexpected(bad_text{v.at, "expires: " + at.error().details()});
    return static_cast<deadline>(at->milliseconds());
  }
};

/// A line is the external term {Key, Value} in hexadecimal.
class hex_reader final : public line_reader {
 public:
  using line_reader::line_reader;

 private:
  found read(std::string_view line) override {
    while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
    const auto content = bytes_from_hex(line);
    if (!content) {
      const auto bad = std::ranges::find_if_not(line, is_hex_digit) - line.begin();
      return std::unexpected(
          bad_text{static_cast<std::size_t>(bad), "expected an even number of hexadecimal digits"});
    }
    const auto pair = term::decode(*content);
    if (!pair) return std::unexpected(bad_text{0, pair.error().message()});
    return from_pair(*pair);
  }
};

/// {Key, Value}. as file:consult reads them: over several lines, with comments.
class erlang_reader final : public line_reader {
 public:
  using line_reader::line_reader;

  std::string_view text() const noexcept override { return form_; }

  result<next_row> next() override {
    form_.clear();
    std::uint64_t first = 0;
    form_end stop;
    for (;;) {
      std::string_view line = rest_;
      if (rest_.empty()) {
        const auto read = from_.next_line();
        if (!read) return std::unexpected(read.error());
        if (!*read) {
          if (is_comment(form_)) return next_row{};
          return bad(first, {form_.size() - 1, "the final full stop is missing"});
        }
        line = **read;
      }
      if (is_comment(form_)) {
        form_.clear();
        first = from_.line();
      }
      const bool ended = stop.in_line(line);
      const std::string behind(ended ? line.substr(stop.end()) : std::string_view());
      form_ += ended ? line.substr(0, stop.end()) : line;
      form_ += '\n';
      rest_ = is_comment(behind) ? std::string() : behind;
      if (!ended && form_.size() < longest_form) continue;
      auto r = read(form_);
      if (r) return next_row{.good = *std::move(r), .bad = {}};
      return bad(first, r.error());
    }
  }

 private:
  found read(std::string_view form) override {
    const auto pair = parse_erlang_form(form);
    if (!pair) return std::unexpected(pair.error());
    return from_pair(*pair);
  }
  /// True for text without a term: blanks and comments.
  [[nodiscard]] static bool is_comment(std::string_view text) {
    while (!text.empty()) {
      const auto at = text.find_first_not_of(" \t\r\n");
      if (at == std::string_view::npos) return true;
      if (text[at] != '%') return false;
      const auto end = text.find('\n', at);
      if (end == std::string_view::npos) return true;
      text.remove_prefix(end);
    }
    return true;
  }
  /// The place in the form as line and column of the file.
  [[nodiscard]] next_row bad(std::uint64_t first, const bad_text& why) const {
    const auto before = std::string_view(form_).substr(0, why.at);
    const auto lines = static_cast<std::uint64_t>(std::ranges::count(before, '\n'));
    const auto from = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    return {.good = {},
            .bad = bad_row{.line = first + lines,
                           .column = column_at(before.substr(from), before.size() - from),
                           .why = why.why}};
  }

  std::string form_;  ///< the one that next() read last
  std::string rest_;  ///< of a line, behind the full stop in it
};

/// What was asked for, or what the ending of the name says.
[[nodiscard]] result<row_format> named_format(const rows_request& how, const std::string& name) {
  if (how.format != row_format::by_name) return how.format;
  constexpr std::array<std::pair<std::string_view, row_format>, 10> endings{{
      {".jsonl", row_format::json_lines},
      {".ndjson", row_format::json_lines},
      {".json", row_format::json_lines},
      {".csv", row_format::csv},
      {".tsv", row_format::tsv},
      {".tab", row_format::tsv},
      {".erl", row_format::erlang},
      {".term", row_format::erlang},
      {".terms", row_format::erlang},
      {".hex", row_format::etf_hex},
  }};
  for (const auto& [ending, format] : endings) {
    if (name.ends_with(ending)) return format;
  }
  if (name.empty() || name == "-") return row_format::json_lines;
  return std::unexpected(error(errc::invalid_argument,
                               name + ": the name does not show the format; specify --format"));
}

}  // namespace

std::size_t column_at(std::string_view line, std::size_t byte) {
  std::size_t column = 1;
  for (const char c : line.substr(0, byte)) {
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++column;
  }
  return column;
}

result<char> separator_of(const rows_request& how) {
  if (how.separator.empty()) return how.format == row_format::tsv ? '\t' : ',';
  const auto& s = how.separator;
  if (s == "\\t") return '\t';
  // In TSV a backslash stands before a separator, and \t, \n and \r mean something else.
  const std::string_view never = how.format == row_format::tsv ? "\"\n\r\\tnr" : "\"\n\r\\";
  if (s.size() == 1 && never.find(s[0]) == std::string_view::npos) return s[0];
  return std::unexpected(error(errc::invalid_argument, "--separator: expected one character"));
}

result<row_format> format_of(const rows_request& how, const std::string& name) {
  const auto format = named_format(how, name);
  if (!format) return format;
  const bool has_cells = *format == row_format::csv || *format == row_format::tsv;
  const bool of_cells =
      !how.columns.empty() || !how.separator.empty() || how.without_header || how.comments;
  if (has_cells || !of_cells) return format;
  return std::unexpected(error(errc::invalid_argument,
                               "--columns, --separator, --no-header and --comments are for csv "
                               "and tsv"));
}

result<std::unique_ptr<row_reader>> make_row_reader(const rows_request& how, const types& t,
                                                    input_file from) {
  switch (how.format) {
    case row_format::csv:
    case row_format::tsv: return make_delimited_reader(how, t, std::move(from));
    case row_format::erlang: return std::make_unique<erlang_reader>(t, std::move(from));
    case row_format::etf_hex: return std::make_unique<hex_reader>(t, std::move(from));
    case row_format::by_name:
    case row_format::json_lines: break;
  }
  return std::make_unique<json_lines_reader>(t, std::move(from));
}

}  // namespace shelf::rows
