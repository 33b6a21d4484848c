// FILE  api -> engine -> stores -> journal -> [file]
// The test of the tests: protocol mistakes that a build with SHELF_SEEDED_BUGS can switch on, to
// see them caught.
#pragma once

#include <atomic>
#include <cstdint>

namespace shelf::file {

/// Mistakes other stores have made. Each must be caught by the crash tests
/// (test/crash/seeded_bugs_test.cpp).
enum class seeded_bug : std::uint8_t {
  none,
  skip_directory_sync,
  acknowledge_before_sync,
  ignore_checksum,
  retry_sync,
  apply_before_journal,
  stop_at_first_bad_frame,
  no_era,
  unlock_in_child,
  stale_durable_up_to,
  rename_before_sync,
  // Of databases and transactions.
  absent_reads_skipped,
  group_not_seen,  ///< validated against what is published, not what the group has staged
  published_per_table,
  counts_without_stamps,  ///< a range is valid if it has as many entries as before
  unpinned_before_validating,
  table_before_its_bit,  ///< the second table is in the file before the header says so
  indeterminate_retried,
  reservation_ignored,
  ticket_before_sync,
  bounds_not_read,  ///< the end of a walk that found nothing more is no read
  lists_not_read,   ///< what a bag has under a key is no read
  // Of entries that expire.
  deadline_before_its_bit,  ///< the first deadline is in the file before the header says so
  // Of history and positions.
  history_before_its_bit,        ///< the first moment is in the file before the header says so
  position_reset_by_compaction,  ///< a compacted file names its batches anew
  deadline_ignored,              ///< records are read without their deadlines
  // Of indexes.
  index_not_discarded,  ///< a group that failed leaves its items in the indexes
  // Of bounds.
  evicted_a_batch_later,  ///< an insert makes room only for what is there already
  // Of values that are computed.
  stale_flight_stored,  ///< stored although the key was written meanwhile
};

#ifdef SHELF_SEEDED_BUGS
inline std::atomic<seeded_bug> active_bug{seeded_bug::none};
[[nodiscard]] inline bool has_bug(seeded_bug b) noexcept { return active_bug.load() == b; }
#else
/// Always false in a real build, so that the compiler drops the branch.
[[nodiscard]] constexpr bool has_bug(seeded_bug) noexcept { return false; }
#endif

}  // namespace shelf::file
