// DETS  api -> engine -> stores -> [dets] -> file
// Finds what lives in a file whose slots or free lists cannot be believed.
#pragma once

#include "dets/bulk.hpp"
#include "dets/header.hpp"
#include "dets/storage.hpp"
#include "shelf/progress.hpp"
#include "shelf/repair.hpp"

namespace shelf::dets_format {

using dets::repair_report;

/// Scans `damaged` for buckets, as OTP does: every 16 bytes from body_start on, type, key position
/// and bounds of slots from the header, all else ignored; and writes what it finds as a closed file
/// into the empty `into`. The report has the counts; why, and where the original is, the caller
/// knows. size_limit_exceeded: an object is beyond the limits of terms; it is not dropped behind
/// anybody's back. `tell` is told of the bytes scanned, then of the objects written: half each.
/// A bucket may be found in two states. OTP frees the old one before it writes the new one, so in
/// what it left unclosed both count, as they do for its own repair. shelf writes first: in what it
/// left unclosed (see header::summed) the fuller one counts.
/// Memory: about 100 bytes an object, and the largest bucket.
[[nodiscard]] result<repair_report> repair(const storage& damaged, const header& h,
                                           object_format format, storage& into,
                                           const progress& tell);

}  // namespace shelf::dets_format
