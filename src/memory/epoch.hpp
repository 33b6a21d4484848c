// MEMORY  api -> engine -> kinds -> [memory] -> file
// Who is still reading: memory out of sight is freed when all who could see it have left.
#pragma once

#include "shelf/detail/reader_slot.hpp"

#include <atomic>
#include <cstdint>
#include <memory>

namespace shelf::memory {

/// Epoch-based reclamation, one domain for the process.
///
/// A reader announces the epoch it entered in; a writer first takes a block out of sight, then
/// calls advance(), and may free the block once everyone_left(what advance returned). A reader that
/// stays inside delays freeing and nothing else.
///
/// Invariant: a reader's announcement comes before its first look at shared memory, a writer's look
/// at the announcements after it took the block out of sight. So the writer sees the reader, or the
/// reader does not see the block.
///
/// Readers of published values announce themselves apart, and without a fence: whoever replaces a
/// value makes every thread execute a barrier instead. What such a reader does before it, the
/// publisher sees; what comes after it sees the new value.
namespace epoch {

/// The epoch readers enter in now.
[[nodiscard]] std::uint64_t now() noexcept;
/// Starts a new epoch and returns the one that ended.
std::uint64_t advance() noexcept;
/// No reader is left that entered in `ended` or before. Cost: a look at each thread that ever read.
[[nodiscard]] bool everyone_left(std::uint64_t ended) noexcept;

/// Where an object waits for its readers to leave. Part of the object, so that waiting needs no
/// memory.
struct waiting : shelf::detail::retired {
  std::shared_ptr<void> object;  ///< itself
};

/// Lets go of an object when every reader that may look at it has left. The object is already out
/// of sight; `place` is its own. It is destroyed by whichever thread calls collect() or
/// retire_later() then.
void retire_later(waiting& place, std::shared_ptr<void> object) noexcept;
/// Destroys what retire_later() took and nobody can reach any more.
void collect() noexcept;

/// The same for a value that its readers reach with enter_values(). It is destroyed by whichever
/// thread calls collect_values() or retire_value() then: so not by one that only reads. If the
/// kernel refuses a barrier that it has allowed before, the value is kept for good.
void retire_value(shelf::detail::retired& value) noexcept;
void collect_values() noexcept;

/// An object or a value is still there: somebody has to collect later.
[[nodiscard]] bool is_waiting() noexcept;

namespace detail {

inline void enter(shelf::detail::reader_slot& slot) noexcept {
  const auto seen = shelf::detail::current_epoch.load(std::memory_order_acquire);
  if constexpr (shelf::detail::without_fences) {
    slot.entered.exchange(seen, std::memory_order_seq_cst);
  } else {
    slot.entered.store(seen, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
}

}  // namespace detail
}  // namespace epoch

/// While one lives, nothing its thread can reach is freed. Nests; the inner ones cost an increment.
/// The first guard of a thread may throw std::bad_alloc.
/// Thread safety: belongs to the thread that made it.
class epoch_guard {
 public:
  epoch_guard()
      : slot_(shelf::detail::this_reader != nullptr ? shelf::detail::this_reader
                                                    : shelf::detail::join_readers()) {
    if (slot_->depth++ == 0) epoch::detail::enter(*slot_);
  }
  ~epoch_guard() {
    if (--slot_->depth == 0) slot_->entered.store(0, std::memory_order_release);
  }
  epoch_guard(const epoch_guard&) = delete;
  epoch_guard& operator=(const epoch_guard&) = delete;

 private:
  shelf::detail::reader_slot* slot_;
};

}  // namespace shelf::memory
