// SUITE  every verb over every kind, write mode and store
// operator new over malloc, with a count. A file of its own, so that no compiler looks through it.
#include "suite/failing_heap.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace shelf::suite {

failing_heap& heap() noexcept {
  thread_local failing_heap of_this_thread;
  return of_this_thread;
}

}  // namespace shelf::suite

namespace {

void* allocate(std::size_t bytes, std::size_t alignment) {
  auto& heap = shelf::suite::heap();
  if (heap.left == 0) {
    heap.has_failed = true;
    if (!heap.for_good) heap.left = -1;
    throw std::bad_alloc();
  }
  if (heap.left > 0) --heap.left;
  void* const got =
      alignment <= alignof(std::max_align_t)
          ? std::malloc(bytes == 0 ? 1 : bytes)
          : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (got == nullptr) throw std::bad_alloc();
  return got;
}
void* try_allocate(std::size_t bytes, std::size_t alignment) noexcept {
  try {
    return allocate(bytes, alignment);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace

void* operator new(std::size_t n) { return allocate(n, 1); }
void* operator new[](std::size_t n) { return allocate(n, 1); }
void* operator new(std::size_t n, std::align_val_t a) { return allocate(n, std::size_t(a)); }
void* operator new[](std::size_t n, std::align_val_t a) { return allocate(n, std::size_t(a)); }
void* operator new(std::size_t n, const std::nothrow_t&) noexcept { return try_allocate(n, 1); }
void* operator new[](std::size_t n, const std::nothrow_t&) noexcept { return try_allocate(n, 1); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { std::free(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { std::free(p); }
