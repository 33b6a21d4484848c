// JOURNAL  api -> engine -> stores -> [journal] -> file
// Reading on behind damage: every frame of a file that still holds, and what is missing between.
#pragma once

#include "journal/file_header.hpp"
#include "journal/frame_reader.hpp"
#include "journal/scan.hpp"

#include <cstdint>
#include <functional>

namespace shelf::journal {

/// Bytes without a frame that counts, and the batches that must have been there.
struct gap {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::uint64_t first_sequence = 0;  ///< 0: none that is known of
  std::uint64_t last_sequence = 0;
  bool promised = false;  ///< these bytes had been on disk
};

/// Receives what is left of a journal, in the order of the file. A batch that lost frames is
/// visited as far as they are there; partial() then says so before committed() or dropped().
class salvager : public visitor {
 public:
  virtual void missing(const gap& g) = 0;
  virtual void partial(std::uint64_t sequence) = 0;
  /// The batch under way was never complete: forget it.
  virtual void dropped() = 0;
  /// How far the reading is.
  virtual void reached(std::uint64_t at) = 0;
};

/// Walks the whole file. A frame counts if its checksum holds, and it is not of a session that was
/// over when its place was written. Errors: reading failed; the salvager's own. Time is linear in
/// the file, but for forged files, of which the rest is given up.
[[nodiscard]] result<> salvage(frame_reader& reader, const file_header& header, salvager& out);

}  // namespace shelf::journal
