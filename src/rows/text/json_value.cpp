// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// nlohmann's parser, which is told where it is, fills the tree.
#include "rows/text/json_value.hpp"

#include "error/hex.hpp"
#include "error/printable.hpp"
#include "error/utf8.hpp"
#include "shelf/detail/bytes.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <unordered_set>

namespace shelf::rows {
namespace {

using json = nlohmann::json;

constexpr std::size_t deepest = 256;
constexpr std::size_t longest_cause = 80;

/// Reads the text and tells how far the parser has come.
class counted_iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  counted_iterator(const char* at, const char** reached) : at_(at), reached_(reached) {}
  reference operator*() const { return *at_; }
  counted_iterator& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  friend bool operator==(const counted_iterator& a, const counted_iterator& b) {
    return a.at_ == b.at_;
  }
  friend bool operator!=(const counted_iterator& a, const counted_iterator& b) { return !(a == b); }

 private:
  const char* at_;
  const char** reached_;
};

/// Receives the parser's events. Returning false ends the parsing.
class builder {
 public:
  explicit builder(std::string_view text) : text_(text), reached_(text.data()) {}

  bool null() { return add(json_value::type::null, {}); }
  bool boolean(bool value) { return add(json_value::type::boolean, value ? "true" : "false"); }
  bool number_integer(json::number_integer_t value) { return integer(std::to_string(value)); }
  bool number_unsigned(json::number_unsigned_t value) { return integer(std::to_string(value)); }
  bool number_float(json::number_float_t, const std::string& written) {
    // An integer too large for 64 bits comes here as well.
    if (written.find_first_of(".eE") == std::string::npos) return integer(written);
    return add(json_value::type::floating, written);
  }
  bool string(std::string& value) { return add(json_value::type::string, std::move(value)); }
  bool binary(json::binary_t&) { return false; }  // not in text
  bool start_object(std::size_t) { return open(json_value::type::object); }
  bool start_array(std::size_t) { return open(json_value::type::array); }
  bool key(std::string& name) {
    if (!is_new(name)) {
      return refuse(start(), "the name \"" + name + "\" occurs twice in an object");
    }
    open_.back().names.push_back(std::move(name));
    last_ = offset();
    return true;
  }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t at, const std::string&, const json::exception& e) {
    std::string_view why = e.what();
    // "[json.exception...] parse error at line 1, column 5: syntax error while ... - CAUSE; last
    // read: ..."
    if (const auto dash = why.find(" - "); dash != std::string_view::npos) {
      why.remove_prefix(dash + 3);
    } else if (const auto bracket = why.find("] "); bracket != std::string_view::npos) {
      why.remove_prefix(bracket + 2);
    }
    why = why.substr(0, std::min(why.find("; last read:"), longest_cause));
    return refuse(std::min(at == 0 ? 0 : at - 1, text_.size()), "not JSON: " + std::string(why));
  }

  [[nodiscard]] const char** reached() { return &reached_; }
  [[nodiscard]] std::expected<json_value, bad_text> finish() {
    if (wrong_.why.empty()) return std::move(whole_);
    return std::unexpected(std::move(wrong_));
  }

 private:
  [[nodiscard]] std::size_t offset() const {
    return static_cast<std::size_t>(reached_ - text_.data());
  }
  /// Where the token under way began: behind the last one, and what may stand between.
  [[nodiscard]] std::size_t start() const {
    return std::min(text_.find_first_not_of(" \t\r\n,:", last_), text_.size());
  }
  /// A few names are compared with all; many are looked up.
  [[nodiscard]] bool is_new(const std::string& name) {
    constexpr std::size_t few = 16;
    const auto& names = open_.back().names;
    if (names.size() < few) return std::ranges::find(names, name) == names.end();
    auto& known = known_.back();
    if (known.empty()) known.insert(names.begin(), names.end());
    return known.insert(name).second;
  }
  bool integer(std::string digits) {
    // -0 is an integer in JSON's eyes; terms know 0 alone.
    if (digits == "-0") digits = "0";
    return add(json_value::type::integer, std::move(digits));
  }
  bool add(json_value::type what, std::string text) {
    json_value v;
    v.what = what;
    v.text = std::move(text);
    v.at = start();
    last_ = offset();
    if (open_.empty()) {
      whole_ = std::move(v);
    } else {
      open_.back().items.push_back(std::move(v));
    }
    return true;
  }
  bool open(json_value::type what) {
    if (open_.size() == deepest) return refuse(start(), "nested more than 256 deep");
    json_value v;
    v.what = what;
    v.at = start();
    last_ = offset();
    open_.push_back(std::move(v));
    known_.emplace_back();
    return true;
  }
  bool close() {
    json_value done = std::move(open_.back());
    open_.pop_back();
    known_.pop_back();
    last_ = offset();
    if (open_.empty()) {
      whole_ = std::move(done);
    } else {
      open_.back().items.push_back(std::move(done));
    }
    return true;
  }
  bool refuse(std::size_t at, std::string why) {
    wrong_ = {at, std::move(why)};
    return false;
  }

  std::string_view text_;
  const char* reached_;
  std::size_t last_ = 0;
  std::vector<json_value> open_;
  std::vector<std::unordered_set<std::string>> known_;  ///< of each open object with many names
  json_value whole_;
  bad_text wrong_;
};

}  // namespace

std::expected<json_value, bad_text> parse_json(std::string_view text) {
  builder tree(text);
  const counted_iterator from(text.data(), tree.reached());
  const counted_iterator to(text.data() + text.size(), tree.reached());
  json::sax_parse(from, to, &tree);
  return tree.finish();
}

bool is_utf8(std::string_view text) noexcept {
  return count_characters(as_bytes(text)).has_value();
}

namespace {

void append_escape(std::string& out, char32_t code) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += hex_digits[code >> shift & 15];
}

void append_ascii(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default:
      if (c >= 0x20 && c != 0x7F) {
        out += c;
      } else {
        append_escape(out, static_cast<unsigned char>(c));
      }
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    if (static_cast<unsigned char>(text[0]) < 0x80) {
      append_ascii(out, text[0]);
      text.remove_prefix(1);
      continue;
    }
    const auto c = decode_utf8(as_bytes(text));
    const auto whole = text.substr(0, std::max<std::size_t>(1, c.size));
    text.remove_prefix(whole.size());
    if (detail::is_printable(whole)) {
      out += whole;
    } else if (c.size != 0) {
      append_escape(out, c.code);
    } else {
      // No JSON text has this byte; it stands as \xNN, as in a sentence.
      out += '\\' + detail::printable(whole);
    }
  }
  out += '"';
}

}  // namespace shelf::rows
