// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Terms made of JSON, as a schema wants them.
#include "error/hex.hpp"
#include "rows/text/erlang_text.hpp"
#include "rows/text/instant.hpp"
#include "rows/text/json_term.hpp"
#include "rows/text/plain_text.hpp"
#include "rows/text/whole_number.hpp"
#include "shelf/detail/decoder.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace shelf::rows {
namespace {

using form = schema_form;
using type = json_value::type;
using found = std::expected<term, bad_text>;

[[nodiscard]] std::string_view name_of(type t) {
  switch (t) {
    case type::null: return "null";
    case type::boolean: return "true or false";
    case type::integer: return "an integer";
    case type::floating: return "a fraction";
    case type::string: return "a string";
    case type::array: return "an array";
    case type::object: return "an object";
  }
  return "something else";
}

[[nodiscard]] std::unexpected<bad_text> refuse(const json_value& v, std::string why) {
  return std::unexpected(bad_text{v.at, std::move(why)});
}
[[nodiscard]] std::unexpected<bad_text> differs(const json_value& v, std::string_view wanted) {
  return refuse(v, "expected " + std::string(wanted) + ", found " + std::string(name_of(v.what)));
}
[[nodiscard]] found checked(const json_value& v, result<term> t) {
  if (t) return *std::move(t);
  return refuse(v, t.error().message());
}

class reader {
 public:
  [[nodiscard]] found value(const schema_node& wanted, const json_value& v);

 private:
  [[nodiscard]] found plain(const schema_node& n, const json_value& v);
  [[nodiscard]] found integer(const schema_node& n, const json_value& v);
  [[nodiscard]] found any(const json_value& v);
  [[nodiscard]] found escape(const schema_node& n, const json_value& v);
  [[nodiscard]] found list(const schema_node& n, const json_value& v, bool is_set);
  [[nodiscard]] found tuple(const schema_node& n, const json_value& v, std::size_t size);
  [[nodiscard]] found record(const schema_node& n, const json_value& v);
  [[nodiscard]] found fields(const schema_node& n, const json_value& v, std::vector<term> all);
  [[nodiscard]] found map(const schema_node& n, const json_value& v);
  [[nodiscard]] found optional(const schema_node& n, const json_value& v);
  [[nodiscard]] found one_of(const schema_node& n, const json_value& v);
  [[nodiscard]] found name(const schema_node& n, const json_value& at, const std::string& text);

  detail::schema_path around_;
  bool exact_ = false;  ///< no string is a number, no integer a float
};

[[nodiscard]] bool is_escape(const json_value& v) {
  return v.what == type::object && v.names.size() == 1 &&
         (v.names[0] == "$term" || v.names[0] == "$hex") && v.items[0].what == type::string;
}

[[nodiscard]] found from_hex(const json_value& v) {
  auto content = bytes_from_hex(v.text);
  if (!content) return refuse(v, "expected an even number of hexadecimal digits");
  return term::binary(bytes(*content));
}

/// {"$term": ".."} and {"$hex": ".."}, wherever a value may stand.
found reader::escape(const schema_node& n, const json_value& v) {
  const auto& content = v.items[0];
  auto t = v.names[0] == "$hex" ? from_hex(content) : parse_erlang(content.text);
  if (!t) return refuse(content, t.error().why);
  if (auto fits = detail::check_by_schema(n, *t); !fits) {
    return refuse(content, fits.error().message());
  }
  return t;
}

found reader::value(const schema_node& wanted, const json_value& v) {
  const auto& n = around_.resolve(unnamed(wanted));
  const auto f = detail::form_of(n);
  if (is_escape(v) && f != form::optional) return escape(n, v);
  switch (f) {
    case form::list:
    case form::set: return list(n, v, f == form::set);
    case form::map: return map(n, v);
    case form::array: {
      std::size_t size = 0;
      std::from_chars(n.detail.data(), n.detail.data() + n.detail.size(), size);
      return tuple(n, v, size);
    }
    case form::tuple: return tuple(n, v, n.parts.size());
    case form::optional: return optional(n, v);
    case form::one_of: return one_of(n, v);
    case form::record: return record(n, v);
    case form::any:
    case form::unknown: return any(v);
    default: return plain(n, v);
  }
}

found reader::plain(const schema_node& n, const json_value& v) {
  switch (detail::form_of(n)) {
    case form::boolean:
      if (v.what != type::boolean) return differs(v, "true or false");
      return term::boolean(v.text == "true");
    case form::integer: return integer(n, v);
    case form::floating:
      if (v.what != type::floating && (v.what != type::integer || exact_)) {
        return differs(v, "a number");
      }
      return name(n, v, v.text);
    case form::nil:
      if (v.what != type::null) return differs(v, "null");
      return checked(v, term::atom("nil"));
    default:
      if (v.what != type::string) return differs(v, "a string");
      return name(n, v, v.text);
  }
}

/// A time is a string first of all; of other integers a string is one only where nothing else is
/// meant.
found reader::integer(const schema_node& n, const json_value& v) {
  if (v.what == type::string && (!exact_ || is_time(n))) {
    if (!exact_ || parse_instant(v.text)) return name(n, v, v.text);
  }
  const bool may_be_whole = v.what == type::floating && !exact_;
  const auto whole = may_be_whole ? whole_number(v.text) : std::nullopt;
  if (whole) return checked(v, term::integer_from_text(*whole));
  if (v.what != type::integer) return differs(v, is_time(n) ? a_time : "an integer");
  return checked(v, term::integer_from_text(v.text));
}

/// Text inside JSON: names of an enumeration, content of a binary, code points, times.
found reader::name(const schema_node& n, const json_value& at, const std::string& text) {
  auto t = from_plain_text(n, text);
  if (!t) return refuse(at, t.error().why);
  return t;
}

found reader::any(const json_value& v) {
  if (is_escape(v)) {
    const auto& content = v.items[0];
    auto t = v.names[0] == "$hex" ? from_hex(content) : parse_erlang(content.text);
    if (!t) return refuse(content, t.error().why);
    return t;
  }
  switch (v.what) {
    case type::null: return checked(v, term::atom("null"));
    case type::boolean: return term::boolean(v.text == "true");
    case type::integer: return checked(v, term::integer_from_text(v.text));
    case type::string: return term::binary(v.text);
    case type::floating: {
      double number = 0;
      std::from_chars(v.text.data(), v.text.data() + v.text.size(), number);
      return checked(v, term::floating(number));
    }
    case type::array:
    case type::object: break;
  }
  std::vector<term> all;
  for (const auto& item : v.items) {
    auto t = any(item);
    if (!t) return t;
    all.push_back(*std::move(t));
  }
  if (v.what == type::array) return term::list(all);
  std::vector<term::pair> pairs;
  for (std::size_t i = 0; i < all.size(); ++i) {
    pairs.emplace_back(term::binary(v.names[i]), std::move(all[i]));
  }
  return checked(v, term::map(pairs));
}

found reader::list(const schema_node& n, const json_value& v, bool is_set) {
  if (v.what != type::array) return differs(v, "an array");
  std::vector<term> all;
  for (const auto& item : v.items) {
    auto t = value(n.parts[0], item);
    if (!t) return t;
    all.push_back(*std::move(t));
  }
  if (is_set) {
    std::ranges::sort(all, [](const term& a, const term& b) {
      return detail::compare_keys(a.encoded(), b.encoded()) < 0;
    });
    const auto twice = std::ranges::unique(all);
    all.erase(twice.begin(), twice.end());
  }
  return term::list(all);
}

found reader::tuple(const schema_node& n, const json_value& v, std::size_t size) {
  if (v.what != type::array) return differs(v, "an array");
  if (v.items.size() != size) {
    return refuse(v, "expected an array of " + std::to_string(size) + ", found one of " +
                         std::to_string(v.items.size()));
  }
  std::vector<term> all;
  for (std::size_t i = 0; i < size; ++i) {
    auto t = value(n.parts[n.what == schema_node::form::call ? 0 : i], v.items[i]);
    if (!t) return t;
    all.push_back(*std::move(t));
  }
  return term::tuple(all);
}

found reader::record(const schema_node& n, const json_value& v) {
  const std::string tag(n.word);
  if (n.parts.empty()) {
    if (v.what != type::string || v.text != tag) return differs(v, "\"" + tag + "\"");
    return checked(v, term::atom(tag));
  }
  if (v.what != type::object && v.what != type::array) return differs(v, "an object");
  const bool named = v.what == type::object;
  if (!named && v.items.size() != n.parts.size()) return differs(v, "all fields of " + tag);
  for (std::size_t i = 0; named && i < v.names.size(); ++i) {
    if (std::ranges::find(n.names, v.names[i]) != n.names.end()) continue;
    return refuse(v.items[i], tag + " has no field \"" + v.names[i] + "\"");
  }
  std::vector<term> all;
  auto tag_atom = checked(v, term::atom(tag));
  if (!tag_atom) return tag_atom;
  all.push_back(*std::move(tag_atom));
  around_.enter(n);
  auto whole = fields(n, v, std::move(all));
  around_.leave();
  return whole;
}

/// The fields of a record, behind its tag.
found reader::fields(const schema_node& n, const json_value& v, std::vector<term> all) {
  const bool named = v.what == type::object;
  for (std::size_t i = 0; i < n.parts.size(); ++i) {
    auto at = i;
    if (named) {
      at = static_cast<std::size_t>(std::ranges::find(v.names, n.names[i]) - v.names.begin());
    }
    const bool is_optional = detail::form_of(unnamed(n.parts[i])) == form::optional;
    if (at == v.items.size() && !is_optional) {
      return refuse(v, "the field \"" + std::string(n.names[i]) + "\" is missing");
    }
    auto t = at == v.items.size() ? checked(v, term::atom("none")) : value(n.parts[i], v.items[at]);
    if (!t) return t;
    all.push_back(*std::move(t));
  }
  return term::tuple(all);
}

found reader::map(const schema_node& n, const json_value& v) {
  std::vector<term::pair> pairs;
  if (v.what == type::object) {
    for (std::size_t i = 0; i < v.items.size(); ++i) {
      auto key = name(unnamed(n.parts[0]), v.items[i], v.names[i]);
      if (!key) return key;
      auto mapped = value(n.parts[1], v.items[i]);
      if (!mapped) return mapped;
      pairs.emplace_back(*std::move(key), *std::move(mapped));
    }
    return checked(v, term::map(pairs));
  }
  if (v.what != type::array) return differs(v, "an object or an array of pairs");
  for (const auto& item : v.items) {
    if (item.what != type::array || item.items.size() != 2) return differs(item, "a pair");
    auto key = value(n.parts[0], item.items[0]);
    if (!key) return key;
    auto mapped = value(n.parts[1], item.items[1]);
    if (!mapped) return mapped;
    pairs.emplace_back(*std::move(key), *std::move(mapped));
  }
  return checked(v, term::map(pairs));
}

found reader::optional(const schema_node& n, const json_value& v) {
  if (v.what == type::null) return checked(v, term::atom("none"));
  const bool wrapped = v.what == type::object && v.names.size() == 1 && v.names[0] == "$some";
  // {"$term": ..} may stand for the whole optional as well as for what is in it.
  if (!wrapped && is_escape(v)) {
    if (auto whole = escape(n, v)) return whole;
  }
  auto inner = value(n.parts[0], wrapped ? v.items[0] : v);
  if (!inner) return inner;
  auto some = checked(v, term::atom("some"));
  if (!some) return some;
  return term::tuple({*std::move(some), *std::move(inner)});
}

/// The first alternative that is meant to the letter; if there is none, the first that will do.
found reader::one_of(const schema_node& n, const json_value& v) {
  for (const bool exact : {true, exact_}) {
    const auto before = std::exchange(exact_, exact);
    for (const auto& choice : n.parts) {
      if (auto t = value(choice, v)) {
        exact_ = before;
        return t;
      }
    }
    exact_ = before;
  }
  return refuse(v, "expected " + std::string(n.text) + ", found " + std::string(name_of(v.what)));
}

}  // namespace

std::expected<term, bad_text> from_json(const schema_node& n, const json_value& v) {
  return reader().value(n, v);
}

std::expected<term, bad_text> from_json(const schema_node& n, std::string_view text) {
  const auto v = parse_json(text);
  if (!v) return std::unexpected(v.error());
  return from_json(n, *v);
}

}  // namespace shelf::rows
