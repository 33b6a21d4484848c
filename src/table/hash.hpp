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

}  // namespace shelf::tables
