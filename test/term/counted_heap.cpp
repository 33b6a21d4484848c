// TEST  term
// Replaces operator new by one that counts. Alone in its file: inlined, GCC sees a mismatched pair.
#include "counted_heap.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> held = 0;
std::atomic<std::size_t> peak = 0;

}  // namespace

namespace shelf::test {

std::size_t heap_held() { return held; }
std::size_t heap_peak() { return peak; }
void heap_peak_restart() { peak = held.load(); }

}  // namespace shelf::test

void* operator new(std::size_t size) {
  void* block = std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  const auto now = held += malloc_usable_size(block);
  for (auto most = peak.load(); now > most && !peak.compare_exchange_weak(most, now);) {
  }
  return block;
}
void operator delete(void* block) noexcept {
  if (block != nullptr) held -= malloc_usable_size(block);
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept { operator delete(block); }
