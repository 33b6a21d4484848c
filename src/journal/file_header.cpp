// JOURNAL  api -> engine -> stores -> [journal] -> file
// The two header slots, encoded and judged.
#define XXH_INLINE_ALL
#include "journal/file_header.hpp"

#include "journal/little_endian.hpp"
#include "term/external_format.hpp"

#include <xxhash.h>
#include <algorithm>
#include <optional>
#include <string>

namespace shelf::journal {
namespace {

constexpr std::array<unsigned char, 8> magic{0x89, 'S', 'H', 'E', 'L', 'F', '\r', '\n'};
constexpr std::uint32_t format_version = 1;
constexpr std::uint64_t several_tables_bit = 1;
constexpr std::uint64_t deadlines_bit = 2;
constexpr std::uint64_t history_bit = 4;
constexpr std::uint64_t increment_bit = 8;
constexpr std::uint64_t known_incompatible =
    several_tables_bit | deadlines_bit | history_bit | increment_bit;
constexpr std::uint64_t known_read_compatible = 0;
constexpr std::size_t checksum_at = slot_size - 8;

[[nodiscard]] bool has_magic(bytes slot) noexcept {
  return slot.size() >= magic.size() && std::memcmp(slot.data(), magic.data(), magic.size()) == 0;
}

[[nodiscard]] std::uint64_t checksum_of(bytes slot, std::size_t index) noexcept {
  return XXH3_64bits_withSeed(slot.data(), checksum_at, slot_offsets[index]);
}

[[nodiscard]] bytes slot_of(bytes front, std::size_t index) noexcept {
  if (front.size() < slot_offsets[index] + slot_size) {
    return front.size() > slot_offsets[index] ? front.subspan(slot_offsets[index]) : bytes{};
  }
  return front.subspan(slot_offsets[index], slot_size);
}

[[nodiscard]] bool is_valid(bytes slot, std::size_t index) noexcept {
  return slot.size() == slot_size && has_magic(slot) &&
         load_le<std::uint64_t>(slot.data() + checksum_at) == checksum_of(slot, index);
}

[[nodiscard]] std::unexpected<error> unsupported(std::string_view path, std::uint64_t at,
                                                 const std::string& why) {
  return std::unexpected(error(errc::unsupported_version,
                               std::string(path) + ": byte " + std::to_string(at) + ": " + why));
}

[[nodiscard]] result<file_header> decode_slot(bytes slot, std::size_t index,
                                              std::string_view path) {
  const auto at = slot_offsets[index];
  const auto version = load_le<std::uint32_t>(slot.data() + 8);
  const auto read_compatible = load_le<std::uint64_t>(slot.data() + 24);
  const auto incompatible = load_le<std::uint64_t>(slot.data() + 32);
  if (version != format_version) {
    return unsupported(path, at + 8,
                       "format version " + std::to_string(version) +
                           "; this version of shelf reads format version 1");
  }
  if (slot[12] != terms::version_byte) {
    return unsupported(
        path, at + 12,
        "keys and values are encoded in a way that this version of shelf does not support");
  }
  if ((incompatible & ~known_incompatible) != 0) {
    return unsupported(path, at + 32,
                       "the file uses features that this version of shelf does not support");
  }
  file_header h;
  h.slot = index;
  h.closed = slot[13] == std::byte{1};
  h.compatible = load_le<std::uint64_t>(slot.data() + 16);
  h.several_tables = (incompatible & several_tables_bit) != 0;
  h.deadlines = (incompatible & deadlines_bit) != 0;
  h.history = (incompatible & history_bit) != 0;
  h.increment = (incompatible & increment_bit) != 0;
  std::copy_n(slot.begin() + 40, h.store_id.size(), h.store_id.begin());
  h.file_id = load_le<std::uint64_t>(slot.data() + 56);
  h.generation = load_le<std::uint64_t>(slot.data() + 64);
  h.durable_up_to = load_le<std::uint64_t>(slot.data() + 72);
  h.sequence = load_le<std::uint64_t>(slot.data() + 80);
  h.era = load_le<std::uint32_t>(slot.data() + 88);
  h.write_refused = (read_compatible & ~known_read_compatible) != 0;
  return h;
}

[[nodiscard]] error no_header(bytes front, std::string_view path) {
  const std::string name(path);
  if (front.empty()) return error(errc::not_a_table, name + ": byte 0: the file is empty");
  if (has_magic(slot_of(front, 0)) || has_magic(slot_of(front, 1))) {
    return error(errc::corrupt, name + ": byte 0: both copies of the file header are damaged");
  }
  return error(errc::not_a_table, name + ": byte 0: not a shelf table");
}

}  // namespace

std::array<std::byte, slot_size> encode_slot(const file_header& h, std::size_t slot) noexcept {
  std::array<std::byte, slot_size> out{};
  std::memcpy(out.data(), magic.data(), magic.size());
  store_le(out.data() + 8, format_version);
  out[12] = terms::version_byte;
  out[13] = h.closed ? std::byte{1} : std::byte{0};
  store_le(out.data() + 16, h.compatible);
  store_le(out.data() + 32, (h.several_tables ? several_tables_bit : std::uint64_t{0}) |
                                (h.deadlines ? deadlines_bit : std::uint64_t{0}) |
                                (h.history ? history_bit : std::uint64_t{0}) |
                                (h.increment ? increment_bit : std::uint64_t{0}));
  std::copy(h.store_id.begin(), h.store_id.end(), out.begin() + 40);
  store_le(out.data() + 56, h.file_id);
  store_le(out.data() + 64, h.generation);
  store_le(out.data() + 72, h.durable_up_to);
  store_le(out.data() + 80, h.sequence);
  store_le(out.data() + 88, h.era);
  store_le(out.data() + checksum_at, checksum_of(out, slot));
  return out;
}

result<file_header> decode_header(bytes front, std::string_view path, file_role wanted) {
  std::optional<result<file_header>> best;
  for (std::size_t index = 0; index < slot_offsets.size(); ++index) {
    const bytes slot = slot_of(front, index);
    if (!is_valid(slot, index)) continue;
    auto header = decode_slot(slot, index, path);
    if (!header) return header;
    if (!best || header->generation > (*best)->generation) best = std::move(header);
  }
  if (!best) return std::unexpected(no_header(front, path));
  if ((*best)->increment && wanted == file_role::table) {
    return std::unexpected(
        error(errc::not_a_table, std::string(path) +
                                     ": an increment of a backup; restore it together with the "
                                     "backup that it continues"));
  }
  return *std::move(best);
}

}  // namespace shelf::journal
