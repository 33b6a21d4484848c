// DETS  api -> engine -> stores -> [dets] -> file
// What a change makes of the records of a bucket.
#pragma once

#include "dets/bucket.hpp"
#include "shelf/kind.hpp"

namespace shelf::dets_format {

/// Where the objects of a key stand, or end(). OTP left sets in which a key stands twice: the first
/// counts, and the others go when the key is touched.
[[nodiscard]] key_records::iterator settle_key(key_records& records, bytes key);

/// Puts an object among those of its key. `stored`, the object as it is to stand in the file,
/// outlives the records.
[[nodiscard]] result<written> insert_into(key_records& records, bytes key, bytes object,
                                          bytes stored, object_format format);

/// All objects of a key; how many went.
[[nodiscard]] std::size_t erase_key(key_records& records, bytes key);

/// Every object identical to this one; how many went.
[[nodiscard]] result<std::size_t> erase_identical(key_records& records, bytes key, bytes object,
                                                  object_format format);

}  // namespace shelf::dets_format
