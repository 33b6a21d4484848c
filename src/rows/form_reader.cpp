// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Forms over several lines, or several on one.
#include "rows/form_reader.hpp"

#include <algorithm>

namespace shelf::rows {
namespace {

/// A full stop that is missing must not bring the whole file into memory.
constexpr std::size_t longest_form = std::size_t{64} << 20;

/// True for text without a term: blanks and comments.
[[nodiscard]] bool is_comment(std::string_view text) {
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

}  // namespace

void form_reader::append(std::string_view line) {
  if (!is_latin1_) {
    form_ += line;
    return;
  }
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      form_ += c;
      continue;
    }
    form_ += static_cast<char>(0xC0 | (byte >> 6));
    form_ += static_cast<char>(0x80 | (byte & 0x3F));
  }
}

result<std::optional<form_reader::form>> form_reader::next() {
  form_.clear();
  first_ = 0;
  form_end stop;
  for (;;) {
    std::string_view line = rest_;
    if (rest_.empty()) {
      const auto read = from_.next_line();
      if (!read) return std::unexpected(read.error());
      if (!*read) {
        if (is_comment(form_)) return std::nullopt;
        return form{.text = form_, .is_whole = false};
      }
      line = **read;
    }
    if (is_latin1_ && line.starts_with('%') && line.find("coding: utf-8") != line.npos) {
      is_latin1_ = false;
    }
    if (is_comment(form_)) {
      form_.clear();
      first_ = from_.line();
    }
    const bool ended = stop.in_line(line);
    const std::string behind(ended ? line.substr(stop.end()) : std::string_view());
    append(ended ? line.substr(0, stop.end()) : line);
    form_ += '\n';
    rest_ = is_comment(behind) ? std::string() : behind;
    if (ended || form_.size() >= longest_form) return form{.text = form_, .is_whole = true};
  }
}

bad_row form_reader::bad(const bad_text& why) const {
  const auto before = std::string_view(form_).substr(0, why.at);
  const auto lines = static_cast<std::uint64_t>(std::ranges::count(before, '\n'));
  const auto from = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return {.line = first_ + lines,
          .column = column_at(before.substr(from), before.size() - from),
          .why = why.why};
}

}  // namespace shelf::rows
