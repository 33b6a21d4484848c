// FILE  api -> engine -> stores -> journal -> [file]
// Hints to the system: memory that will be used whole and for long, and memory that is unused now.
#pragma once

#include <cstddef>

namespace shelf::file {

/// Asks for large pages (madvise MADV_HUGEPAGE) for `size` bytes from `start`. Advice only: a
/// system that has none, or gives none, changes nothing.
void advise_large_pages(void* start, std::size_t size) noexcept;
/// The content of `size` bytes from `start`, whole pages, is not needed any more: the system may
/// have the pages back, and gives others when the place is used again.
void give_pages_back(void* start, std::size_t size) noexcept;

}  // namespace shelf::file
