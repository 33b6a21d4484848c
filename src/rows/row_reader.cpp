// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// JSON Lines, Erlang text, hexadecimal terms.
#include "rows/row_reader.hpp"

#include "error/hex.hpp"
#include "rows/form_reader.hpp"
#include "rows/text/erlang_text.hpp"
#include "rows/text/instant.hpp"
#include "rows/text/json_term.hpp"
#include "rows/text/plain_text.hpp"

#include <algorithm>
#include <array>

namespace shelf::rows {
namespace {

[[nodiscard]] bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

/// A time, or null for none.
[[nodiscard]] std::expected<deadline, bad_text> deadline_of(const json_value& v) {
  if (v.what == json_value::type::null) return no_deadline;
  const auto at = v.what == json_value::type::string
                      ? parse_moment(v.text)
                      : result<expiry>(std::unexpected(
                            error(errc::invalid_argument, "expected " + std::string(a_time))));
  if (!at) return std::unexpected(bad_text{v.at, "expires: " + at.error().details()});
  return static_cast<deadline>(at->milliseconds());
}

/// {Key, Value} of types that fit.
[[nodiscard]] std::expected<row, bad_text> from_pair(const types& t, const term& pair) {
  const auto both = pair.what() == term::type::tuple ? pair.elements() : std::nullopt;
  if (!both || both->size() != 2) {
    return std::unexpected(bad_text{0, "expected {Key, Value}"});
  }
  const auto fits = [](const schema& s, const term& is, const char* which) -> std::string {
    const auto same = detail::check_by_schema(s.root(), is);
    return same ? std::string() : which + same.error().message();
  };
  auto why = fits(t.key, (*both)[0], "the key: ");
  if (why.empty()) why = fits(t.value, (*both)[1], "the value: ");
  if (!why.empty()) return std::unexpected(bad_text{0, std::move(why)});
  return row{.key = (*both)[0], .value = (*both)[1]};
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
    return v ? row_from_json(types_, *v) : std::unexpected(v.error());
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
    return from_pair(types_, *pair);
  }
};

/// {Key, Value}. as file:consult reads them: over several lines, with comments.
class erlang_reader final : public row_reader {
 public:
  erlang_reader(const types& t, input_file from) : types_(t), forms_(std::move(from)) {}
  const input_file& input() const override { return forms_.input(); }
  std::string_view text() const noexcept override { return forms_.text(); }

  result<next_row> next() override {
    const auto form = forms_.next();
    if (!form) return std::unexpected(form.error());
    if (!*form) return next_row{};
    if (!(*form)->is_whole) {
      return next_row{
          .good = {},
          .bad = forms_.bad({forms_.text().size() - 1, "the final full stop is missing"})};
    }
    const auto pair = parse_erlang_form((*form)->text);
    auto r = pair ? from_pair(types_, *pair) : std::unexpected(pair.error());
    if (r) return next_row{.good = *std::move(r), .bad = {}};
    return next_row{.good = {}, .bad = forms_.bad(r.error())};
  }

 private:
  const types& types_;
  form_reader forms_;
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

std::expected<row, bad_text> row_from_json(const types& t, const json_value& v) {
  const json_value* key = nullptr;
  const json_value* value = nullptr;
  const json_value* expires = nullptr;
  if (v.what == json_value::type::array && v.items.size() == 2) {
    key = &v.items[0];
    value = &v.items[1];
  }
  for (std::size_t i = 0; i < v.names.size(); ++i) {
    if (v.names[i] == "key")
      key = &v.items[i];
    else if (v.names[i] == "value")
      value = &v.items[i];
    else if (v.names[i] == "expires")
      expires = &v.items[i];
    else
      return std::unexpected(
          bad_text{v.items[i].at, "expected key, value and expires, found \"" + v.names[i] + "\""});
  }
  if (key == nullptr || value == nullptr) {
    return std::unexpected(bad_text{v.at, R"(expected {"key": .., "value": ..})"});
  }
  auto k = from_json(t.key.root(), *key);
  if (!k) return std::unexpected(k.error());
  auto found_value = from_json(t.value.root(), *value);
  if (!found_value) return std::unexpected(found_value.error());
  const auto until = expires != nullptr ? deadline_of(*expires) : no_deadline;
  if (!until) return std::unexpected(until.error());
  return row{.key = *std::move(k), .value = *std::move(found_value), .until = *until};
}

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
