// DEMO  chapter two: killed in the middle
// A child writes, is killed, the parent checks, the next child goes on; until all is written.
#pragma once

#include "unicode_data.hpp"

#include <filesystem>

namespace demo {

struct kill_totals {
  std::uint64_t kills = 0;
  std::uint64_t acknowledged = 0;  // writes; of each table one a record
  std::uint64_t found = 0;
  std::uint64_t torn_frames = 0;
  std::uint64_t torn_bytes = 0;
};

/// Throws broken_promise if an acknowledged write is missing.
[[nodiscard]] kill_totals show_kills(const std::filesystem::path& file, const unicode_data& data,
                                     const std::filesystem::path& directory);

}  // namespace demo
