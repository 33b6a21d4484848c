// DETS  api -> engine -> stores -> [dets] -> file
// phash: the hash of files born before OTP R9, which their updates go on using.
#include "dets/erlang_hash.hpp"
#include "term/external_format.hpp"
#include "term/skip.hpp"

namespace shelf::dets_format {
namespace {

using terms::load_big;
using terms::tag;

constexpr std::uint32_t p1 = 268440163, p2 = 268439161, p3 = 268435459, p4 = 268436141,
                        p5 = 268438633, p6 = 268437017, p8 = 268437511, p9 = 268439627,
                        p10 = 268440479, p11 = 268440577, p12 = 268440581, p13 = 268440593,
                        p14 = 268440611;

/// The running hash. Every function returns the place behind what it hashed.
class hashing {
 public:
  const std::byte* term(const std::byte* at) noexcept;
  [[nodiscard]] std::uint32_t value() const noexcept { return hash_; }

 private:
  void step(std::uint32_t x, std::uint32_t prime) noexcept {
    for (int i = 0; i < 4; ++i, x >>= 8) hash_ = hash_ * prime + (x & 0xff);
  }
  void integer(bool negative, std::uint32_t magnitude) noexcept {
    step(magnitude, p2);
    hash_ *= negative ? p4 : p3;
  }
  void big(bool negative, bytes magnitude) noexcept {
    const auto padded = (magnitude.size() + 3) / 4 * 4;
    for (std::size_t i = 0; i < padded; ++i) {
      const auto byte = i < magnitude.size() ? std::to_integer<std::uint32_t>(magnitude[i]) : 0;
      hash_ = hash_ * p2 + byte;
    }
    hash_ *= negative ? p4 : p3;
  }
  void nil() noexcept { hash_ = hash_ * p3 + 1; }
  void bits(terms::bits value) noexcept;
  const std::byte* list(const std::byte* at) noexcept;
  const std::byte* fun(const std::byte* at) noexcept;
  const std::byte* exported(const std::byte* at) noexcept;
  const std::byte* identifier(const std::byte* at) noexcept;

  std::uint32_t hash_ = 0;
};

void hashing::bits(terms::bits value) noexcept {
  const auto whole = static_cast<std::size_t>(value.count / 8);
  const auto rest = static_cast<unsigned>(value.count % 8);
  for (std::size_t i = 0; i < whole; ++i) {
    hash_ = hash_ * p1 + std::to_integer<std::uint32_t>(value.content[i]);
  }
  if (rest > 0) {
    const auto last = std::to_integer<std::uint32_t>(value.content[whole]) >> (8 - rest);
    hash_ = (hash_ * p1 + last) * p12 + rest;
  }
  hash_ = hash_ * p4 + static_cast<std::uint32_t>(whole);
}

const std::byte* hashing::list(const std::byte* at) noexcept {
  auto [count, element] = terms::counted_at(at);
  for (; count > 0; --count) {
    if (static_cast<tag>(*element) == tag::small_integer) {
      hash_ = hash_ * p2 + std::to_integer<std::uint32_t>(element[1]);
      element += 2;
    } else {
      element = term(element);
    }
  }
  element = term(element);
  hash_ *= p8;
  return element;
}

const std::byte* hashing::fun(const std::byte* at) noexcept {
  const auto* const end = at + 1 + load_big<std::uint32_t>(at + 1);
  const auto variables = load_big<std::uint32_t>(at + 26);
  const auto* const module = at + 30;
  const auto* const unique = terms::skip(module, 2);
  hash_ = hash_ * p10 + variables;
  hash_ = hash_ * p1 + atom_value(terms::atom_at(module));
  hash_ = hash_ * p2 + load_big<std::uint32_t>(at + 22);
  hash_ = hash_ * p2 + (static_cast<tag>(*unique) == tag::small_integer
                            ? std::to_integer<std::uint32_t>(unique[1])
                            : load_big<std::uint32_t>(unique + 1));
  const auto* variable = terms::skip(unique, 2);
  for (std::uint32_t i = 0; i < variables; ++i) variable = term(variable);
  return end;
}

const std::byte* hashing::exported(const std::byte* at) noexcept {
  const auto* const function = terms::skip(at + 1, 1);
  const auto* const arity = terms::skip(function, 1);
  hash_ = hash_ * p11 + (static_cast<tag>(*arity) == tag::small_integer
                             ? std::to_integer<std::uint32_t>(arity[1])
                             : load_big<std::uint32_t>(arity + 1));
  hash_ = hash_ * p1 + atom_value(terms::atom_at(at + 1));
  hash_ = hash_ * p1 + atom_value(terms::atom_at(function));
  return terms::skip(arity, 1);
}

const std::byte* hashing::identifier(const std::byte* at) noexcept {
  const auto what = static_cast<tag>(*at);
  const bool reference = what == tag::newer_reference;
  const auto* number = terms::skip(at + (reference ? 3 : 1), 1);
  if (what == tag::new_pid) {
    step(load_big<std::uint32_t>(number), p5);
    hash_ *= p6;
    return terms::skip(at, 1);
  }
  if (what == tag::v4_port) {
    const auto high = load_big<std::uint32_t>(number);
    if (high != 0) step(high, p11);
    number += 4;
  }
  if (reference) number += 4;  // behind the creation
  const bool empty = reference && load_big<std::uint16_t>(at + 1) == 0;
  step(empty ? 0 : load_big<std::uint32_t>(number), p9);
  hash_ *= p10;
  return terms::skip(at, 1);
}

const std::byte* hashing::term(const std::byte* at) noexcept {
  switch (static_cast<tag>(*at)) {
    case tag::small_integer: integer(false, std::to_integer<std::uint32_t>(at[1])); break;
    case tag::integer: {
      const auto word = load_big<std::uint32_t>(at + 1);
      const bool negative = word >> 31 != 0;
      integer(negative, negative ? 0u - word : word);
      break;
    }
    case tag::small_big:
      big(at[2] != std::byte{0}, {at + 3, std::to_integer<std::size_t>(at[1])});
      break;
    case tag::large_big:
      big(at[5] != std::byte{0}, {at + 6, load_big<std::uint32_t>(at + 1)});
      break;
    case tag::new_float: {
      auto value = load_big<std::uint64_t>(at + 1);
      if (value == std::uint64_t{1} << 63) value = 0;  // -0.0 hashes as 0.0
      hash_ = hash_ * p6 +
              (static_cast<std::uint32_t>(value) ^ static_cast<std::uint32_t>(value >> 32));
      break;
    }
    case tag::nil: nil(); break;
    case tag::string:
      for (std::size_t i = 0; i < load_big<std::uint16_t>(at + 1); ++i) {
        hash_ = hash_ * p2 + std::to_integer<std::uint32_t>(at[3 + i]);
      }
      nil();
      hash_ *= p8;
      break;
    case tag::list: return list(at);
    case tag::map: {
      const auto* const end = terms::skip(at, 1);
      hash_ = hash_ * p13 + p14 + phash2({at, end});
      return end;
    }
    case tag::small_tuple:
    case tag::large_tuple: {
      auto [count, element] = terms::counted_at(at);
      const auto arity = static_cast<std::uint32_t>(count);
      for (; count > 0; --count) element = term(element);
      hash_ = hash_ * p9 + arity;
      return element;
    }
    case tag::binary:
    case tag::bit_binary: bits(terms::bits_at(at)); break;
    case tag::small_atom_utf8:
    case tag::atom_utf8: hash_ = hash_ * p1 + atom_value(terms::atom_at(at)); break;
    case tag::new_fun: return fun(at);
    case tag::fun_export: return exported(at);
    default: return identifier(at);
  }
  return terms::skip(at, 1);
}

}  // namespace

std::uint32_t phash(bytes term) noexcept {
  hashing h;
  h.term(term.data());
  return h.value();
}

}  // namespace shelf::dets_format
