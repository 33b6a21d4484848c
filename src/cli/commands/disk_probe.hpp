// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// What a disk does when it is asked to keep something, and whether that can be believed.
#pragma once

#include "cli/terminal/interruption.hpp"
#include "shelf/error.hpp"
#include "shelf/progress.hpp"

#include <cstdint>
#include <string>

namespace shelf::cli {

/// How long something took, each time; microseconds.
struct latency {
  std::size_t times = 0;
  double p50_us = 0;
  double p99_us = 0;
  double max_us = 0;
};

/// Whether what a sync was answered for is where a power cut does not reach. No program can prove
/// that it is; some can be sure that it is not.
enum class flushes : std::uint8_t {
  plausible,  ///< as slow as a disk that does what it is told
  doubtful,   ///< faster than most such disks, or somebody else answers
  ignored,    ///< certainly not
};
[[nodiscard]] std::string_view to_string(flushes f) noexcept;

/// What there is to judge by.
struct disk_evidence {
  std::string file_system;        ///< such as "ext4"; empty: not known
  std::string mount_options;      ///< separated by commas
  std::string write_cache;        ///< as the kernel calls it; empty: not known
  bool spins = false;             ///< the disk says so
  bool sync_is_answered = false;  ///< a sync that must fail succeeds
  double sync_us = 0;             ///< the median
};

/// A judgement and, in a sentence, its reason.
struct disk_verdict {
  flushes what = flushes::plausible;
  std::string because;
};
[[nodiscard]] disk_verdict judge(const disk_evidence& e);

/// What was found out about a disk.
struct disk_report {
  disk_evidence evidence;
  latency append;  ///< of a few bytes, as a record is
  latency sync;    ///< an append and its fdatasync
  disk_verdict verdict;
};
inline constexpr std::size_t probe_bytes = 128;

/// Appends to the new file at `path` and syncs, again and again, for less than a second (or one
/// sync, if that takes longer). file_error, no_space.
[[nodiscard]] result<disk_report> probe_disk(const std::string& path, const interruption& stop,
                                             const progress& tell = {});

}  // namespace shelf::cli
