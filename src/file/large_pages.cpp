// FILE  api -> engine -> stores -> journal -> [file]
// madvise.
#include "file/large_pages.hpp"

#include <sys/mman.h>

namespace shelf::file {

void advise_large_pages(void* start, std::size_t size) noexcept {
  (void)::madvise(start, size, MADV_HUGEPAGE);
}

void give_pages_back(void* start, std::size_t size) noexcept {
  (void)::madvise(start, size, MADV_DONTNEED);
}

}  // namespace shelf::file
