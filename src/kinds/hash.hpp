// KINDS  api -> engine -> [kinds] -> memory -> file
// The hash of a key, XXH3 under a secret seed, and whether a key is the one that is sought.
#pragma once

#include "shelf/detail/decoder.hpp"
#include "shelf/detail/sought_key.hpp"

#include <cstdint>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace shelf::kinds {

using detail::binary_head_bytes;
using detail::sought_key;

[[nodiscard]] inline std::uint64_t hash_of_bytes(bytes b, std::uint64_t seed) noexcept {
  return XXH3_64bits_withSeed(b.data(), b.size(), seed);
}
[[nodiscard]] inline std::uint64_t hash_of_number(std::uint64_t number,
                                                  std::uint64_t seed) noexcept {
  return XXH3_64bits_withSeed(&number, sizeof number, seed);
}

/// The hash of a key's canonical term.
/// Of a binary the hash of its content, of an integer that of its 64 bits: so a lookup need not
/// write a term to hash it (sought_key). Of any other term, of all its bytes.
[[nodiscard]] inline std::uint64_t hash_of(bytes term, std::uint64_t seed) noexcept {
  detail::decoder in(term);
  if (in.next_is(detail::term_tag::binary) && term.size() >= binary_head_bytes) {
    return hash_of_bytes(term.subspan(binary_head_bytes), seed);
  }
  std::int64_t number = 0;
  if (in.integer(number) && in.done()) {
    return hash_of_number(static_cast<std::uint64_t>(number), seed);
  }
  std::uint64_t large = 0;
  in = detail::decoder(term);
  if (in.natural(large) && in.done()) return hash_of_number(large, seed);
  return hash_of_bytes(term, seed);
}
[[nodiscard]] inline std::uint64_t hash_of(const sought_key& key, std::uint64_t seed) noexcept {
  switch (key.what()) {
    case sought_key::form::content: return hash_of_bytes(key.shown(), seed);
    case sought_key::form::integer: return hash_of_number(key.number(), seed);
    case sought_key::form::term: break;
  }
  return hash_of(key.shown(), seed);
}

/// same_bytes without a call: keys are short, and a call costs a search as much as the comparison.
[[nodiscard]] inline bool same_key_bytes(bytes a, bytes b) noexcept {
  if (a.size() != b.size()) return false;
  const std::size_t size = a.size();
  const auto differ = [&]<class Word>(Word, std::size_t at) {
    Word x, y;
    std::memcpy(&x, a.data() + at, sizeof x);
    std::memcpy(&y, b.data() + at, sizeof y);
    return static_cast<std::uint64_t>(x ^ y);
  };
  constexpr std::uint64_t word = 0;
  if (size > 32) return std::memcmp(a.data(), b.data(), size) == 0;
  if (size >= 16) {
    return (differ(word, 0) | differ(word, 8) | differ(word, size - 16) | differ(word, size - 8)) ==
           0;
  }
  if (size >= 8) return (differ(word, 0) | differ(word, size - 8)) == 0;
  if (size >= 4) return (differ(std::uint32_t{}, 0) | differ(std::uint32_t{}, size - 4)) == 0;
  for (std::size_t at = 0; at < size; ++at) {
    if (a[at] != b[at]) return false;
  }
  return true;
}

/// Whether a stored key, which is a canonical term, is the one that is sought.
[[nodiscard]] inline bool is_key(bytes term, const sought_key& sought) noexcept {
  if (sought.what() != sought_key::form::content) return same_key_bytes(term, sought.shown());
  // The head of a canonical binary is its tag and its length.
  return term.size() == sought.shown().size() + binary_head_bytes &&
         term[0] == detail::byte_of(detail::term_tag::binary) &&
         same_key_bytes(term.subspan(binary_head_bytes), sought.shown());
}

}  // namespace shelf::kinds
