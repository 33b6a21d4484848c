// JOURNAL  api -> engine -> stores -> [journal] -> file
// A record: one change as it lies in a frame.
//
//   record  := op:u8  flags:u8  table:varint  key_size:varint  value_size:varint  key  value
//   varint  := LEB128, at most 5 bytes, at most 2^32-1, shortest form
#pragma once

#include "journal/change.hpp"
#include "shelf/error.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace shelf::journal {

/// Bytes the record of this change takes in a frame.
[[nodiscard]] std::size_t record_size(const change& c) noexcept;

/// Appends the record of a change. Throws std::bad_alloc.
void append_record(std::vector<std::byte>& out, const change& c);

/// The same without the bytes of the value, which are to follow.
void append_record_head(std::vector<std::byte>& out, const change& c);

/// The flags whose meaning this library knows. A record with any other is of a newer one.
inline constexpr std::uint8_t known_flags = 0;
[[nodiscard]] constexpr bool has_unknown_flags(const change& c) noexcept {
  return (c.flags & ~known_flags) != 0;
}
/// unsupported_version, in a sentence that names the flags and where the record's frame starts.
[[nodiscard]] error unknown_flags(const change& c, std::uint64_t frame_at);

/// The first record of `payload`, which is moved past it; its key and value point into the payload.
/// nullopt if the bytes are no record: an unknown op, a size past the end, a varint not in shortest
/// form.
[[nodiscard]] std::optional<change> take_record(bytes& payload) noexcept;

}  // namespace shelf::journal
