// TERM  vocabulary of every room
// Reads terms from bytes nobody vouches for: one function a family of tags.
#include "term/reader.hpp"

#include "error/utf8.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <charconv>
#include <cmath>
#include <utility>

namespace shelf::terms {
namespace {

constexpr std::size_t longest_atom = 255;  // characters
constexpr std::uint32_t most_reference_words = 5;
constexpr std::size_t old_float_size = 31;
constexpr std::size_t fun_fixed_size = 4 + 1 + 16 + 4 + 4;  // size arity uniq index nfree

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

std::size_t digits(std::string_view text, std::size_t at) noexcept {
  const auto begin = at;
  while (at < text.size() && is_digit(text[at])) ++at;
  return at - begin;
}

// float_text := [+-] digit+ [.,] digit+ [ [eE] [+-] digit+ ]   as OTP takes it
bool is_float_text(std::string_view text) noexcept {
  std::size_t at = 0;
  const auto sign = [&] { at += at < text.size() && (text[at] == '+' || text[at] == '-'); };
  const auto some_digits = [&] {
    const auto n = digits(text, at);
    at += n;
    return n > 0;
  };
  sign();
  if (!some_digits() || at == text.size() || (text[at] != '.' && text[at] != ',')) return false;
  ++at;
  if (!some_digits()) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    sign();
    if (!some_digits()) return false;
  }
  return at == text.size();
}

}  // namespace

head reader::any() {
  if (left() == 0) return fail(errc::corrupt, at_, "the bytes end where a term is expected");
  head h{.what = static_cast<tag>(input_[at_]), .start = at_, .body = at_ + 1, .end = at_ + 1};
  switch (h.what) {
    case tag::small_integer:
    case tag::integer:
    case tag::new_float: return number(h);
    case tag::small_big: return big_integer(h, 1);
    case tag::large_big: return big_integer(h, 4);
    case tag::old_float: return float_text(h);
    case tag::atom:
    case tag::small_atom:
    case tag::atom_utf8:
    case tag::small_atom_utf8: return atom(h);
    case tag::pid:
    case tag::new_pid:
    case tag::port:
    case tag::new_port:
    case tag::v4_port: return identifier(h);
    case tag::reference: return small_reference(h);
    case tag::new_reference:
    case tag::newer_reference: return reference(h);
    case tag::string:
    case tag::binary:
    case tag::bit_binary: return blob(h);
    case tag::nil: return take(h, 0);
    case tag::small_tuple:
    case tag::large_tuple:
    case tag::list:
    case tag::map: return container(h);
    case tag::new_fun: return fun(h);
    case tag::fun_export: return exported(h);
    case tag::compressed: return bad(h, "compressed terms cannot be nested");
    default: return bad(h, "unknown tag");
  }
}

head reader::take(head h, std::uint64_t size) {
  const auto had = input_.size() - h.body;
  if (size > had) {
    return bad(h, "needs " + std::to_string(size) + " more bytes, has " + std::to_string(had));
  }
  h.end = h.body + static_cast<std::size_t>(size);
  at_ = h.end;
  return h;
}

// Reads a length of 1, 2 or 4 bytes behind the tag, then takes so many units of content.
head reader::sized(head h, std::size_t length_size, std::uint64_t unit) {
  head length = take(h, length_size);
  if (!length) return length;
  const auto* at = pointer(h.body);
  const std::uint64_t count = length_size == 1   ? std::to_integer<std::uint64_t>(*at)
                              : length_size == 2 ? load_big<std::uint16_t>(at)
                                                 : load_big<std::uint32_t>(at);
  h.body = length.end;
  return take(h, count * unit);
}

head reader::number(head h) {
  h = take(h, h.what == tag::small_integer ? 1 : h.what == tag::integer ? 4 : 8);
  if (h && h.what == tag::new_float) {
    const auto value = std::bit_cast<double>(load_big<std::uint64_t>(pointer(h.body)));
    if (!std::isfinite(value)) return bad(h, "a float that is not finite");
  }
  return h;
}

// The content is the sign byte and the magnitude.
head reader::big_integer(head h, std::size_t count_size) {
  const head count = take(h, count_size);
  if (!count) return count;
  const std::uint64_t n = count_size == 1 ? std::to_integer<std::uint64_t>(*pointer(h.body))
                                          : load_big<std::uint32_t>(pointer(h.body));
  h.body = count.end;
  h = take(h, n + 1);
  if (h && n > bounds_.integer_bytes) {
    return fail(errc::size_limit_exceeded, h.start,
                "an integer of " + std::to_string(n) + " bytes, more than " +
                    std::to_string(bounds_.integer_bytes));
  }
  return h;
}

std::optional<double> reader::parse_old_float(bytes content) noexcept {
  std::array<char, old_float_size> copy{};
  std::size_t size = 0;
  for (const auto b : content) {
    if (b == std::byte{0}) break;
    copy[size++] = static_cast<char>(b);
  }
  const std::string_view text(copy.data(), size);
  if (!is_float_text(text)) return std::nullopt;
  std::replace(copy.begin(), copy.end(), ',', '.');
  const auto* first = copy.data() + (copy[0] == '+' ? 1 : 0);
  double value = 0;
  const auto parsed = std::from_chars(first, copy.data() + size, value);
  if (parsed.ec == std::errc{}) return value;
  // Out of range. In 31 characters only the exponent can do that, so its sign says which way.
  const auto exponent = text.find_first_of("eE");
  if (exponent == text.npos || text[exponent + 1] != '-') return std::nullopt;
  return copy[0] == '-' ? -0.0 : 0.0;
}

head reader::float_text(head h) {
  h = take(h, old_float_size);
  if (h && !parse_old_float(content(h))) return bad(h, "not the text of a finite float");
  return h;
}

head reader::atom(head h) {
  const bool small = h.what == tag::small_atom || h.what == tag::small_atom_utf8;
  return name(h, small ? 1 : 2);
}

head reader::name(head h, std::size_t length_size) {
  h = sized(h, length_size);
  if (!h) return h;
  const auto text = content(h);
  const bool latin1 = h.what == tag::atom || h.what == tag::small_atom;
  const auto count = latin1 ? std::optional(text.size()) : count_characters(text);
  if (!count) return bad(h, "an atom that is not UTF-8");
  if (*count > longest_atom) return bad(h, "an atom of " + std::to_string(*count) + " characters");
  return h;
}

// Looks at the tag before it reads, here and below: a pid in the node of a pid in the node of ...
// must not recurse.
tag reader::peek() const noexcept {
  return left() == 0 ? tag::none : static_cast<tag>(*pointer(at_));
}

head reader::inner_atom(const head& h, const char* role) {
  switch (peek()) {
    case tag::atom:
    case tag::small_atom:
    case tag::atom_utf8:
    case tag::small_atom_utf8: return next();
    default: return bad(h, std::string("its ") + role + " is not an atom");
  }
}

bool reader::check_creation(const head& h, std::size_t at) {
  if (std::to_integer<unsigned>(*pointer(at)) <= 3) return true;
  static_cast<void>(bad(h, "a creation above 3"));
  return false;
}

// node atom, then for a pid id and serial, for a port its number, then the creation.
head reader::identifier(head h) {
  at_ = h.body;
  const head node = inner_atom(h, "node");
  if (!node) return node;
  const bool old = h.what == tag::pid || h.what == tag::port;
  const std::size_t number =
      h.what == tag::pid || h.what == tag::new_pid || h.what == tag::v4_port ? 8 : 4;
  const head rest =
      take({.what = h.what, .start = h.start, .body = node.end}, number + (old ? 1u : 4u));
  if (!rest) return rest;
  if (old && !check_creation(h, rest.end - 1)) return {};
  h.end = rest.end;
  return h;
}

// reference := node id:u32 creation:u8
head reader::small_reference(head h) {
  at_ = h.body;
  const head node = inner_atom(h, "node");
  if (!node) return node;
  const head rest = take({.what = h.what, .start = h.start, .body = node.end}, 5);
  if (!rest || !check_creation(h, rest.end - 1)) return {};
  if (load_big<std::uint32_t>(pointer(node.end)) >= 1u << 18) return bad(h, "an id above 18 bits");
  h.end = rest.end;
  return h;
}

// new_reference := n:u16 node creation:u8|u32 words:u32[n]
head reader::reference(head h) {
  const head count = take(h, 2);
  if (!count) return count;
  const std::uint32_t words = load_big<std::uint16_t>(pointer(h.body));
  if (words > most_reference_words) {
    return bad(h, "a reference of " + std::to_string(words) + " words");
  }
  const head node = inner_atom(h, "node");
  if (!node) return node;
  const bool old = h.what == tag::new_reference;
  const std::size_t creation = old ? 1 : 4;
  const head rest =
      take({.what = h.what, .start = h.start, .body = node.end}, creation + std::size_t{4} * words);
  if (!rest) return rest;
  if (old && !check_creation(h, node.end)) return {};
  if (old && words > 0 && load_big<std::uint32_t>(pointer(node.end + 1)) >= 1u << 18) {
    return bad(h, "a first word above 18 bits");
  }
  h.body += 2;
  h.end = rest.end;
  return h;
}

// bit_binary := size:u32 bits:u8 content; the content of the head is bits and content.
head reader::blob(head h) {
  if (h.what == tag::string) return sized(h, 2);
  if (h.what == tag::binary) return sized(h, 4);
  const head fixed = take(h, 5);
  if (!fixed) return fixed;
  const std::uint64_t size = load_big<std::uint32_t>(pointer(h.body));
  const auto bits = std::to_integer<unsigned>(*pointer(h.body + 4));
  h.body += 4;
  h = take(h, size + 1);
  if (!h) return h;
  const bool fits = size == 0 ? bits == 0 : bits >= 1 && bits <= 8;
  if (!fits) return bad(h, std::to_string(bits) + " bits in the last byte");
  return h;
}

head reader::container(head h) {
  const head count = take(h, h.what == tag::small_tuple ? 1 : 4);
  if (!count) return count;
  const std::uint64_t n = h.what == tag::small_tuple
                              ? std::to_integer<std::uint64_t>(*pointer(h.body))
                              : load_big<std::uint32_t>(pointer(h.body));
  h.children = h.what == tag::map ? 2 * n : h.what == tag::list ? n + 1 : n;
  if (h.children > left()) {  // no term is shorter than one byte
    return bad(h, std::to_string(h.children) + " terms in " + std::to_string(left()) + " bytes");
  }
  h.body = h.end = count.end;
  return h;
}

head reader::node_of(const head& h) const {
  reader inner(input_, bounds_);
  inner.at_ = h.body;
  return inner.next();
}

std::int32_t reader::low_32_bits(const head& h) const noexcept {
  const auto* at = pointer(h.body);
  if (h.what == tag::small_integer) return std::to_integer<std::int32_t>(*at);
  if (h.what == tag::integer) return static_cast<std::int32_t>(load_big<std::uint32_t>(at));
  std::uint32_t low = 0;
  const auto magnitude = content(h).subspan(1);
  for (std::size_t i = 0; i < std::min<std::size_t>(4, magnitude.size()); ++i) {
    low |= std::to_integer<std::uint32_t>(magnitude[i]) << 8 * i;
  }
  return static_cast<std::int32_t>(*at == std::byte{0} ? low : 0u - low);
}

// OTP takes what fits one of its small integers: -2^59 .. 2^59 - 1.
head reader::fun_number(const head& h) {
  switch (peek()) {
    case tag::small_integer:
    case tag::integer: return next();
    case tag::small_big:
    case tag::large_big: break;
    default: return bad(h, "one of its numbers is not an integer");
  }
  const head number = next();
  if (!number) return number;
  const auto magnitude = content(number).subspan(1);
  std::uint64_t low = 0;
  for (std::size_t i = 0; i < magnitude.size(); ++i) {
    if (i < 8)
      low |= std::to_integer<std::uint64_t>(magnitude[i]) << 8 * i;
    else if (magnitude[i] != std::byte{0})
      low = ~std::uint64_t{0};
  }
  const bool negative = *pointer(number.body) != std::byte{0};
  if (low > (std::uint64_t{1} << 59) - (negative ? 0 : 1)) {
    return bad(h, "one of its numbers is too large");
  }
  return number;
}

// new_fun := size:u32 arity:u8 uniq:u8[16] index:u32 nfree:u32 module
//            OldIndex OldUniq creator free*
//
// OTP does not look at size, so neither do we.
head reader::fun(head h) {
  const head fixed = take(h, fun_fixed_size);
  if (!fixed) return fixed;
  const std::uint64_t variables = load_big<std::uint32_t>(pointer(h.body + 25));
  if (!inner_atom(h, "module") || !fun_number(h) || !fun_number(h)) return {};
  if (peek() != tag::pid && peek() != tag::new_pid) return bad(h, "its creator is not a pid");
  const head creator = next();
  if (!creator) return creator;
  if (variables > left()) {
    return bad(h, std::to_string(variables) + " terms in " + std::to_string(left()) + " bytes");
  }
  h.end = creator.end;
  h.children = variables;
  return h;
}

fun_head reader::fun_of(const head& h) const {
  reader inner(input_, bounds_);
  inner.at_ = h.body + fun_fixed_size;
  fun_head f;
  f.arity = *pointer(h.body + 4);
  f.unique = input_.subspan(h.body + 5, 16);
  f.index = load_big<std::uint32_t>(pointer(h.body + 21));
  f.free_variables = load_big<std::uint32_t>(pointer(h.body + 25));
  f.module = inner.next();
  f.old_index_as_read = inner.next();
  f.old_unique_as_read = inner.next();
  f.old_index = low_32_bits(f.old_index_as_read);
  f.old_unique = low_32_bits(f.old_unique_as_read);
  f.creator = inner.next();
  return f;
}

// fun_export := module function arity
head reader::exported(head h) {
  at_ = h.body;
  if (!inner_atom(h, "module") || !inner_atom(h, "function")) return {};
  const head arity = fun_number(h);
  if (!arity) return arity;
  const auto* first = pointer(arity.body);
  const bool big = arity.what == tag::small_big || arity.what == tag::large_big;
  const bool negative = arity.what == tag::integer ? (*first & std::byte{0x80}) != std::byte{0}
                                                   : big && *first != std::byte{0};
  const auto magnitude = content(arity).subspan(big ? 1 : 0);
  const bool zero = std::ranges::all_of(magnitude, [](auto b) { return b == std::byte{0}; });
  if (negative && !zero) return bad(h, "a negative arity");
  h.end = arity.end;
  return h;
}

std::array<head, 3> reader::export_of(const head& h) const {
  reader inner(input_, bounds_);
  inner.at_ = h.body;
  const head module = inner.next();
  const head function = inner.next();
  return {module, function, inner.next()};
}

head reader::bad(const head& h, std::string cause) {
  const auto number = std::to_string(static_cast<unsigned>(h.what));
  return fail(errc::corrupt, h.start, "tag " + number + ": " + std::move(cause));
}

head reader::fail(errc code, std::size_t at, std::string cause) {
  if (!failure_)
    failure_.emplace(code, "byte " + std::to_string(base_ + at) + ": " + std::move(cause));
  return {};
}

head reader::too_deep(const head& h, std::size_t bound) {
  return fail(errc::size_limit_exceeded, h.start, "nested deeper than " + std::to_string(bound));
}

head reader::trailing() {
  return fail(errc::corrupt, at_, std::to_string(left()) + " bytes follow the term");
}

error reader::failure() const {
  assert(failure_);
  return failure_ ? *failure_ : error(errc::corrupt);
}

}  // namespace shelf::terms
