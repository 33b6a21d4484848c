// DETS  api -> table -> [dets] -> file
// Finds what lives in a file whose slots or free lists cannot be believed.
#pragma once

#include "dets/bulk.hpp"
#include "dets/header.hpp"
#include "dets/storage.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace shelf::dets_format {

/// What a repair found and did.
struct repair_counts {
  std::uint64_t objects = 0;      ///< in the repaired file
  std::uint64_t keys = 0;         ///< in the repaired file
  std::uint64_t expected = 0;     ///< objects when the file was last saved, as its header says
  std::uint64_t buckets = 0;      ///< found whole
  std::uint64_t damaged = 0;      ///< places marked as a bucket at which none can be read
  std::uint64_t superseded = 0;   ///< objects that a later one under the same key replaced
  std::uint64_t doubled = 0;      ///< objects of buckets that were there in two states
  std::uint64_t resurrected = 0;  ///< objects found inside of buckets that had been deleted
};

/// Scans `damaged` for buckets, as OTP does: every 16 bytes from body_start on, type, key position
/// and bounds of slots from the header, all else ignored; and writes what it finds as a closed file
/// into the empty `into`. size_limit_exceeded: an object is beyond the limits of terms; it is not
/// dropped behind anybody's back. Memory: about 100 bytes an object, and the largest bucket.
[[nodiscard]] result<repair_counts> repair(const storage& damaged, const header& h, storage& into);

}  // namespace shelf::dets_format
