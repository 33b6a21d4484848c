// MEMORY  api -> engine -> kinds -> [memory] -> file
// A queue of whole objects that wait until their readers have left.
#pragma once

#include "shelf/detail/reader_slot.hpp"

#include <mutex>

namespace shelf::memory {

/// Objects come in out of sight, and are destroyed when every reader that may look at them has
/// left. What waits has its place in itself, so that waiting needs no memory. Made before the
/// program starts and never torn down: threads may retire objects while statics are.
/// Thread safety: all calls from any thread.
class waiting_room {
 public:
  using retired = shelf::detail::retired;
  /// `everyone_left(epoch)`: no reader is left that entered in that epoch or before.
  constexpr explicit waiting_room(bool (*everyone_left)(std::uint64_t) noexcept) noexcept
      : everyone_left_(everyone_left) {}

  /// `advance()` begins a new epoch and returns the one that ended.
  void add(retired& object, std::uint64_t (*advance)() noexcept) noexcept {
    const std::lock_guard lock(mutex_);
    object.ended = advance();
    (last_ != nullptr ? last_->next : first_) = &object;
    last_ = &object;
  }
  /// Destroys what nobody can reach any more.
  void collect() noexcept {
    while (auto* const longest = take()) longest->destroy(*longest);
  }
  [[nodiscard]] bool is_empty() noexcept {
    const std::lock_guard lock(mutex_);
    return first_ == nullptr;
  }

 private:
  /// Out of the queue, so that it is destroyed outside the lock: it may be a whole table.
  [[nodiscard]] retired* take() noexcept {
    const std::lock_guard lock(mutex_);
    retired* const longest = first_;
    if (longest == nullptr || !everyone_left_(longest->ended)) return nullptr;
    first_ = longest->next;
    if (first_ == nullptr) last_ = nullptr;
    return longest;
  }

  bool (*const everyone_left_)(std::uint64_t) noexcept;
  std::mutex mutex_;
  retired* first_ = nullptr;  // guarded by mutex_; epochs never go down along the queue
  retired* last_ = nullptr;   // guarded by mutex_
};

}  // namespace shelf::memory
