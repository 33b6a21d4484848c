// TABLE  api -> [table] -> journal -> file
// The hash of a key: XXH3 under a secret seed.
#pragma once

#include "shelf/detail/bytes.hpp"

#include <cstdint>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace shelf::tables {

[[nodiscard]] inline std::uint64_t hash_of(bytes key, std::uint64_t seed) noexcept {
  return XXH3_64bits_withSeed(key.data(), key.size(), seed);
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
  if (size >= 8) {
    if (size > 64) return std::memcmp(a.data(), b.data(), size) == 0;
    std::uint64_t different = differ(std::uint64_t{}, size - 8);
    for (std::size_t at = 0; at + 8 < size; at += 8) different |= differ(std::uint64_t{}, at);
    return different == 0;
  }
  if (size >= 4) return (differ(std::uint32_t{}, 0) | differ(std::uint32_t{}, size - 4)) == 0;
  for (std::size_t at = 0; at < size; ++at) {
    if (a[at] != b[at]) return false;
  }
  return true;
}

}  // namespace shelf::tables
