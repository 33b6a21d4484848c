// JOURNAL  api -> engine -> stores -> [journal] -> file
// Frames sealed and checked.
#define XXH_INLINE_ALL
#include "journal/frame.hpp"

#include "file/seeded_bug.hpp"
#include "journal/little_endian.hpp"

#include <xxhash.h>
#include <array>
#include <cassert>

namespace shelf::journal {
namespace {

constexpr std::uint8_t first_bit = 1;
constexpr std::uint8_t commit_bit = 2;
constexpr std::uint8_t history_bit = 4;

[[nodiscard]] std::uint64_t salt_of(session written_in, std::uint64_t file_id,
                                    std::uint64_t offset) noexcept {
  std::array<std::byte, 24> place;
  store_le(place.data(), file_id);
  store_le(place.data() + 8, written_in.era);
  store_le(place.data() + 12, written_in.nonce);
  store_le(place.data() + 16, offset);
  return XXH3_64bits(place.data(), place.size());
}

[[nodiscard]] std::uint64_t checksum_of(bytes frame, session written_in, std::uint64_t file_id,
                                        std::uint64_t offset) noexcept {
  return XXH3_64bits_withSeed(frame.data() + 8, frame.size() - 8,
                              salt_of(written_in, file_id, offset));
}

}  // namespace

namespace {

/// All of a header but its checksum.
void store_header(std::byte* at, const frame_header& header) noexcept {
  store_le(at + 8, header.size);
  const auto role = (header.first ? first_bit : 0) | (header.commit ? commit_bit : 0) |
                    (header.history ? history_bit : 0);
  store_le(at + 12, static_cast<std::uint32_t>(role));
  store_le(at + 16, header.written_in.era);
  store_le(at + 20, header.written_in.nonce);
  store_le(at + 24, header.sequence);
  store_le(at + 32, header.durable_up_to);
}

}  // namespace

void seal_frame(std::span<std::byte> frame, const frame_header& header, std::uint64_t file_id,
                std::uint64_t offset) noexcept {
  assert(frame.size() == padded(header.size) && header.size > frame_header_size);
  assert(offset % 8 == 0 && header.durable_up_to <= offset);
  store_header(frame.data(), header);
  store_le(frame.data(), checksum_of(frame, header.written_in, file_id, offset));
}

void seal_frame_in_pieces(std::span<std::byte> head, std::span<const bytes> rest,
                          const frame_header& header, std::uint64_t file_id,
                          std::uint64_t offset) noexcept {
  assert(head.size() >= frame_header_size);
  assert(offset % 8 == 0 && header.durable_up_to <= offset);
  store_header(head.data(), header);
  XXH3_state_t sum{};
  XXH3_64bits_reset_withSeed(&sum, salt_of(header.written_in, file_id, offset));
  XXH3_64bits_update(&sum, head.data() + 8, head.size() - 8);
  for (const auto piece : rest) XXH3_64bits_update(&sum, piece.data(), piece.size());
  constexpr std::array<std::byte, 8> zeros{};
  XXH3_64bits_update(&sum, zeros.data(), padded(header.size) - header.size);
  store_le(head.data(), XXH3_64bits_digest(&sum));
}

std::optional<frame_header> read_frame_header(bytes from) noexcept {
  if (from.size() < frame_header_size) return std::nullopt;
  const auto role = load_le<std::uint32_t>(from.data() + 12);
  const frame_header header{
      .size = load_le<std::uint32_t>(from.data() + 8),
      .first = (role & first_bit) != 0,
      .commit = (role & commit_bit) != 0,
      .history = (role & history_bit) != 0,
      .written_in = {.era = load_le<std::uint32_t>(from.data() + 16),
                     .nonce = load_le<std::uint32_t>(from.data() + 20)},
      .sequence = load_le<std::uint64_t>(from.data() + 24),
      .durable_up_to = load_le<std::uint64_t>(from.data() + 32),
  };
  if (role > (first_bit | commit_bit | history_bit) || header.size <= frame_header_size)
    return std::nullopt;
  if (header.written_in.era == 0) return std::nullopt;
  return header;
}

bool checksum_holds(bytes frame, const frame_header& header, std::uint64_t file_id,
                    std::uint64_t offset) noexcept {
  assert(frame.size() == padded(header.size));
  if (file::has_bug(file::seeded_bug::ignore_checksum)) return true;
  return load_le<std::uint64_t>(frame.data()) ==
         checksum_of(frame, header.written_in, file_id, offset);
}

struct frame_check::state {
  XXH3_state_t sum{};
  std::uint64_t stored = 0;
  bool header_seen = false;
};

frame_check::frame_check(const frame_header& header, std::uint64_t file_id, std::uint64_t offset)
    : state_(std::make_unique<state>()) {
  XXH3_64bits_reset_withSeed(&state_->sum, salt_of(header.written_in, file_id, offset));
}

frame_check::~frame_check() = default;

void frame_check::add(bytes piece) noexcept {
  if (!state_->header_seen) {
    assert(piece.size() >= 8);
    state_->stored = load_le<std::uint64_t>(piece.data());
    state_->header_seen = true;
    piece = piece.subspan(8);
  }
  XXH3_64bits_update(&state_->sum, piece.data(), piece.size());
}

bool frame_check::holds() const noexcept {
  return state_->header_seen && XXH3_64bits_digest(&state_->sum) == state_->stored;
}

}  // namespace shelf::journal
