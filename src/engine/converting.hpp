// ENGINE  api -> [engine] -> stores -> journal -> file
// Entries of older types become those of the program, step by step.
#pragma once

#include "engine/loader.hpp"
#include "shelf/detail/database_core.hpp"

#include <memory>
#include <string>
#include <vector>

namespace shelf::engine {

/// The steps that lead from a table as a file describes it to the types of the program. Empty: none
/// do, or it has these types.
[[nodiscard]] migration_path find_path(const std::vector<detail::migration_step>& steps,
                                       const table_description& as, const detail::entry_types& to);

/// How entries are converted.
struct conversion_settings {
  migration_path path;
  kinds::deadline now = 0;  ///< what has expired by then is left out
  std::size_t entry_limit = 0;
  std::string label;     ///< of the table
  progress tell = {};    ///< of entries
  std::size_t of = 0;    ///< how many there are, those before included
  std::size_t from = 0;  ///< how many were converted before
};

/// Loads what becomes of the entries into `to`. What cannot be converted is counted, and left out.
/// Errors: none but memory; exceptions: those of the program.
[[nodiscard]] detail::migrated_table convert_all(const std::shared_ptr<contents>& all,
                                                 const conversion_settings& how, table_loader& to);

/// Counts an entry that cannot be converted, and keeps the reasons of the first few.
void note_failure(detail::migrated_table& in, bytes key, const error& why);

/// The error of a migration that could not convert some entries.
[[nodiscard]] error not_converted(const detail::migrated_table& done, const std::string& label);

}  // namespace shelf::engine
