// CODEC  api -> [codec] -> term
// Terms held against schemas that were read from a file.
#include "codec/schema_check.hpp"

#include "shelf/detail/decoder.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <ranges>
#include <utility>

namespace shelf::detail {
namespace {

using node = schema_node;
using form = schema_form;

[[nodiscard]] bool is_number(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

[[nodiscard]] std::size_t number(std::string_view text) noexcept {
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

[[nodiscard]] form form_of_word(std::string_view word) noexcept {
  constexpr std::array<std::pair<std::string_view, form>, 7> words{{
      {"boolean", form::boolean},
      {"integer", form::integer},
      {"float", form::floating},
      {"binary", form::binary},
      {"nil", form::nil},
      {"any", form::any},
      {"...", form::any},
  }};
  const auto* const at = std::ranges::find(words, word, [](const auto& w) { return w.first; });
  return at == words.end() ? form::unknown : at->second;
}

[[nodiscard]] form form_of_call(const node& n) noexcept {
  const auto parts = n.parts.size();
  if (n.word == "integer") return form::integer;
  if (n.word == "binary") return is_number(n.detail) ? form::binary : form::unknown;
  if (n.word == "atom") return form::names;
  if (n.word == "array") return is_number(n.detail) ? form::array : form::unknown;
  if (n.word == "named") return parts == 1 ? form::named : form::unknown;
  if (n.word == "one_of") return parts > 0 ? form::one_of : form::unknown;
  if (n.word == "map") return parts == 2 ? form::map : form::unknown;
  if (parts != 1) return form::unknown;
  if (n.word == "list") return form::list;
  if (n.word == "set") return form::set;
  return n.word == "optional" ? form::optional : form::unknown;
}

[[nodiscard]] std::string found(const term& t) {
  using type = term::type;
  switch (t.what()) {
    case type::integer: return "integer";
    case type::floating: return "float";
    case type::atom: return "atom";
    case type::tuple: return "tuple of " + std::to_string(t.size());
    case type::map: return "map";
    case type::nil:
    case type::list: return "list";
    case type::binary: return "binary";
    case type::bitstring: return "bitstring";
    default: return "a term that no table keeps";
  }
}

/// A schema for a sentence, which has no room for a long one.
[[nodiscard]] std::string phrase(const node& n) {
  constexpr std::size_t most = 200;
  if (n.text.size() <= most) return std::string(n.text);
  return std::string(n.text.substr(0, most)) + "...";
}

/// Holds one term against one schema; the first difference is kept.
class comparison {
 public:
  explicit comparison(std::size_t term_size, schema_path around = {})
      : around_(std::move(around)),
        attempts_left_(least_attempts + attempts_per_byte * term_size) {}
  [[nodiscard]] bool fits(const node& wanted, const term& t);
  [[nodiscard]] std::string sentence() const {
    return path_ + (path_.empty() ? "" : ": ") + "expected " + expected_ + ", found " + found_;
  }

 private:
  [[nodiscard]] bool scalar(form f, const node& n, const term& t);
  [[nodiscard]] bool list(const node& n, const term& t, bool is_set);
  [[nodiscard]] bool map(const node& n, const term& t);
  [[nodiscard]] bool tuple(const node& n, const term& t, std::size_t size);
  [[nodiscard]] bool optional(const node& n, const term& t);
  [[nodiscard]] bool one_of(const node& n, const term& t);
  [[nodiscard]] bool record(const node& n, const term& t);
  bool step(const node& n, const term& t, const std::string& name) {
    if (fits(n, t)) return true;
    path_.insert(0, name);
    return false;
  }
  bool differ(std::string expected, std::string what) {
    expected_ = std::move(expected);
    found_ = std::move(what);
    path_.clear();
    return false;
  }

  /// What may be tried in alternatives of variants: one in another, they multiply.
  static constexpr std::size_t least_attempts = 100'000;
  static constexpr std::size_t attempts_per_byte = 256;

  schema_path around_;
  std::string path_;
  std::string expected_;
  std::string found_;
  std::size_t attempts_left_;
  bool attempting_ = false;
};

bool comparison::scalar(form f, const node& n, const term& t) {
  switch (f) {
    case form::boolean: return t.as_boolean() || differ("true or false", found(t));
    case form::integer: return t.what() == term::type::integer || differ("integer", found(t));
    case form::floating: return t.as_floating() || differ("float", found(t));
    case form::nil: return t.as_atom() == "nil" || differ("atom 'nil'", found(t));
    case form::names: {
      const auto name = t.as_atom();
      if (name && std::ranges::find(n.names, *name) != n.names.end()) return true;
      return differ(phrase(n), name ? "another atom" : found(t));
    }
    default: break;
  }
  const auto content = t.as_binary();
  if (!content) return differ("binary", found(t));
  if (n.detail.empty() || content->size() == number(n.detail)) return true;
  return differ("binary of " + std::string(n.detail) + " bytes",
                "binary of " + std::to_string(content->size()));
}

bool comparison::list(const node& n, const term& t, bool is_set) {
  const bool is_list = t.what() == term::type::list || t.what() == term::type::nil;
  if (!is_list) return differ("list", found(t));
  if (t.what() == term::type::list && t.tail()->what() != term::type::nil) {
    return differ("the end of the list", "another tail");
  }
  const auto all = *t.elements();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!step(n.parts[0], all[i], "[" + std::to_string(i) + "]")) return false;
    if (is_set && i > 0 && compare_keys(all[i - 1].encoded(), all[i].encoded()) >= 0) {
      return differ("the elements of a set in order", "others");
    }
  }
  return true;
}

bool comparison::map(const node& n, const term& t) {
  const auto pairs = t.pairs();
  if (!pairs) return differ("map", found(t));
  std::size_t i = 0;
  for (const auto& [key, value] : *pairs) {
    const auto at = std::to_string(i++) + "}";
    if (!step(n.parts[0], key, "{key " + at)) return false;
    if (!step(n.parts[1], value, "{value " + at)) return false;
  }
  return true;
}

bool comparison::tuple(const node& n, const term& t, std::size_t size) {
  if (t.what() != term::type::tuple || t.size() != size) {
    return differ("tuple of " + std::to_string(size), found(t));
  }
  const auto all = *t.elements();
  for (std::size_t i = 0; i < size; ++i) {
    const auto& part = n.parts[n.what == node::form::call ? 0 : i];
    if (!step(part, all[i], "[" + std::to_string(i) + "]")) return false;
  }
  return true;
}

bool comparison::optional(const node& n, const term& t) {
  if (t.as_atom() == "none") return true;
  if (t.what() != term::type::tuple || t.size() != 2) {
    return differ("{some, value} or none", found(t));
  }
  const auto both = *t.elements();
  if (both[0].as_atom() != "some") return differ("{some, value} or none", found(t));
  return fits(n.parts[0], both[1]);
}

bool comparison::one_of(const node& n, const term& t) {
  const bool outermost = !std::exchange(attempting_, true);
  const bool one_fits =
      std::ranges::any_of(n.parts, [&](const node& choice) { return fits(choice, t); });
  if (outermost) attempting_ = false;
  if (one_fits) return true;
  if (attempts_left_ == 0) return differ("a type with fewer alternatives", "too many to try");
  return differ(phrase(n), found(t));
}

bool comparison::record(const node& n, const term& t) {
  const std::string tag(n.word);
  if (n.parts.empty()) return t.as_atom() == tag || differ("atom '" + tag + "'", found(t));
  if (t.what() != term::type::tuple) return differ("record '" + tag + "'", found(t));
  const auto all = *t.elements();
  if (all.empty() || all[0].as_atom() != tag) {
    return differ("record '" + tag + "'", found(t) + " with another tag");
  }
  if (all.size() - 1 != n.parts.size()) {
    return differ("record '" + tag + "' of " + std::to_string(n.parts.size()) + " fields",
                  std::to_string(all.size() - 1) + " fields");
  }
  around_.enter(n);
  bool same = true;
  for (std::size_t i = 0; same && i < n.parts.size(); ++i) {
    same = step(n.parts[i], all[i + 1], "." + std::string(n.names[i]));
  }
  around_.leave();
  return same;
}

bool comparison::fits(const node& wanted, const term& t) {
  if (attempting_ && (attempts_left_ == 0 || --attempts_left_ == 0)) return false;
  const node& n = around_.resolve(wanted);
  const auto f = form_of(n);
  switch (f) {
    case form::any:
    case form::unknown: return true;
    case form::list:
    case form::set: return list(n, t, f == form::set);
    case form::map: return map(n, t);
    case form::array: return tuple(n, t, number(n.detail));
    case form::tuple: return tuple(n, t, n.parts.size());
    case form::optional: return optional(n, t);
    case form::one_of: return one_of(n, t);
    case form::named: return fits(n.parts[0], t);
    case form::record: return record(n, t);
    default: return scalar(f, n, t);
  }
}

/// The first word that is no type; empty if all are.
[[nodiscard]] std::string_view unknown_word(const node& n) {
  if (form_of(n) == form::unknown) return n.text;
  for (const auto& part : n.parts) {
    if (const auto word = unknown_word(part); !word.empty()) return word;
  }
  return {};
}

/// One blank behind each comma and colon, none around brackets, those inside of words kept.
[[nodiscard]] std::string respaced(std::string_view written) {
  constexpr std::string_view marks = ",:(){}";
  std::string out;
  bool quoted = false;
  bool blank = false;
  char last = '(';  // what was written last outside of quotes; a word if that is no mark
  for (const char c : written) {
    if (!quoted && std::isspace(static_cast<unsigned char>(c)) != 0) {
      blank = true;
      continue;
    }
    const bool is_mark = !quoted && marks.find(c) != std::string_view::npos;
    const bool after_mark = marks.find(last) != std::string_view::npos;
    if (blank && !is_mark && !after_mark) out += ' ';
    if ((!is_mark || c == '{') && (last == ',' || last == ':')) out += ' ';
    if (c == '\'') quoted = !quoted;
    out += c;
    last = is_mark ? c : 'w';
    blank = false;
  }
  return out;
}

/// The schema again, with the words that other languages have for these types.
void write(const node& n, std::string& out) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> other_words{{
      {"string", "binary"},
      {"text", "binary"},
      {"bytes", "binary"},
      {"int", "integer"},
      {"bool", "boolean"},
  }};
  if (n.what == node::form::word) {
    const auto* const other =
        std::ranges::find(other_words, n.word, [](const auto& w) { return w.first; });
    out += other == other_words.end() ? n.word : other->second;
    return;
  }
  // Brackets, names and details stay as they are; what stands between the parts is copied.
  const char* at = n.text.data();
  for (const auto& part : n.parts) {
    out.append(at, part.text.data());
    write(part, out);
    at = part.text.data() + part.text.size();
  }
  out.append(at, n.text.data() + n.text.size());
}

}  // namespace

const node& schema_path::resolve(const node& n) const noexcept {
  if (n.what != node::form::record || n.detail != "...") return n;
  for (const auto* around : open_ | std::views::reverse) {
    if (around->word == n.word) return *around;
  }
  return n;
}

schema_form form_of(const node& n) noexcept {
  switch (n.what) {
    case node::form::word: return form_of_word(n.word);
    case node::form::call: return form_of_call(n);
    case node::form::tuple: return form::tuple;
    case node::form::record: return form::record;
  }
  return form::unknown;
}

result<> check_by_schema(const node& schema, const term& t) {
  return check_by_schema(schema, t, {});
}

result<> check_by_schema(const node& schema, const term& t, const schema_path& around) {
  comparison c(t.encoded().size(), around);
  if (c.fits(schema, t)) return {};
  return std::unexpected(error(errc::type_mismatch, c.sentence()));
}

result<std::string> tidy_schema(std::string_view written) {
  const auto spaced = respaced(written);
  const auto tree = parse_schema(spaced);
  if (!tree && tree.error() == errc::size_limit_exceeded) {
    return std::unexpected(error(errc::invalid_argument, "the type " + tree.error().message()));
  }
  if (!tree) {
    return std::unexpected(
        error(errc::invalid_argument,
              "'" + std::string(written) + "' is not a type; docs/types.md has the grammar"));
  }
  std::string tidied;
  write(*tree, tidied);
  const auto again = parse_schema(tidied);
  const auto word = again ? unknown_word(*again) : std::string_view(tidied);
  if (word.empty()) return tidied;
  return std::unexpected(
      error(errc::invalid_argument,
            "'" + std::string(word) +
                "' is not a type; types are boolean, integer, float, binary (or "
                "string), nil, any, list(..), set(..), map(.., ..), optional(..), "
                "one_of(..), atom(..), {..} and name{field: ..}"));
}

}  // namespace shelf::detail
