// TEST  crash
// A mistake switched on for a while, in a library that was built with the switches.
#pragma once

#include "file/seeded_bug.hpp"

#include <ostream>
#include <string_view>

namespace shelf::file {

inline std::string_view name_of(seeded_bug b) {
  switch (b) {
    case seeded_bug::none: return "none";
    case seeded_bug::skip_directory_sync: return "skip_directory_sync";
    case seeded_bug::acknowledge_before_sync: return "acknowledge_before_sync";
    case seeded_bug::ignore_checksum: return "ignore_checksum";
    case seeded_bug::retry_sync: return "retry_sync";
    case seeded_bug::apply_before_journal: return "apply_before_journal";
    case seeded_bug::stop_at_first_bad_frame: return "stop_at_first_bad_frame";
    case seeded_bug::no_era: return "no_era";
    case seeded_bug::unlock_in_child: return "unlock_in_child";
    case seeded_bug::stale_durable_up_to: return "stale_durable_up_to";
    case seeded_bug::rename_before_sync: return "rename_before_sync";
    case seeded_bug::absent_reads_skipped: return "absent_reads_skipped";
    case seeded_bug::group_not_seen: return "group_not_seen";
    case seeded_bug::published_per_table: return "published_per_table";
    case seeded_bug::counts_without_stamps: return "counts_without_stamps";
    case seeded_bug::unpinned_before_validating: return "unpinned_before_validating";
    case seeded_bug::table_before_its_bit: return "table_before_its_bit";
    case seeded_bug::indeterminate_retried: return "indeterminate_retried";
    case seeded_bug::reservation_ignored: return "reservation_ignored";
    case seeded_bug::ticket_before_sync: return "ticket_before_sync";
    case seeded_bug::bounds_not_read: return "bounds_not_read";
    case seeded_bug::lists_not_read: return "lists_not_read";
    case seeded_bug::deadline_before_its_bit: return "deadline_before_its_bit";
    case seeded_bug::deadline_ignored: return "deadline_ignored";
    case seeded_bug::history_before_its_bit: return "history_before_its_bit";
    case seeded_bug::position_reset_by_compaction: return "position_reset_by_compaction";
    case seeded_bug::index_not_discarded: return "index_not_discarded";
    case seeded_bug::evicted_a_batch_later: return "evicted_a_batch_later";
    case seeded_bug::stale_flight_stored: return "stale_flight_stored";
  }
  return "unknown";
}

inline void PrintTo(seeded_bug b, std::ostream* out) { *out << name_of(b); }

}  // namespace shelf::file

namespace shelf::crash {

/// The bug, for as long as this lives.
class with_bug {
 public:
  explicit with_bug(file::seeded_bug b) { file::active_bug.store(b); }
  ~with_bug() { file::active_bug.store(file::seeded_bug::none); }
  with_bug(const with_bug&) = delete;
  with_bug& operator=(const with_bug&) = delete;
};

}  // namespace shelf::crash
