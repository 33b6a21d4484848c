// CODEC  api -> [codec] -> term
// The parts of the decoder that no template needs to see, and walks over terms of any kind.
#include "shelf/detail/decoder.hpp"

#include <array>
#include <bit>
#include <cmath>

namespace shelf::detail {
namespace {

/// What the head of a term says: how many bytes it takes, and how many terms follow inside.
struct term_head {
  std::size_t size = 0;  ///< 0: the input is no term or is cut short
  std::uint64_t inside = 0;
  std::size_t tail = 0;  ///< if set: a node's name follows, and so many bytes
};

constexpr std::size_t u32_head = 5;

/// References: a count of words, a node atom, the creation, the words; other tags with a node
/// alike.
term_head node_bound(bytes at, term_tag tag) {
  if (tag == term_tag::newer_reference) {
    if (at.size() < 3) return {};
    const std::size_t words = decoder::u16(at.data() + 1);
    return {3, 0, 4 + 4 * words};
  }
  const bool is_long = tag == term_tag::new_pid || tag == term_tag::v4_port;
  return {1, 0, std::size_t{is_long ? 12U : 8U}};
}

term_head read_head(bytes at) {
  using enum term_tag;
  const auto tag = static_cast<term_tag>(at[0]);
  const std::byte* data = at.data();
  const std::size_t left = at.size();
  switch (tag) {
    case small_integer: return {2};
    case integer: return {5};
    case new_float: return {9};
    case nil: return {1};
    case small_atom_utf8:
      return left < 2 ? term_head{} : term_head{2 + std::to_integer<std::size_t>(data[1])};
    case small_big:
      return left < 2 ? term_head{} : term_head{3 + std::to_integer<std::size_t>(data[1])};
    case small_tuple:
      return left < 2 ? term_head{} : term_head{2, std::to_integer<std::uint64_t>(data[1])};
    case atom_utf8:
      return left < 3 ? term_head{} : term_head{3 + std::size_t{decoder::u16(data + 1)}};
    case string: return left < 3 ? term_head{} : term_head{3 + std::size_t{decoder::u16(data + 1)}};
    default: break;
  }
  if (tag == new_pid || tag == new_port || tag == newer_reference || tag == v4_port)
    return node_bound(at, tag);
  if (tag == fun_export) return {1, 3};
  if (left < u32_head) return {};
  const std::uint64_t count = decoder::u32(data + 1);
  switch (tag) {
    case binary: return {u32_head + count};
    case bit_binary: return {u32_head + 1 + count};
    case large_big: return {u32_head + 1 + count};
    case new_fun: return {1 + count};
    case large_tuple: return {u32_head, count};
    case list: return {u32_head, count + 1};
    case map: return {u32_head, 2 * count};
    default: return {};
  }
}

}  // namespace

bool decoder::boolean(bool& into) noexcept {
  std::string_view name;
  if (!atom(name)) return false;
  into = name == "true";
  return into || name == "false";
}

bool decoder::big(bool& negative, std::uint64_t& magnitude) noexcept {
  if (left() < 3 || !next_is(term_tag::small_big)) return false;
  const auto length = std::to_integer<std::size_t>(at_[1]);
  const auto sign = std::to_integer<std::uint8_t>(at_[2]);
  if (length < 4 || length > 8 || length > left() - 3 || sign > 1) return false;
  magnitude = 0;
  for (std::size_t i = length; i > 0; --i) {
    magnitude = magnitude << 8 | std::to_integer<std::uint64_t>(at_[2 + i]);
  }
  negative = sign == 1;
  const bool shortest = at_[2 + length] != std::byte{0};
  const std::uint64_t most = (std::uint64_t{1} << 31) - (negative ? 0 : 1);
  if (!shortest || magnitude <= most) return false;
  at_ += 3 + length;
  return true;
}

bool decoder::longer_integer(std::int64_t& into) noexcept {
  if (left() >= 5 && next_is(term_tag::integer)) {
    into = static_cast<std::int32_t>(u32(at_ + 1));
    at_ += 5;
    return into < 0 || into > 255;
  }
  bool negative = false;
  std::uint64_t magnitude = 0;
  if (!big(negative, magnitude)) return false;
  into = static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
  return magnitude <= (std::uint64_t{1} << 63) - (negative ? 0 : 1);
}

bool decoder::natural(std::uint64_t& into) noexcept {
  if (next_is(term_tag::small_big)) {
    bool negative = false;
    return big(negative, into) && !negative;
  }
  std::int64_t value = 0;
  if (!integer(value) || value < 0) return false;
  into = static_cast<std::uint64_t>(value);
  return true;
}

bool decoder::floating(double& into) noexcept {
  if (left() < 9 || !next_is(term_tag::new_float)) return false;
  const std::uint64_t pattern = std::uint64_t{u32(at_ + 1)} << 32 | u32(at_ + 5);
  into = std::bit_cast<double>(pattern);
  at_ += 9;
  return std::isfinite(into);
}

bool decoder::atom(std::string_view& into) noexcept {
  std::size_t size = 0;
  std::size_t head = 0;
  if (left() >= 2 && next_is(term_tag::small_atom_utf8)) {
    size = std::to_integer<std::size_t>(at_[1]);
    head = 2;
  } else if (left() >= 3 && next_is(term_tag::atom_utf8)) {
    size = u16(at_ + 1);
    head = 3;
    if (size <= 255) return false;
  } else {
    return false;
  }
  if (size > left() - head) return false;
  into = as_text({at_ + head, size});
  at_ += head + size;
  return true;
}

bool decoder::atom_is(std::string_view name) noexcept {
  std::string_view found;
  return atom(found) && found == name;
}

bool decoder::tuple(std::size_t& size) noexcept {
  if (left() >= 2 && next_is(term_tag::small_tuple)) {
    size = std::to_integer<std::size_t>(at_[1]);
    at_ += 2;
  } else if (left() >= 5 && next_is(term_tag::large_tuple)) {
    size = u32(at_ + 1);
    at_ += 5;
    if (size <= 255) return false;
  } else {
    return false;
  }
  return size <= left();
}

bool decoder::list(list_head& into) noexcept {
  into = {};
  if (next_is(term_tag::nil)) {
    ++at_;
    return true;
  }
  if (left() >= 3 && next_is(term_tag::string)) {
    into = {u16(at_ + 1), at_ + 3};
    if (into.count == 0 || into.count > left() - 3) return false;
    at_ += 3 + into.count;
    return true;
  }
  if (left() < 6 || !next_is(term_tag::list)) return false;
  into.count = u32(at_ + 1);
  at_ += 5;
  return into.count > 0 && into.count < left();
}

bool decoder::map(std::size_t& count) noexcept {
  if (left() < 5 || !next_is(term_tag::map)) return false;
  count = u32(at_ + 1);
  at_ += 5;
  return count <= left() / 2;
}

bool decoder::skip() noexcept {
  std::uint64_t terms = 1;
  std::size_t tail = 0;  // bytes behind the next term, which then is a node's name
  while (terms > 0) {
    if (done()) return false;
    term_head head = read_head(rest());
    if (head.size == 0 || head.size > left()) return false;
    at_ += head.size;
    --terms;
    if (tail > 0) {
      if (head.inside != 0 || head.tail != 0 || tail > left()) return false;
      at_ += tail;
      tail = 0;
    } else if (head.tail > 0) {
      tail = head.tail;
      ++terms;
    } else {
      if (head.inside > left()) return false;
      terms += head.inside;
    }
  }
  return true;
}

std::uint32_t nesting_of(bytes term, std::uint32_t most) noexcept {
  constexpr std::uint32_t deepest = 1024;
  assert(most <= deepest);
  std::array<std::uint64_t, deepest + 2> open;  // terms still to come, a level
  std::uint32_t depth = 0;
  std::uint32_t reached = 0;
  decoder in(term);
  open[0] = 1;
  while (true) {
    while (open[depth] == 0) {
      if (depth == 0) return reached;
      --depth;
    }
    if (in.done()) return reached;
    --open[depth];
    const term_head head = read_head(in.rest());
    const bool holds_terms = head.inside > 0 && !in.next_is(term_tag::fun_export);
    if (!holds_terms) {
      if (in.next_is(term_tag::string) && depth + 1 > reached) reached = depth + 1;
      if (!in.skip()) return reached;
    } else {
      if (++depth > most) return most + 1;
      if (depth > reached) reached = depth;
      open[depth] = head.inside;
      in = decoder(in.rest().subspan(head.size));
    }
    if (reached > most) return most + 1;
  }
}

}  // namespace shelf::detail
