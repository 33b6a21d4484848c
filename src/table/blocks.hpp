// TABLE  api -> [table] -> journal -> file
// Memory for entries and nodes: blocks cut from slabs, so that a block costs its bytes and little more.
#pragma once

#include <cstddef>

namespace shelf::tables::blocks {

/// A block of `bytes` (rounded up to 8; above 1 KiB to 64), aligned to 8, or to 64 if `bytes` is a multiple
/// of 64. Blocks up to 4 KiB come from slabs of one size, through a small cache of each thread; larger ones
/// from operator new. Throws std::bad_alloc.
/// Thread safety: any thread may allocate, any thread may release.
[[nodiscard]] void* allocate(std::size_t bytes);
void release(void* block, std::size_t bytes) noexcept;
/// Bytes a block of this size really takes.
[[nodiscard]] std::size_t rounded(std::size_t bytes) noexcept;

}  // namespace shelf::tables::blocks
