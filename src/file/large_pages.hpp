// FILE  api -> table -> journal -> [file]
// A hint to the system: this memory will be used whole and for long.
#pragma once

#include <cstddef>

namespace shelf::file {

/// Asks for large pages (madvise MADV_HUGEPAGE) for `size` bytes from `start`. Advice only: a
/// system that has none, or gives none, changes nothing.
void advise_large_pages(void* start, std::size_t size) noexcept;

}  // namespace shelf::file
