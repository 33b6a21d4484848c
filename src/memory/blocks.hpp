// MEMORY  api -> engine -> kinds -> [memory] -> file
// Memory for entries and nodes: blocks that cost their bytes and little more.
#pragma once

#include <cstddef>

namespace shelf::memory::blocks {

/// A block of `bytes` (rounded up to 8; above 1 KiB to 64), aligned to 8, or to 64 if `bytes` is a
/// multiple of 64. Blocks up to 4 KiB come from slabs of one size, through a small cache of each
/// thread; larger ones from operator new. Throws std::bad_alloc.
/// Thread safety: any thread may allocate, any thread may release.
[[nodiscard]] void* allocate(std::size_t bytes);
void release(void* block, std::size_t bytes) noexcept;
/// Sizes up to here go by 8 bytes, larger ones by 64.
inline constexpr std::size_t fine_limit = 1024;
/// Bytes a block of this size really takes.
[[nodiscard]] constexpr std::size_t rounded(std::size_t bytes) noexcept {
  const std::size_t unit = bytes <= fine_limit ? 8 : 64;
  return (bytes + unit - 1) & ~(unit - 1);
}

/// Gives the system back what is unused: the slabs that hold no block, those too that only blocks
/// held back by this thread kept. For when much was released at once: it costs a system call for
/// each stretch, and as much again when the stretch is used anew.
void give_back() noexcept;
/// Less than this is not worth it. Bytes.
inline constexpr std::size_t worth_giving_back = std::size_t{1} << 20;

}  // namespace shelf::memory::blocks
