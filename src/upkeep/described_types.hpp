// UPKEEP  cli -> rows -> [upkeep] -> engine -> stores -> journal -> file
// The types of a table as its file describes them, for programs that open any table.
#pragma once

#include "shelf/detail/core.hpp"
#include "shelf/upkeep.hpp"

#include <functional>

namespace shelf::detail {

/// How closely entries are looked at when they are loaded.
enum class scrutiny : std::uint8_t {
  terms,  ///< that they are terms a table may hold: cheap
  types,  ///< that they are what the schemas say, too
};

/// Told of each entry how many bytes of the file it takes, more or less.
using entry_seen = std::function<void(std::uint64_t bytes)>;

/// What open_core wants to know to open such a table. corrupt: the schemas are none.
[[nodiscard]] result<entry_types> described_types(const file_description& d, scrutiny how,
                                                  entry_seen seen = {});

}  // namespace shelf::detail
