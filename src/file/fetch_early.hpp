// FILE  api -> engine -> stores -> journal -> [file]
// Memory that is going to be looked at, asked for before.
#pragma once

#include <algorithm>
#include <cstddef>

namespace shelf::file {

/// Has the processor load these bytes, or as many as it will not load by itself. They need not be
/// there.
inline void fetch_early(const void* at, std::size_t size) noexcept {
  constexpr std::size_t line = 64;
  constexpr std::size_t most = 4 * line;  // the processor goes on by itself
  const auto* first = static_cast<const std::byte*>(at);
  for (std::size_t i = 0; i < std::min(size, most); i += line) __builtin_prefetch(first + i);
}

}  // namespace shelf::file
