// DETS  api -> engine -> stores -> [dets] -> file
// Where things stand in a DETS file of version 9, and the numbers that mark them.
#pragma once

#include "shelf/kind.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>

namespace shelf::dets_format {

// file    := header:312  parts:u32be[256]  body  [free_lists  trailer:u32be]
// part    := segment address:u32be[512]
// segment := slot:{size:u32be pointer:u32be}[256]
// bucket  := size:u32be status:u32be key_record*       in a block of 2^k bytes, size <= 2^k
// key_record, set  := size:u32be object                size counts itself
// key_record, bags := size:u32be {size:u32be object}+  oldest first
// object  := a tuple in the external term format, with its 131
inline constexpr std::uint32_t cookie = 0x00ABCDEF;
inline constexpr std::uint32_t version = 9;
inline constexpr std::uint32_t status_active = 0x12345678;
inline constexpr std::uint32_t status_free = 0x03ABCDEF;

inline constexpr std::uint64_t fields_size = 188;  ///< the header without its reserved bytes
inline constexpr std::uint64_t header_size = 312;
inline constexpr std::uint64_t closed_at = 8;  ///< where the header says whether it was closed
inline constexpr std::uint64_t sum_at = 168;   ///< the checksum of the header; zeros: none
inline constexpr std::uint64_t sum_size = 16;
inline constexpr std::uint64_t body_start = 1336;
inline constexpr std::uint32_t segment_bytes = 2048;  ///< of a part as well
inline constexpr std::uint32_t slots_per_segment = 256;
inline constexpr std::uint32_t segments_per_part = 512;
inline constexpr std::uint32_t most_parts = 256;
inline constexpr std::uint32_t most_slots = most_parts * segments_per_part * slots_per_segment;
inline constexpr std::uint32_t bucket_header = 8;

inline constexpr unsigned smallest_class = 4;  ///< blocks of 2^4 bytes
inline constexpr unsigned largest_class = 31;
/// No block ends above this: OTP keeps 50 MB of the 2 GiB back for the free lists.
inline constexpr std::uint64_t highest_end = (std::uint64_t{1} << 31) - 50'000'000;

/// The smallest k with 2^k >= size.
[[nodiscard]] constexpr unsigned log2_up(std::uint64_t size) noexcept {
  return size <= 1 ? 0 : static_cast<unsigned>(std::bit_width(size - 1));
}
/// The class of the block that something of this size stands in.
[[nodiscard]] constexpr unsigned class_of(std::uint64_t size) noexcept {
  const unsigned k = log2_up(size);
  return k < smallest_class ? smallest_class : k;
}
[[nodiscard]] constexpr std::uint64_t block_size(unsigned k) noexcept {
  return std::uint64_t{1} << k;
}

[[nodiscard]] constexpr std::uint32_t segments_for(std::uint64_t slots) noexcept {
  return static_cast<std::uint32_t>((slots + slots_per_segment - 1) / slots_per_segment);
}
[[nodiscard]] constexpr std::uint32_t parts_for(std::uint64_t slots) noexcept {
  return (segments_for(slots) + segments_per_part - 1) / segments_per_part;
}

/// Which slot a hash belongs to, in a table of m + n slots.
[[nodiscard]] constexpr std::uint32_t slot_for(std::uint32_t hash, std::uint32_t m,
                                               std::uint32_t n) noexcept {
  const std::uint32_t slot = hash & (m - 1);
  return slot < n ? hash & (2 * m - 1) : slot;
}

}  // namespace shelf::dets_format
