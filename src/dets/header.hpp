// DETS  api -> engine -> stores -> [dets] -> file
// The header: what it says, whether it can be believed, and how it is written.
#pragma once

#include "dets/erlang_hash.hpp"
#include "dets/layout.hpp"
#include "shelf/detail/bytes.hpp"
#include "shelf/error.hpp"
#include "shelf/kind.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace shelf::dets_format {

/// How many live buckets stand in blocks of 2^4, 2^5, ... 2^31 bytes.
using block_counters = std::array<std::uint32_t, largest_class - smallest_class + 1>;

struct header {
  std::uint32_t free_lists_at = 0;
  bool closed = false;
  kind type = kind::set;
  std::uint32_t m = slots_per_segment;     ///< base size of the linear hash, a power of two
  std::uint32_t next = slots_per_segment;  ///< slots in use, m + n
  std::uint32_t keypos = 1;
  std::uint32_t objects = 0;
  std::uint32_t keys = 0;
  std::uint32_t min_slots = slots_per_segment;
  std::uint32_t max_slots = most_slots;
  hash_method method = hash_method::phash2;
  std::uint32_t n = 0;  ///< split pointer
  block_counters counters{};
  bool summed = false;     ///< as read: it bears a checksum. Not so while shelf changes the file
  std::uint32_t base = 0;  ///< of the buddy system when the file was made; 0 once it was reopened

  /// Where a key with this hash belongs.
  [[nodiscard]] std::uint32_t slot(std::uint32_t hash) const noexcept {
    return slot_for(hash, m, n);
  }
};

/// A header and why the rest of the file cannot be used as it is; empty if it can.
struct judged_header {
  header fields;
  std::string damage;
};

/// Judges the first bytes of a file (up to 188) and its trailer (the last 4 bytes, 0 if it is
/// shorter), in OTP's order. not_a_table: something else. unsupported_version: older or newer than
/// 9, or an unknown hash. corrupt: a DETS header that is damaged, which no repair may believe.
[[nodiscard]] result<judged_header> judge_header(bytes front, std::uint64_t file_size,
                                                 std::uint32_t trailer, const std::string& path);

/// Says whether these are the first bytes of a DETS file of version 9, as dets:is_dets_file does.
/// Errors as judge_header.
[[nodiscard]] result<> recognise(bytes front, const std::string& path);

/// All 312 bytes, checksum included.
[[nodiscard]] std::vector<std::byte> encode(const header& h);

}  // namespace shelf::dets_format
