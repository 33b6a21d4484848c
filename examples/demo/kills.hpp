// DEMO  chapter two: killed in the middle
// A child writes and is killed, the parent checks, and the next child continues until all is
// written.
#pragma once

#include "unicode_data.hpp"

#include <filesystem>

namespace demo {

struct kill_totals {
  std::uint64_t kills = 0;
  std::uint64_t acknowledged = 0;  // writes: one per record and table
  std::uint64_t found = 0;
  std::uint64_t torn_frames = 0;
  std::uint64_t torn_bytes = 0;
};

/// Throws broken_promise if an acknowledged write is missing.
[[nodiscard]] kill_totals show_kills(const std::filesystem::path& file, const unicode_data& data,
                                     const std::filesystem::path& directory);

}  // namespace demo
