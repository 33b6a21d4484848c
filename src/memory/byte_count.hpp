// MEMORY  api -> engine -> kinds -> [memory] -> file
// How many bytes a table holds.
#pragma once

#include <atomic>
#include <cassert>
#include <cstddef>

namespace shelf::memory {

/// Counts what a table holds. The writer adds and takes away, anyone reads.
class byte_count {
 public:
  void add(std::size_t bytes) noexcept { set(value() + bytes); }
  void subtract(std::size_t bytes) noexcept {
    assert(bytes <= value() && "what goes was counted when it came");
    set(value() - bytes);
  }
  void set(std::size_t bytes) noexcept { value_.store(bytes, std::memory_order_relaxed); }
  [[nodiscard]] std::size_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::size_t> value_{0};
};

}  // namespace shelf::memory
