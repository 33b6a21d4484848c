// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// One small class a format.
#include "rows/row_writer.hpp"

#include "error/hex.hpp"
#include "rows/row_reader.hpp"
#include "rows/text/json_term.hpp"
#include "rows/text/plain_text.hpp"

namespace shelf::rows {
namespace {

class json_lines_writer final : public row_writer {
 public:
  explicit json_lines_writer(const types& t) : types_(t) {}
  void append(std::string& out, const term& key, const term& value, deadline until) override {
    append_json_row(out, types_, key, value, until);
    out += '\n';
  }

 private:
  const types& types_;
};

class erlang_writer final : public row_writer {
 public:
  explicit erlang_writer(bool objects) : objects_(objects) {}
  void append(std::string& out, const term& key, const term& value, deadline) override {
    append_erlang_row(out, objects_, key, value);
    out += '\n';
  }

 private:
  bool objects_;
};

class hex_writer final : public row_writer {
 public:
  explicit hex_writer(bool objects) : objects_(objects) {}
  void append(std::string& out, const term& key, const term& value, deadline) override {
    out += to_hex(objects_ ? value.encode() : term::tuple({key, value}).encode());
    out += '\n';
  }

 private:
  bool objects_;
};

class delimited_writer final : public row_writer {
 public:
  delimited_writer(std::vector<column> columns, char separator, const rows_request& how)
      : columns_(std::move(columns)),
        separator_(separator),
        quotes_(how.format != row_format::tsv),
        has_header_(!how.without_header) {}

  std::string header() const override {
    std::string line;
    for (const auto& c : columns_) append_cell(line, c.name, &c == columns_.data());
    return has_header_ ? line + "\n" : std::string();
  }
  void append(std::string& out, const term& key, const term& value, deadline) override {
    cells row(key, value);
    for (const auto& c : columns_) {
      append_cell(out, to_plain_text(*c.type, row.at(c)), &c == columns_.data());
    }
    out += '\n';
  }

 private:
  void append_cell(std::string& out, std::string_view text, bool first) const {
    if (!first) out += separator_;
    quotes_ ? append_quoted(out, text) : append_escaped(out, text);
  }
  void append_quoted(std::string& out, std::string_view text) const {
    const char special[] = {separator_, '"', '\n', '\r'};
    const bool bare =
        text.find_first_of(std::string_view(special, sizeof(special))) == std::string_view::npos;
    // A lone empty cell would be an empty line, and a mark at the very front would vanish.
    if (bare && !(text.empty() && columns_.size() == 1) && !text.starts_with("\xEF\xBB\xBF")) {
      out += text;
      return;
    }
    out += '"';
    for (const char c : text) {
      if (c == '"') out += '"';
      out += c;
    }
    out += '"';
  }
  void append_escaped(std::string& out, std::string_view text) const {
    for (const char c : text) {
      switch (c) {
        case '\t': out += "\\t"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\\': out += "\\\\"; break;
        default:
          if (c == separator_) out += '\\';
          out += c;
      }
    }
  }

  std::vector<column> columns_;
  char separator_;
  bool quotes_;
  bool has_header_;
};

[[nodiscard]] result<std::unique_ptr<row_writer>> make_delimited_writer(const rows_request& how,
                                                                        const types& t) {
  const auto separator = separator_of(how);
  if (!separator) return std::unexpected(separator.error());
  const auto all = columns_of(t);
  auto wanted = choose_columns(all, how.columns, "--columns");
  if (!wanted) return std::unexpected(wanted.error());
  return std::make_unique<delimited_writer>(how.columns.empty() ? all : *wanted, *separator, how);
}

}  // namespace

result<std::unique_ptr<row_writer>> make_row_writer(const rows_request& how, const types& t,
                                                    bool objects) {
  switch (how.format) {
    case row_format::csv:
    case row_format::tsv: return make_delimited_writer(how, t);
    case row_format::erlang: return std::make_unique<erlang_writer>(objects);
    case row_format::etf_hex: return std::make_unique<hex_writer>(objects);
    case row_format::by_name:
    case row_format::json_lines: break;
  }
  return std::make_unique<json_lines_writer>(t);
}

void append_erlang_row(std::string& out, bool objects, const term& key, const term& value) {
  out += objects ? value.to_string() : term::tuple({key, value}).to_string();
  out += '.';
}

}  // namespace shelf::rows
