// SUITE  every verb over every kind, write mode and store
// A heap that fails on command: linking failing_heap.cpp replaces operator new.
#pragma once

#include <cstdint>

namespace shelf::suite {

/// Of the calling thread.
struct failing_heap {
  std::int64_t left = -1;  ///< allocations that still go well; negative: all do
  bool for_good = false;   ///< once one has failed, all do
  bool has_failed = false;
};
[[nodiscard]] failing_heap& heap() noexcept;

}  // namespace shelf::suite
