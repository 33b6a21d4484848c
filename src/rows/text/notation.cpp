// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// By the schema, as JSON or as Erlang text.
#include "rows/text/notation.hpp"

#include "rows/text/erlang_text.hpp"
#include "rows/text/json_term.hpp"
#include "rows/text/plain_text.hpp"
#include "shelf/codec.hpp"
#include "term/zero_sign.hpp"

namespace shelf::rows {

result<term> read_argument(const schema& s, notation how, std::string_view text,
                           std::string_view called) {
  const auto refuse = [&](const std::string& why) {
    return std::unexpected(error(errc::invalid_argument, std::string(called) + ": " + why));
  };
  // --json says how answers are written; arguments are what the schema says.
  const auto t = how == notation::erlang ? parse_erlang(text) : from_plain_text(s.root(), text);
  if (!t) return refuse(t.error().why);
  if (auto fits = detail::check_by_schema(s.root(), *t); !fits) {
    return refuse(fits.error().message());
  }
  return *t;
}

std::string show(const schema_node& n, notation how, const term& t) {
  if (how == notation::erlang) return t.to_string();
  if (how == notation::json) return to_json(n, t);
  const bool bare = detail::form_of(unnamed(n)) == schema_form::any && t.as_binary();
  if (bare && is_utf8(as_text(*t.as_binary()))) return std::string(as_text(*t.as_binary()));
  return to_plain_text(n, t);
}

result<term> as_key(term t) {
  if (terms::may_hold_negative_zero(t.encoded())) {
    std::vector<std::byte> key(t.encoded().begin(), t.encoded().end());
    terms::drop_zero_signs(key);
    t = term::from_canonical(key);
  }
  if (auto sound = detail::check<term>(t.encoded(), {}, detail::purpose::key); !sound) {
    return std::unexpected(error(errc::invalid_argument, sound.error().message()));
  }
  return t;
}

result<> check_value(const term& t) {
  auto sound = detail::check<term>(t.encoded(), {});
  if (sound) return sound;
  return std::unexpected(error(errc::invalid_argument, sound.error().message()));
}

}  // namespace shelf::rows
