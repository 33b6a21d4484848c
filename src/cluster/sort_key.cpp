// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// One pass over the term, rank by rank. The depth of the recursion is bounded by the limits of
// terms.
#include "cluster/sort_key.hpp"

#include "term/number.hpp"
#include "term/skip.hpp"

#include <bit>
#include <cassert>
#include <cstdint>
#include <string>

namespace shelf::cluster {
namespace {

using terms::tag;

enum class rank : std::uint8_t {
  number = 0x10,
  atom = 0x20,
  tuple = 0x60,
  nil = 0x80,
  list = 0x90,
  bitstring = 0xA0,
};

constexpr unsigned whole_byte = 8;

class key_maker {
 public:
  /// Appends the key of the term at `at`; the place behind the term, or null if it has no key.
  [[nodiscard]] const std::byte* add(const std::byte* at);
  [[nodiscard]] std::vector<std::byte> take() noexcept { return std::move(key_); }
  /// What has no key.
  [[nodiscard]] const char* refused() const noexcept { return refused_; }

 private:
  void add_byte(std::uint64_t low) { key_.push_back(static_cast<std::byte>(low & 0xFF)); }
  void add_rank(rank r) { add_byte(static_cast<std::uint8_t>(r)); }
  void add_big(std::uint64_t value, int size) {
    while (size-- > 0) add_byte(value >> 8 * size);
  }
  void add_text(bytes content, unsigned bits_in_last = whole_byte);
  void add_number(const terms::number& n);
  void add_weight(std::int64_t exponent);
  [[nodiscard]] const std::byte* add_all(std::uint64_t count, const std::byte* at, bool as_list);
  [[nodiscard]] const std::byte* add_string(const std::byte* at);
  [[nodiscard]] const std::byte* refuse(const char* what) noexcept {
    refused_ = what;
    return nullptr;
  }

  std::vector<std::byte> key_;
  const char* refused_ = "";
};

/// The bytes of a magnitude from its first set bit on, highest first, without zeros at the end.
[[nodiscard]] std::vector<std::byte> mantissa(const terms::number& n) {
  std::vector<std::byte> out;
  if (!n.more) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      out.push_back(static_cast<std::byte>(n.top >> shift & 0xFF));
    }
  } else {
    const int shift = std::countl_zero(std::to_integer<unsigned char>(n.rest.back()));
    for (auto i = n.rest.size(); i-- > 0;) {
      const auto below = i > 0 ? std::to_integer<unsigned>(n.rest[i - 1]) : 0;
      const auto both = std::to_integer<unsigned>(n.rest[i]) << 8 | below;
      out.push_back(static_cast<std::byte>(both << shift >> 8 & 0xFF));
    }
  }
  while (out.back() == std::byte{0}) out.pop_back();
  return out;
}

void key_maker::add_text(bytes content, unsigned bits_in_last) {
  for (const auto b : content) {
    key_.push_back(b);
    if (b == std::byte{0}) add_byte(0xFF);
  }
  add_byte(0);
  add_byte(bits_in_last);
}

void key_maker::add_weight(std::int64_t exponent) {
  if (exponent < 0) {
    add_byte(0x81);
    add_big(static_cast<std::uint64_t>(exponent + 2000), 2);
  } else if (exponent < 64) {
    add_byte(0x82 + static_cast<std::uint64_t>(exponent));
  } else {
    add_byte(0xC2);
    add_big(static_cast<std::uint64_t>(exponent), 3);
  }
}

void key_maker::add_number(const terms::number& n) {
  add_rank(rank::number);
  if (n.top == 0) return add_byte(0x80);
  assert(n.exponent > -2000 && n.exponent < 1 << 24);
  const auto begin = key_.size();
  add_weight(n.exponent);
  add_text(mantissa(n));
  if (!n.negative) return;
  for (auto i = begin; i < key_.size(); ++i) key_[i] = ~key_[i];
}

const std::byte* key_maker::add_all(std::uint64_t count, const std::byte* at, bool as_list) {
  for (; count > 0; --count) {
    if (as_list) add_rank(rank::list);
    at = add(at);
    if (at == nullptr) return nullptr;
  }
  return at;
}

/// A list of bytes, as terms write it: each is the head of a list.
const std::byte* key_maker::add_string(const std::byte* at) {
  const auto size = terms::load_big<std::uint16_t>(at + 1);
  at += 3;
  for (const auto b : bytes(at, size)) {
    add_rank(rank::list);
    const std::byte integer[] = {detail::byte_of(tag::small_integer), b};
    add_number(terms::number_at(integer));
  }
  add_rank(rank::nil);
  return at + size;
}

const std::byte* key_maker::add(const std::byte* at) {
  switch (static_cast<tag>(*at)) {
    case tag::small_integer:
    case tag::integer:
    case tag::small_big:
    case tag::large_big:
    case tag::new_float: add_number(terms::number_at(at)); return terms::skip(at, 1);
    case tag::small_atom_utf8:
    case tag::atom_utf8:
      add_rank(rank::atom);
      add_text(terms::atom_at(at));
      return terms::skip(at, 1);
    case tag::small_tuple:
    case tag::large_tuple: {
      const auto elements = terms::counted_at(at);
      add_rank(rank::tuple);
      add_big(elements.count, 4);
      return add_all(elements.count, elements.first, false);
    }
    case tag::nil: add_rank(rank::nil); return at + 1;
    case tag::string: return add_string(at);
    case tag::list: {
      const auto elements = terms::counted_at(at);
      const auto* const tail = add_all(elements.count, elements.first, true);
      return tail == nullptr ? nullptr : add(tail);
    }
    case tag::binary:
    case tag::bit_binary: {
      const auto content = terms::bits_at(at);
      const auto in_last = static_cast<unsigned>(content.count % whole_byte);
      add_rank(rank::bitstring);
      add_text(content.content, in_last == 0 ? whole_byte : in_last);
      return terms::skip(at, 1);
    }
    case tag::map: return refuse("a map");
    case tag::new_pid: return refuse("a pid");
    case tag::new_port:
    case tag::v4_port: return refuse("a port");
    case tag::newer_reference: return refuse("a reference");
    default: return refuse("a fun");
  }
}

}  // namespace

result<std::vector<std::byte>> sort_key(bytes term) {
  assert(!term.empty());
  key_maker maker;
  const auto* const end = maker.add(term.data());
  if (end == nullptr) {
    return std::unexpected(error(errc::invalid_argument, std::string(maker.refused()) +
                                                             " cannot be part of a key of an "
                                                             "ordered table of a cluster"));
  }
  assert(end == term.data() + term.size());
  return maker.take();
}

}  // namespace shelf::cluster
