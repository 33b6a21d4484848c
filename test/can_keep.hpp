// What a test leaves out because a file of some format cannot keep it: never in silence.
#pragma once

#include "stores/capabilities.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace shelf::test {

inline constexpr std::array every_format{file_format::native, file_format::dets};

[[nodiscard]] constexpr const char* to_string(file_format f) noexcept {
  return f == file_format::native ? "native" : "dets";
}

/// True if a file of this format can keep that; if not, says that the test leaves it out.
[[nodiscard]] inline bool can_keep(file_format format, stores::capability what) {
  if (stores::keeps(format, what)) return true;
  const auto row = std::ranges::find(stores::dets_lacks, what, &stores::capability_row::what);
  std::printf("[ excluded ] %s: %.*s\n", to_string(format), static_cast<int>(row->name.size()),
              row->name.data());
  return false;
}

}  // namespace shelf::test
