// API  [api] -> engine -> stores -> journal -> file
// Repairs of DETS files: when one may be done, and what it found.
#pragma once

#include "shelf/detail/language.hpp"

#include <cstdint>
#include <string>

namespace shelf::dets {

/// What open does with a file that was not closed properly, or whose slots or free lists are
/// damaged. A repair keeps what can be found of the objects; it never touches the original, see
/// repair_report.
enum class repair_policy : std::uint8_t {
  automatic,  ///< repairs what needs it, as OTP does
  refuse,     ///< corrupt instead
  force,      ///< reads every object; repairs what is damaged, compacts what is not
};

/// What a repair found and did. Objects of other states than the last are in these counts as well:
/// DETS writes no checksums, so a repair cannot tell an old bucket from a current one.
struct repair_report {
  std::string cause;    ///< why the file needed it
  std::string kept_as;  ///< the untouched original, until the next clean close; empty: read_only
  std::uint64_t objects = 0;     ///< in the repaired file
  std::uint64_t keys = 0;        ///< in the repaired file
  std::uint64_t expected = 0;    ///< objects when the file was last saved, as its header says
  std::uint64_t buckets = 0;     ///< found whole
  std::uint64_t damaged = 0;     ///< places marked as a bucket where none can be read: what is lost
  std::uint64_t superseded = 0;  ///< objects that gave way to a later one under their key
  std::uint64_t doubled = 0;     ///< objects of buckets that stood there in two states
  std::uint64_t resurrected = 0;  ///< objects found inside of deleted buckets: perhaps deleted
};

}  // namespace shelf::dets
