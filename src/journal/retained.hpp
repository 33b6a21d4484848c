// JOURNAL  api -> engine -> stores -> [journal] -> file
// History: the batches that a new file takes over from the one that it replaces.
#pragma once

#include "journal/journal_file.hpp"
#include "journal/trail.hpp"

#include <cstdint>
#include <vector>

namespace shelf::journal {

/// Which batches are kept: the latest ones, within both limits.
struct retention {
  std::uint64_t bytes = 0;  ///< of their frames; 0: no such limit
  std::uint64_t since = 0;  ///< written at this time or later, in milliseconds; 0: no such limit
};

/// Goes to the first batch that is kept of those before `end`. What was written before the first
/// moment of a file counts as written then. Errors: corrupt, file_error.
[[nodiscard]] result<> go_to_retained(trail& t, const retention& limits, std::uint64_t end);

/// Copies the batches from the trail's place to `end` as history of a new file, whose first batch
/// it has. Returns their moments. Errors: corrupt, file_error, no_space.
[[nodiscard]] result<std::vector<time_mark>> copy_retained(trail& t, std::uint64_t end,
                                                           journal_file& to);

}  // namespace shelf::journal
