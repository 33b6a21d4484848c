// JOURNAL  api -> engine -> stores -> [journal] -> file
// A record: one change as it lies in a frame.
//
//   record  := op:u8  flags:u8  table:varint  key_size:varint  value_size:varint
//              deadline:u64le, if flag bit 0 is set  key  value
//   varint  := LEB128, at most 5 bytes, at most 2^32-1, shortest form
#pragma once

#include "journal/change.hpp"
#include "shelf/error.hpp"

#include <array>
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

/// The flags that this library does not know of such a record. A record with one is of a newer
/// library.
[[nodiscard]] constexpr std::uint8_t unknown_flags_of(const change& c) noexcept {
  // What a record replaces is told by one that has no other flag.
  const bool may_tell = c.what == op::put || c.what == op::append;
  if (may_tell && c.flags == flag::before) return 0;
  const bool may_expire = c.what == op::put || c.what == op::expire;
  const auto cause = static_cast<std::uint8_t>(c.flags & flag::cause);
  const bool has_cause = c.what == op::erase && (cause == flag::expired || cause == flag::evicted);
  const std::uint8_t known = may_expire ? flag::deadline : has_cause ? cause : std::uint8_t{0};
  return static_cast<std::uint8_t>(c.flags & ~known);
}
[[nodiscard]] constexpr bool has_unknown_flags(const change& c) noexcept {
  return c.flags != 0 && unknown_flags_of(c) != 0;
}
/// unsupported_version, in a sentence that names the flags and where the record's frame starts.
[[nodiscard]] error unknown_flags(const change& c, std::uint64_t frame_at);

/// A moment: the time in milliseconds since 1970, as its value holds it.
inline constexpr std::size_t moment_record_size = 13;
[[nodiscard]] std::array<std::byte, 8> encode_time(std::uint64_t ms) noexcept;
/// Which moment it is; nothing if it is not one.
[[nodiscard]] std::optional<std::uint64_t> time_of(const change& c) noexcept;

/// The first record of `payload`, which is moved past it; its key and value point into the payload.
/// nullopt if the bytes are no record: an unknown op, a size past the end, a varint not in shortest
/// form. Flags are for the caller to judge; what comes behind unknown ones is not looked at.
[[nodiscard]] std::optional<change> take_record(bytes& payload) noexcept;

}  // namespace shelf::journal
