// TERM  vocabulary of every room
// The public term: factories that write canonical bytes, inspectors that read them.
#include "shelf/term.hpp"

#include "error/utf8.hpp"
#include "term/canonical.hpp"
#include "term/decimal.hpp"
#include "term/number.hpp"
#include "term/order.hpp"
#include "term/rank.hpp"
#include "term/scalar_output.hpp"
#include "term/skip.hpp"
#include "term/text.hpp"
#include "term/validation.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <ostream>

namespace shelf {
namespace {

using terms::tag;

constexpr std::size_t longest_string = 65535;

tag tag_of(bytes encoded) noexcept {
  assert(!encoded.empty());  // a term that was moved from may only be assigned to or destroyed
  return static_cast<tag>(encoded[0]);
}

// For what callers build: too large is a mistake of theirs that no result announces.
void demand(bool fits, const char* sentence) {
  if (!fits) detail::fail(error(errc::size_limit_exceeded, sentence));
}

void demand_size(std::size_t size) {
  demand(size <= terms::max_term_bytes, "a term of more than 1 GiB");
}

void demand_nesting(const std::string& encoded) {
  demand(terms::scan(as_bytes(encoded)).has_value(), "a term nested deeper than 256");
}

std::size_t total_size(std::span<const term> elements) noexcept {
  std::size_t size = 0;
  for (const auto& e : elements) size += e.encoded().size();
  return size;
}

bool is_byte(const term& t) noexcept { return tag_of(t.encoded()) == tag::small_integer; }

result<term> from_bytes(result<std::vector<std::byte>> canonical) {
  if (!canonical) return std::unexpected(canonical.error());
  return term::from_canonical(*canonical);
}

bytes string_of(bytes list) noexcept { return list.subspan(3); }

// The next term at `at` as a value; moves behind it.
term take(const std::byte*& at) {
  const auto* begin = at;
  at = terms::skip(at, 1);
  return term::from_canonical({begin, at});
}

}  // namespace

term term::nil() { return term(std::string(1, static_cast<char>(tag::nil))); }

term term::from_signed(std::int64_t value) {
  std::string out;
  terms::put_integer(out, value);
  return term(std::move(out));
}

term term::from_unsigned(std::uint64_t value) {
  std::string out;
  terms::put_integer(out, false, value);
  return term(std::move(out));
}

result<term> term::integer_from_text(std::string_view decimal) {
  const bool negative = decimal.starts_with('-');
  if (negative || decimal.starts_with('+')) decimal.remove_prefix(1);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (decimal.empty() || !std::ranges::all_of(decimal, digit)) {
    return std::unexpected(error(errc::invalid_argument, "the text is not a decimal integer"));
  }
  while (decimal.starts_with('0')) decimal.remove_prefix(1);
  constexpr std::size_t digits_a_byte_at_most = 3;
  if (decimal.size() > digits_a_byte_at_most * terms::term_limits{}.integer_bytes) {
    return std::unexpected(error(errc::size_limit_exceeded, "an integer of more than 8 KiB"));
  }
  return integer_from_magnitude(negative ? sign::negative : sign::positive,
                                terms::from_decimal(decimal));
}

result<term> term::integer_from_magnitude(sign s, bytes little_endian) {
  std::string out;
  while (!little_endian.empty() && little_endian.back() == std::byte{0}) {
    little_endian = little_endian.first(little_endian.size() - 1);
  }
  if (little_endian.size() > terms::term_limits{}.integer_bytes) {
    return std::unexpected(error(errc::size_limit_exceeded, "an integer of more than 8 KiB"));
  }
  terms::put_integer(out, s == sign::negative, little_endian);
  return term(std::move(out));
}

result<term> term::floating(double value) {
  if (!std::isfinite(value)) {
    return std::unexpected(error(errc::invalid_argument, "NaN and infinities are not terms"));
  }
  std::string out;
  terms::put_floating(out, value);
  return term(std::move(out));
}

result<term> term::atom(std::string_view name) {
  const auto characters = count_characters(as_bytes(name));
  if (!characters) {
    return std::unexpected(error(errc::invalid_argument, "the name of an atom must be UTF-8"));
  }
  if (*characters > 255) {
    return std::unexpected(
        error(errc::invalid_argument, "the name of an atom has at most 255 characters"));
  }
  std::string out;
  terms::put_atom(out, as_bytes(name));
  return term(std::move(out));
}

term term::boolean(bool value) {
  std::string out;
  terms::put_atom(out, as_bytes(value ? "true" : "false"));
  return term(std::move(out));
}

term term::binary(bytes content) {
  demand_size(content.size());
  std::string out;
  out.reserve(content.size() + 5);
  terms::put_binary(out, content);
  return term(std::move(out));
}

result<term> term::bitstring(bytes content, unsigned bits_in_last_byte) {
  const bool fits =
      content.empty() ? bits_in_last_byte == 0 : bits_in_last_byte >= 1 && bits_in_last_byte <= 8;
  if (!fits) {
    return std::unexpected(error(errc::invalid_argument, "the last byte must have 1 to 8 bits"));
  }
  demand_size(content.size());
  std::string out;
  terms::put_bitstring(out, content, bits_in_last_byte);
  return term(std::move(out));
}

term term::list(std::span<const term> elements) {
  if (elements.empty()) return nil();
  std::string out;
  if (elements.size() <= longest_string && std::ranges::all_of(elements, is_byte)) {
    terms::put_tag(out, tag::string);
    terms::put_big(out, static_cast<std::uint16_t>(elements.size()));
    for (const auto& e : elements) out += e.bytes_[1];
    return term(std::move(out));
  }
  const auto size = total_size(elements);
  demand_size(size);
  out.reserve(size + 6);
  terms::put_counted_head(out, tag::list, elements.size());
  for (const auto& e : elements) out += e.bytes_;
  terms::put_tag(out, tag::nil);
  demand_nesting(out);
  return term(std::move(out));
}

term term::tuple(std::span<const term> elements) {
  const auto size = total_size(elements);
  demand_size(size);
  std::string out;
  out.reserve(size + 5);
  terms::put_tuple_head(out, elements.size());
  for (const auto& e : elements) out += e.bytes_;
  demand_nesting(out);
  return term(std::move(out));
}

result<term> term::map(std::span<const pair> pairs) {
  std::string out;
  terms::put_counted_head(out, tag::map, pairs.size());
  for (const auto& [key, value] : pairs) {
    out += key.bytes_;
    out += value.bytes_;
    demand_size(out.size());
  }
  auto made = from_bytes(terms::canonicalize(as_bytes(out)));
  if (!made && made.error() == errc::corrupt) {
    return std::unexpected(error(errc::invalid_argument, "a key occurs twice in the map"));
  }
  return made;
}

term::type term::what() const noexcept {
  switch (tag_of(encoded())) {
    case tag::new_float: return type::floating;
    case tag::binary: return type::binary;
    case tag::bit_binary: return type::bitstring;
    default: break;
  }
  switch (terms::rank_of(tag_of(encoded()))) {
    case terms::rank::number: return type::integer;
    case terms::rank::atom: return type::atom;
    case terms::rank::reference: return type::reference;
    case terms::rank::fun: return type::fun;
    case terms::rank::port: return type::port;
    case terms::rank::pid: return type::pid;
    case terms::rank::tuple: return type::tuple;
    case terms::rank::map: return type::map;
    case terms::rank::nil: return type::nil;
    case terms::rank::list: return type::list;
    case terms::rank::before_all:
    case terms::rank::behind_all:
    case terms::rank::bitstring: break;
  }
  return type::bitstring;
}

std::optional<std::uint64_t> term::as_unsigned() const noexcept {
  if (what() != type::integer) return std::nullopt;
  const auto n = terms::number_at(encoded().data());
  if (n.negative || n.exponent > 63) return std::nullopt;
  return n.top == 0 ? 0 : n.top >> (63 - n.exponent);
}

std::optional<std::int64_t> term::as_integer() const noexcept {
  if (what() != type::integer) return std::nullopt;
  const auto n = terms::number_at(encoded().data());
  if (n.exponent > 63) return std::nullopt;
  const auto magnitude = n.top == 0 ? 0 : n.top >> (63 - n.exponent);
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (magnitude > most + (n.negative ? 1 : 0)) return std::nullopt;
  return static_cast<std::int64_t>(n.negative ? 0 - magnitude : magnitude);
}

std::optional<double> term::as_floating() const noexcept {
  if (what() != type::floating) return std::nullopt;
  return std::bit_cast<double>(terms::load_big<std::uint64_t>(encoded().data() + 1));
}

std::optional<bool> term::as_boolean() const noexcept {
  const auto name = as_atom();
  if (name == "true") return true;
  if (name == "false") return false;
  return std::nullopt;
}

std::optional<bytes> term::as_binary() const& noexcept {
  if (what() != type::binary) return std::nullopt;
  return encoded().subspan(5);
}

std::optional<std::string_view> term::as_atom() const& noexcept {
  if (what() != type::atom) return std::nullopt;
  return as_text(terms::atom_at(encoded().data()));
}

std::optional<std::vector<term>> term::elements() const {
  const auto kind = what();
  if (kind != type::tuple && kind != type::list && kind != type::nil) return std::nullopt;
  std::vector<term> all;
  all.reserve(size());
  if (tag_of(encoded()) == tag::string) {
    for (const auto b : string_of(encoded())) all.push_back(integer(std::to_integer<unsigned>(b)));
  } else if (kind != type::nil) {
    const auto c = terms::counted_at(encoded().data());
    const auto* at = c.first;
    for (std::uint64_t i = 0; i < c.count; ++i) all.push_back(take(at));
  }
  return all;
}

std::optional<term> term::tail() const {
  const auto kind = what();
  if (kind != type::list && kind != type::nil) return std::nullopt;
  if (tag_of(encoded()) != tag::list) return nil();
  const auto c = terms::counted_at(encoded().data());
  const auto* at = terms::skip(c.first, c.count);
  return take(at);
}

std::optional<std::vector<term::pair>> term::pairs() const {
  if (what() != type::map) return std::nullopt;
  std::vector<pair> all;
  const auto c = terms::counted_at(encoded().data());
  all.reserve(static_cast<std::size_t>(c.count));
  const auto* at = c.first;
  for (std::uint64_t i = 0; i < c.count; ++i) {
    auto key = take(at);
    all.emplace_back(std::move(key), take(at));
  }
  return all;
}

std::size_t term::size() const noexcept {
  const auto all = encoded();
  switch (tag_of(all)) {
    case tag::small_tuple:
    case tag::large_tuple:
    case tag::map:
    case tag::list: return static_cast<std::size_t>(terms::counted_at(all.data()).count);
    case tag::string: return string_of(all).size();
    case tag::binary: return all.size() - 5;
    case tag::bit_binary: return all.size() - 6;
    default: return 0;
  }
}

result<term> term::decode(bytes external) {
  return from_bytes(terms::canonicalize_enveloped(external));
}

result<term> term::from_encoded(bytes encoded) { return from_bytes(terms::canonicalize(encoded)); }

term term::from_canonical(bytes encoded) {
  assert(terms::is_canonical(encoded));
  return term(std::string(as_text(encoded)));
}

std::vector<std::byte> term::encode() const {
  const auto content = encoded();
  std::vector<std::byte> out;
  out.reserve(content.size() + 1);
  out.push_back(terms::version_byte);
  terms::put(out, content);
  return out;
}

std::string term::to_string(std::size_t limit) const { return terms::to_text(encoded(), limit); }

std::ostream& operator<<(std::ostream& out, const term& t) { return out << t.to_string(); }

std::weak_ordering term::order(const term& a, const term& b) noexcept {
  return terms::compare(a.encoded(), b.encoded());
}

std::size_t term::hash() const noexcept {
  return static_cast<std::size_t>(XXH3_64bits(bytes_.data(), bytes_.size()));
}

}  // namespace shelf
