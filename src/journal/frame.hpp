// JOURNAL  api -> engine -> stores -> [journal] -> file
// A frame: what is checksummed. A batch is one or more frames, the last of which commits it.
//
//   frame := checksum:u64le       XXH3-64 of all that follows, padding included, with the seed
//                                 XXH3-64(file_id:u64le era:u32le nonce:u32le offset:u64le)
//            size:u32le           header and records, padding not counted
//            role:u8              bit 0: first of its batch; bit 1: commits its batch;
//                                 bit 2: history, which the state that follows has in it
//            zero:u8[3]
//            era:u32le            sessions of writing, counted; never goes down along a file
//            nonce:u32le          drawn at random by the session; one a session
//            sequence:u64le       of the batch; never goes down along a file
//            durable_up_to:u64le  everything before this offset was on disk when the frame was
//            written records              to `size` zero padding         to a multiple of 8 bytes
//
// Frames start at multiples of 8. The salt ties a frame to its file, session and place, so a valid
// frame that strays here from an older file, session or offset does not pass.
#pragma once

#include "shelf/detail/bytes.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace shelf::journal {

inline constexpr std::size_t frame_header_size = 40;
/// A frame holds at most this much, unless a single record needs more: that one stands alone in its
/// frame.
inline constexpr std::size_t frame_capacity = std::size_t{1} << 20;

/// A session of writing: the era and its random nonce.
struct session {
  std::uint32_t era = 0;
  std::uint32_t nonce = 0;
  friend bool operator==(const session&, const session&) = default;
};

/// A session as one number, as positions name it. 0 is no session.
[[nodiscard]] constexpr std::uint64_t run_of(session s) noexcept {
  return std::uint64_t{s.era} << 32 | s.nonce;
}
[[nodiscard]] constexpr session session_of(std::uint64_t run) noexcept {
  return {.era = static_cast<std::uint32_t>(run >> 32), .nonce = static_cast<std::uint32_t>(run)};
}

/// What names a batch for good, in this file and in those that compactions make of it.
struct batch_id {
  session of;
  std::uint64_t sequence = 0;
  friend bool operator==(const batch_id&, const batch_id&) = default;
};

/// What stands before the records of a frame.
struct frame_header {
  std::uint32_t size = 0;
  bool first = false;
  bool commit = false;
  bool history = false;
  session written_in;
  std::uint64_t sequence = 0;
  std::uint64_t durable_up_to = 0;
};

[[nodiscard]] constexpr std::uint64_t padded(std::uint64_t size) noexcept {
  return (size + 7) & ~std::uint64_t{7};
}

/// Completes a frame in place: `frame` is header space and records, padded with zeros to a multiple
/// of 8.
void seal_frame(std::span<std::byte> frame, const frame_header& header, std::uint64_t file_id,
                std::uint64_t offset) noexcept;

/// The front of a frame whose records are written piece by piece: header, checksum and all. `head`
/// is header space and the first bytes of the records; `rest` follows it, then the padding.
void seal_frame_in_pieces(std::span<std::byte> head, std::span<const bytes> rest,
                          const frame_header& header, std::uint64_t file_id,
                          std::uint64_t offset) noexcept;

/// The header at the front of `from` if it could be one: sizes, role and reserved bytes make sense.
/// Says nothing of the checksum. nullopt for all-zero bytes and for fewer than 40 bytes.
[[nodiscard]] std::optional<frame_header> read_frame_header(bytes from) noexcept;

/// True if `frame` (header, records, padding) carries the right checksum for this file and offset.
[[nodiscard]] bool checksum_holds(bytes frame, const frame_header& header, std::uint64_t file_id,
                                  std::uint64_t offset) noexcept;

/// The same check for a frame that arrives in pieces, in order, header first.
class frame_check {
 public:
  frame_check(const frame_header& header, std::uint64_t file_id, std::uint64_t offset);
  frame_check(const frame_check&) = delete;
  frame_check& operator=(const frame_check&) = delete;
  ~frame_check();
  void add(bytes piece) noexcept;
  [[nodiscard]] bool holds() const noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace shelf::journal
