// JOURNAL  api -> engine -> stores -> [journal] -> file
// Batches carried over into another file as they are, under their own names: what backups are made
// of, and what restores them.
#pragma once

#include "journal/journal_file.hpp"
#include "journal/journal_view.hpp"
#include "journal/trail.hpp"

#include <cstdint>

namespace shelf::journal {

/// A new file may hold what files with this header hold, however many tables they have.
[[nodiscard]] result<> allow_content_of(const file_header& like, journal_file& to);

/// Copies what a file holds into a new one that is empty: its batches, without history, notes and
/// seals; how many there were. Positions from the first of them on keep their meaning. `tell` is
/// told of the bytes. Errors: corrupt, file_error, no_space.
[[nodiscard]] result<std::uint64_t> copy_content(const journal_view& from, journal_file& to,
                                                 const progress& tell = {});

/// Copies the batches behind the trail's place, up to the byte `end`, to the end of a new file; how
/// many there were. Errors: as copy_content.
[[nodiscard]] result<std::uint64_t> copy_changes(trail& from, std::uint64_t end, journal_file& to);

}  // namespace shelf::journal
