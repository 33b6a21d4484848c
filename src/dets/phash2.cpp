// DETS  api -> engine -> stores -> [dets] -> file
// phash2: Jenkins' mix over a term, depth first, as OTP has done it since R10.
#include "dets/erlang_hash.hpp"
#include "term/external_format.hpp"
#include "term/skip.hpp"

#include <bit>

namespace shelf::dets_format {
namespace {

using terms::load_big;
using terms::tag;

constexpr std::uint32_t golden = 0x9e3779b9;

constexpr std::uint32_t constant(std::uint32_t i) noexcept { return i * golden; }

struct words {
  std::uint32_t a, b, c;
};

void round(words& w, unsigned r1, unsigned r2, unsigned r3) noexcept {
  w.a = (w.a - w.b - w.c) ^ (w.c >> r1);
  w.b = (w.b - w.c - w.a) ^ (w.a << r2);
  w.c = (w.c - w.a - w.b) ^ (w.b >> r3);
}

void mix(words& w) noexcept {
  round(w, 13, 8, 13);
  round(w, 12, 16, 5);
  round(w, 3, 10, 15);
}

std::uint32_t little(const std::byte* at) noexcept {
  return std::byteswap(load_big<std::uint32_t>(at));
}

bool is_byte(const std::byte* at) noexcept { return static_cast<tag>(*at) == tag::small_integer; }

/// The running hash. Every function returns the place behind what it hashed.
class hashing {
 public:
  const std::byte* term(const std::byte* at) noexcept;
  [[nodiscard]] std::uint32_t value() const noexcept { return hash_; }

 private:
  void step(std::uint32_t x, std::uint32_t y, std::uint32_t k) noexcept {
    words w{k + x, k + y, hash_};
    mix(w);
    hash_ = w.c;
  }
  void atom(bytes name) noexcept {
    const auto v = atom_value(name);
    if (hash_ == 0)
      hash_ = v;
    else
      step(v, 0, constant(3));
  }
  void nil() noexcept {
    if (hash_ == 0)
      hash_ = 3468870702u;
    else
      step(2, 0, constant(2));
  }
  void integer(std::int32_t i) noexcept;
  void big(bool negative, bytes magnitude) noexcept;
  void bits(terms::bits content) noexcept;
  void string(bytes elements) noexcept;
  const std::byte* list(const std::byte* at) noexcept;
  const std::byte* map(const std::byte* at) noexcept;
  const std::byte* fun(const std::byte* at) noexcept;
  const std::byte* exported(const std::byte* at) noexcept;
  const std::byte* identifier(const std::byte* at) noexcept;

  std::uint32_t hash_ = 0;
};

void hashing::integer(std::int32_t i) noexcept {
  constexpr std::int32_t bound = 1 << 27;
  const auto word = static_cast<std::uint32_t>(i);
  if (i >= -bound && i < bound) {
    if (i < 0) step(0u - word, 0, golden);
    return step(word, 0, golden);
  }
  step(i < 0 ? 0u - word : word, 0, constant(i < 0 ? 10 : 11));
}

void hashing::big(bool negative, bytes magnitude) noexcept {
  for (std::size_t i = 0; i < magnitude.size(); i += 8) {
    std::uint64_t word = 0;
    for (std::size_t j = 0; j < 8 && i + j < magnitude.size(); ++j) {
      word |= std::to_integer<std::uint64_t>(magnitude[i + j]) << 8 * j;
    }
    step(static_cast<std::uint32_t>(word), static_cast<std::uint32_t>(word >> 32),
         constant(negative ? 10 : 11));
  }
}

void hashing::bits(terms::bits value) noexcept {
  const auto whole = static_cast<std::size_t>(value.count / 8);
  const auto rest = static_cast<unsigned>(value.count % 8);
  const auto* at = value.content.data();
  words w{golden, golden, constant(13) + hash_};
  if (value.count == 0) {
    hash_ = w.c;
    return;
  }
  auto left = whole;
  for (; left >= 12; left -= 12, at += 12) {
    w.a += little(at);
    w.b += little(at + 4);
    w.c += little(at + 8);
    mix(w);
  }
  w.c += static_cast<std::uint32_t>(whole);
  for (std::size_t i = 0; i < left; ++i) {
    const auto byte = std::to_integer<std::uint32_t>(at[i]);
    if (i < 4)
      w.a += byte << 8 * i;
    else if (i < 8)
      w.b += byte << 8 * (i - 4);
    else
      w.c += byte << 8 * (i - 7);  // the lowest byte of c is the length's
  }
  mix(w);
  hash_ = w.c;
  if (rest > 0) step(rest, std::to_integer<std::uint32_t>(at[left]) >> (8 - rest), constant(15));
}

/// A run of bytes in a list: four at a time, what is left over at its end.
class byte_run {
 public:
  template <class Step>
  void add(std::uint32_t byte, Step step) {
    word_ = word_ << 8 | byte;
    if (++count_ == 4) end(step);
  }
  template <class Step>
  void end(Step step) {
    if (count_ > 0) step(word_);
    word_ = count_ = 0;
  }

 private:
  std::uint32_t word_ = 0;
  std::uint32_t count_ = 0;
};

void hashing::string(bytes elements) noexcept {
  const auto put = [this](std::uint32_t word) { step(word, 0, constant(4)); };
  byte_run run;
  for (const auto b : elements) run.add(std::to_integer<std::uint32_t>(b), put);
  run.end(put);
  nil();
}

const std::byte* hashing::list(const std::byte* at) noexcept {
  const auto put = [this](std::uint32_t word) { step(word, 0, constant(4)); };
  auto [count, element] = terms::counted_at(at);
  byte_run run;
  for (; count > 0; --count) {
    if (is_byte(element)) {
      run.add(std::to_integer<std::uint32_t>(element[1]), put);
      element += 2;
    } else {
      run.end(put);
      element = term(element);
    }
  }
  run.end(put);
  return term(element);
}

const std::byte* hashing::map(const std::byte* at) noexcept {
  auto [count, element] = terms::counted_at(at);
  step(static_cast<std::uint32_t>(count), 0, constant(16));
  if (count == 0) return element;
  const auto saved = hash_;
  std::uint32_t all = 0;  // of the pairs, in whatever order they stand
  for (; count > 0; --count) {
    hash_ = 0;
    element = term(term(element));
    all ^= hash_;
  }
  hash_ = saved;
  step(all, 0, constant(19));
  return element;
}

const std::byte* hashing::fun(const std::byte* at) noexcept {
  // size:u32 arity:u8 unique:u8[16] index:u32 free:u32 module old_index old_unique creator free*
  const auto* const end = at + 1 + load_big<std::uint32_t>(at + 1);
  const auto index = load_big<std::uint32_t>(at + 22);
  const auto variables = load_big<std::uint32_t>(at + 26);
  const auto* const module = at + 30;
  const auto* const unique = terms::skip(module, 2);
  const auto old_unique = static_cast<tag>(*unique) == tag::small_integer
                              ? std::to_integer<std::uint32_t>(unique[1])
                              : load_big<std::uint32_t>(unique + 1);
  step(variables, atom_value(terms::atom_at(module)), golden);
  step(index, old_unique, golden);
  const auto* variable = terms::skip(unique, 2);
  for (std::uint32_t i = 0; i < variables; ++i) variable = term(variable);
  return end;
}

const std::byte* hashing::exported(const std::byte* at) noexcept {
  const auto* const function = terms::skip(at + 1, 1);
  const auto* const arity = terms::skip(function, 1);
  const auto number = static_cast<tag>(*arity) == tag::small_integer
                          ? std::to_integer<std::uint32_t>(arity[1])
                          : load_big<std::uint32_t>(arity + 1);
  step(number, atom_value(terms::atom_at(at + 1)), golden);
  step(atom_value(terms::atom_at(function)), 0, constant(14));
  return terms::skip(arity, 1);
}

const std::byte* hashing::identifier(const std::byte* at) noexcept {
  const auto what = static_cast<tag>(*at);
  const bool reference = what == tag::newer_reference;
  const auto* const number = terms::skip(at + (reference ? 3 : 1), 1);
  if (what == tag::new_pid) {
    step(load_big<std::uint32_t>(number), 0, constant(5));
  } else if (what == tag::new_port) {
    step(load_big<std::uint32_t>(number), 0, constant(6));
  } else if (what == tag::v4_port) {
    step(load_big<std::uint32_t>(number + 4), load_big<std::uint32_t>(number), constant(6));
  } else {
    const bool empty = load_big<std::uint16_t>(at + 1) == 0;
    step(empty ? 0 : load_big<std::uint32_t>(number + 4), 0, constant(7));
  }
  return terms::skip(at, 1);
}

const std::byte* hashing::term(const std::byte* at) noexcept {
  switch (static_cast<tag>(*at)) {
    case tag::small_integer: integer(std::to_integer<std::int32_t>(at[1])); break;
    case tag::integer: integer(static_cast<std::int32_t>(load_big<std::uint32_t>(at + 1))); break;
    case tag::small_big:
      big(at[2] != std::byte{0}, {at + 3, std::to_integer<std::size_t>(at[1])});
      break;
    case tag::large_big:
      big(at[5] != std::byte{0}, {at + 6, load_big<std::uint32_t>(at + 1)});
      break;
    case tag::new_float: {
      auto value = load_big<std::uint64_t>(at + 1);
      if (value == std::uint64_t{1} << 63) value = 0;  // -0.0 hashes as 0.0
      step(static_cast<std::uint32_t>(value >> 32), static_cast<std::uint32_t>(value),
           constant(12));
      break;
    }
    case tag::nil: nil(); break;
    case tag::string: string({at + 3, load_big<std::uint16_t>(at + 1)}); break;
    case tag::list: return list(at);
    case tag::map: return map(at);
    case tag::small_tuple:
    case tag::large_tuple: {
      auto [count, element] = terms::counted_at(at);
      step(static_cast<std::uint32_t>(count), 0, constant(9));
      for (; count > 0; --count) element = term(element);
      return element;
    }
    case tag::binary:
    case tag::bit_binary: bits(terms::bits_at(at)); break;
    case tag::small_atom_utf8:
    case tag::atom_utf8: atom(terms::atom_at(at)); break;
    case tag::new_fun: return fun(at);
    case tag::fun_export: return exported(at);
    default: return identifier(at);
  }
  return terms::skip(at, 1);
}

}  // namespace

std::uint32_t atom_value(bytes name) noexcept {
  std::uint32_t x = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    auto v = std::to_integer<std::uint32_t>(name[i]);
    const bool pair = (v == 0xC2 || v == 0xC3) && i + 1 < name.size();
    if (pair) {  // one Latin-1 character
      v = (v & 3) << 6 | (std::to_integer<std::uint32_t>(name[++i]) & 0x3F);
    }
    x = (x << 4) + v;
    if (const std::uint32_t g = x & 0xf0000000u; g != 0) x = (x ^ (g >> 24)) ^ g;
  }
  return x;
}

std::uint32_t phash2(bytes term) noexcept {
  hashing h;
  h.term(term.data());
  return h.value();
}

}  // namespace shelf::dets_format
