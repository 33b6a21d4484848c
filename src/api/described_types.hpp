// API  [api] -> table -> journal -> file
// The types of a table as its file describes them, for programs that open any table.
#pragma once

#include "shelf/detail/core.hpp"
#include "shelf/upkeep.hpp"

namespace shelf::detail {

/// How closely entries are looked at when they are loaded.
enum class scrutiny : std::uint8_t {
  terms,  ///< that they are terms a table may hold: cheap
  types,  ///< that they are what the schemas say, too
};

/// What open_core wants to know to open such a table. `seen`, if set, is called for each entry.
/// corrupt: the schemas are none.
[[nodiscard]] result<entry_types> described_types(const file_description& d, scrutiny how,
                                                  std::function<void()> seen = {});

}  // namespace shelf::detail
