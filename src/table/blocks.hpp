// TABLE  api -> [table] -> journal -> file
// Memory for entries and nodes: blocks that cost their bytes and little more.
#pragma once

#include <cstddef>

namespace shelf::tables::blocks {

/// A block of `bytes` (rounded up to 8; above 1 KiB to 64), aligned to 8, or to 64 if `bytes` is a
/// multiple of 64. Blocks up to 4 KiB come from slabs of one size, through a small cache of each
/// thread; larger ones from operator new. Throws std::bad_alloc.
/// Thread safety: any thread may allocate, any thread may release.
[[nodiscard]] void* allocate(std::size_t bytes);
void release(void* block, std::size_t bytes) noexcept;
/// Bytes a block of this size really takes.
[[nodiscard]] std::size_t rounded(std::size_t bytes) noexcept;

/// What to call with each new stretch of 2 MiB, aligned to 2 MiB, once a process holds a few of
/// them: a hint to the system that large pages would serve it well. The file room has such a
/// function; a million entries are read and written by a tenth faster with it. Nothing by default.
using advise_stretch = void (*)(void* start, std::size_t bytes) noexcept;
void advise_with(advise_stretch advise) noexcept;

}  // namespace shelf::tables::blocks
