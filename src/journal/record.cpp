// JOURNAL  api -> engine -> stores -> [journal] -> file
// Change to record and back.
#include "journal/record.hpp"

#include "journal/little_endian.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>
#include <string>

namespace shelf::journal {
namespace {

[[nodiscard]] std::size_t varint_size(std::uint64_t value) noexcept {
  std::size_t size = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++size;
  }
  return size;
}

/// Returns where the next byte goes.
[[nodiscard]] std::byte* store_varint(std::byte* to, std::uint32_t value) noexcept {
  while (value >= 0x80) {
    *to++ = static_cast<std::byte>((value & 0x7f) | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<std::byte>(value);
  return to;
}

[[nodiscard]] std::optional<std::uint32_t> take_varint(bytes& from) noexcept {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 35 && !from.empty(); shift += 7) {
    const auto byte = std::to_integer<std::uint8_t>(from.front());
    from = from.subspan(1);
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if ((byte & 0x80) != 0) continue;
    const bool shortest = byte != 0 || shift == 0;
    if (!shortest || value > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    return static_cast<std::uint32_t>(value);
  }
  return std::nullopt;
}

[[nodiscard]] bool is_known(std::uint8_t what) noexcept {
  return what >= static_cast<std::uint8_t>(op::put) &&
         what <= static_cast<std::uint8_t>(op::moment);
}

[[nodiscard]] constexpr bool has_deadline(const change& c) noexcept {
  return (c.flags & flag::deadline) != 0;
}

}  // namespace

std::size_t record_size(const change& c) noexcept {
  return 2 + varint_size(c.table) + varint_size(c.key.size()) + varint_size(c.value.size()) +
         (has_deadline(c) ? sizeof c.deadline : 0) + c.key.size() + c.value.size();
}

void append_record_head(std::vector<std::byte>& out, const change& c) {
  assert(c.key.size() <= std::numeric_limits<std::uint32_t>::max());
  assert(c.value.size() <= std::numeric_limits<std::uint32_t>::max());
  constexpr std::size_t longest_varint = 5;
  constexpr std::size_t short_key = 64;  ///< is written with what stands before it
  std::array<std::byte, 2 + 3 * longest_varint + sizeof c.deadline + short_key> head;
  head[0] = static_cast<std::byte>(c.what);
  head[1] = static_cast<std::byte>(c.flags);
  auto* end = store_varint(head.data() + 2, c.table);
  end = store_varint(end, static_cast<std::uint32_t>(c.key.size()));
  end = store_varint(end, static_cast<std::uint32_t>(c.value.size()));
  if (has_deadline(c)) [[unlikely]] {
    store_le(end, c.deadline);
    end += sizeof c.deadline;
  }
  if (c.key.size() <= short_key) {
    out.insert(out.end(), head.data(), std::ranges::copy(c.key, end).out);
    return;
  }
  out.insert(out.end(), head.data(), end);
  out.insert(out.end(), c.key.begin(), c.key.end());
}

void append_record(std::vector<std::byte>& out, const change& c) {
  append_record_head(out, c);
  out.insert(out.end(), c.value.begin(), c.value.end());
}

error unknown_flags(const change& c, std::uint64_t frame_at) {
  return error(
      errc::unsupported_version,
      "byte " + std::to_string(frame_at) + ": a record has the flags " +
          std::to_string(unknown_flags_of(c)) +
          ", which this version of shelf does not support; a newer version can read the file");
}

std::array<std::byte, 8> encode_time(std::uint64_t ms) noexcept {
  std::array<std::byte, 8> encoded;
  store_le(encoded.data(), ms);
  return encoded;
}

std::optional<std::uint64_t> time_of(const change& c) noexcept {
  if (c.what != op::moment || c.value.size() != sizeof(std::uint64_t)) return std::nullopt;
  return load_le<std::uint64_t>(c.value.data());
}

std::optional<change> take_record(bytes& payload) noexcept {
  if (payload.size() < 2) return std::nullopt;
  const auto what = std::to_integer<std::uint8_t>(payload[0]);
  const auto flags = std::to_integer<std::uint8_t>(payload[1]);
  if (!is_known(what)) return std::nullopt;
  bytes rest = payload.subspan(2);
  const auto table = take_varint(rest);
  const auto key_size = table ? take_varint(rest) : std::nullopt;
  const auto value_size = key_size ? take_varint(rest) : std::nullopt;
  if (!value_size) return std::nullopt;
  std::uint64_t deadline = no_deadline;
  if ((flags & flag::deadline) != 0) {
    if (rest.size() < sizeof deadline) return std::nullopt;
    deadline = load_le<std::uint64_t>(rest.data());
    rest = rest.subspan(sizeof deadline);
  }
  if (*key_size > rest.size() || *value_size > rest.size() - *key_size) return std::nullopt;
  payload = rest.subspan(std::size_t{*key_size} + *value_size);
  return change{.what = static_cast<op>(what),
                .flags = flags,
                .table = *table,
                .key = rest.first(*key_size),
                .value = rest.subspan(*key_size, *value_size),
                .deadline = deadline};
}

}  // namespace shelf::journal
