// STORES  api -> engine -> [stores] -> journal -> file
// What a table's file can keep, format by format. docs/dets.md has the same rows.
#pragma once

#include "shelf/config.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace shelf::stores {

/// What the native format keeps and another may not.
enum class capability : std::uint8_t {
  ordered_map,
  atomic_batches,
  prefix_after_power_cut,
  torn_sectors,
  stale_blocks,
  schema,
  checksums,
  torn_ends,
  sequence_numbers,
  full_disks,
  any_size,
  lock_for_all,
  readers_beside_a_writer,
  cheap_saves,
  writers_during_reload,
  deadlines,
  named_batches,
  upkeep,
};

/// One of them, and what a DETS file does instead.
struct capability_row {
  capability what;
  std::string_view name;
  std::string_view on_dets;
};

inline constexpr std::array dets_lacks{
    capability_row{capability::ordered_map, "ordered_map",
                   "refused at open (`wrong_kind`): DETS has no ordered tables"},
    capability_row{capability::atomic_batches, "a batch is in the file completely or not at all",
                   "a kill during it leaves a part of it; a batch that fails is rolled back"},
    capability_row{capability::prefix_after_power_cut,
                   "through: a power failure leaves everything synced and a prefix of the rest",
                   "what changed since the last save may be lost, with the other keys of its slot"},
    capability_row{capability::torn_sectors, "a power cut may tear a sector",
                   "the header has one copy, in one sector"},
    capability_row{capability::stale_blocks,
                   "a power cut may leave bytes of deleted files in new blocks",
                   "a repair may take them for entries: nothing there tells them apart"},
    capability_row{capability::schema, "the file knows its types",
                   "every entry is checked at open; a table without entries has no types"},
    capability_row{capability::checksums, "damage is found",
                   "damage to values is not; to slots, sizes and lists it is"},
    capability_row{capability::torn_ends, "a torn end is cut off",
                   "the whole file is repaired into a new one; stats() has the report"},
    capability_row{capability::sequence_numbers, "sequence numbers and eras continue after an open",
                   "they start anew"},
    capability_row{capability::full_disks, "a full disk never fences",
                   "it does if overwriting fails (copy-on-write); recover()"},
    capability_row{
        capability::any_size, "a file of any size",
        "2 GiB less 50 MB; then `size_limit_exceeded`, and reading and erasing continue"},
    capability_row{capability::lock_for_all, "no other program writes the file",
                   "Erlang neither takes nor checks a lock"},
    capability_row{capability::readers_beside_a_writer,
                   "read_only concurrently with a writer, always",
                   "while the writer changes the file it may be `busy`; try again"},
    capability_row{capability::cheap_saves, "back: a save costs what was changed",
                   "it writes the whole file anew"},
    capability_row{capability::writers_during_reload, "writers continue during a reload",
                   "they block while it reads the file"},
    capability_row{capability::deadlines, "entries expire",
                   "`invalid_argument` for config.ttl and for every expiry"},
    capability_row{capability::named_batches, "positions outlive the process; history; followers",
                   "positions count for one opening; `invalid_argument` for config.history, "
                   "config.follow and catch_up()"},
    capability_row{capability::upkeep, "describe(), check(), copy() and salvage() read it",
                   "they return `not_a_table`; the tool checks, converts and repairs it"},
};

[[nodiscard]] constexpr bool keeps(file_format format, capability what) noexcept {
  if (format == file_format::native) return true;
  for (const auto& row : dets_lacks) {
    if (row.what == what) return false;
  }
  return true;
}

}  // namespace shelf::stores
