// DETS  api -> engine -> stores -> [dets] -> file
// Erlang's portable hashes, which say in which slot a key stands.
#pragma once

#include "shelf/detail/bytes.hpp"

#include <cstdint>

namespace shelf::dets_format {

/// Which of the two a file uses. The value stands in its header.
enum class hash_method : std::uint32_t {
  phash = 0,   ///< files born before OTP R9
  phash2 = 1,  ///< all others
};

/// phash2(T, 2^32) of one canonical term. Linear time; recurses once a level of nesting.
[[nodiscard]] std::uint32_t phash2(bytes term) noexcept;

/// The running value of phash of one canonical term; erlang:phash(T, R) is 1 + phash(T) mod R.
[[nodiscard]] std::uint32_t phash(bytes term) noexcept;

/// An atom's value in both hashes, from its name in UTF-8.
[[nodiscard]] std::uint32_t atom_value(bytes name) noexcept;

/// The number of which the slot is taken, see slot_for().
[[nodiscard]] inline std::uint32_t slot_hash(hash_method method, bytes key) noexcept {
  return method == hash_method::phash2 ? phash2(key) & 0x07ffffffu : phash(key) % 0x3ffffffu;
}

}  // namespace shelf::dets_format
