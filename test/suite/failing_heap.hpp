// SUITE  every verb over every kind, write mode and store
// A heap that fails on command: linking failing_heap.cpp replaces operator new.
#pragma once

#include <cstdint>
#include <new>

namespace shelf::suite {

/// Of the calling thread.
struct failing_heap {
  std::int64_t left = -1;  ///< allocations that still go well; negative: all do
  bool for_good = false;   ///< once one has failed, all do
  bool has_failed = false;
};
[[nodiscard]] failing_heap& heap() noexcept;

/// Runs f with the (n + 1)-th allocation failing, and those after it if asked. True if f threw
/// bad_alloc.
template <class F>
bool starved(std::int64_t n, bool for_good, F&& f) {
  heap() = {.left = n, .for_good = for_good, .has_failed = false};
  bool thrown = false;
  try {
    f();
  } catch (const std::bad_alloc&) {
    thrown = true;
  }
  heap().left = -1;
  return thrown;
}

}  // namespace shelf::suite
