// MEMORY  api -> engine -> kinds -> [memory] -> file
// Who is still reading: memory out of sight is freed when all who could see it have left.
#pragma once

#include "error/sanitizer.hpp"

#include <atomic>
#include <cstdint>
#include <memory>

// ThreadSanitizer does not model fences; it gets the read-modify-write that means the same.
#define SHELF_WITHOUT_FENCES SHELF_THREAD_SANITIZER

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
namespace epoch {

/// The epoch readers enter in now.
[[nodiscard]] std::uint64_t now() noexcept;
/// Starts a new epoch and returns the one that ended.
std::uint64_t advance() noexcept;
/// No reader is left that entered in `ended` or before. Cost: a look at each thread that ever read.
[[nodiscard]] bool everyone_left(std::uint64_t ended) noexcept;

/// Where an object waits for its readers to leave. Part of the object, so that waiting needs no
/// memory.
struct waiting {
  std::shared_ptr<void> object;  ///< itself
  std::uint64_t ended = 0;
  waiting* next = nullptr;
};

/// Lets go of an object when every reader that may look at it has left. The object is already out
/// of sight; `place` is its own. It is destroyed by whichever thread calls collect() or
/// retire_later() then.
void retire_later(waiting& place, std::shared_ptr<void> object) noexcept;
/// Destroys what retire_later() took and nobody can reach any more.
void collect() noexcept;
/// Something that retire_later() took is still there: somebody has to collect() later.
[[nodiscard]] bool is_waiting() noexcept;

namespace detail {

/// One thread's announcement. Slots are never freed: a thread that ends leaves its slot to the
/// next.
struct alignas(64) reader_slot {
  std::atomic<std::uint64_t> entered{0};  ///< the epoch, or 0 outside
  std::uint32_t depth = 0;                ///< guards nested; the owner's own
  std::atomic<bool> taken{true};
  reader_slot* next = nullptr;  ///< never changes once the slot is in the list
};

extern std::atomic<std::uint64_t> current;
extern constinit thread_local reader_slot* mine;
reader_slot* join();

inline void enter(reader_slot& slot) noexcept {
  const auto seen = current.load(std::memory_order_acquire);
#if SHELF_WITHOUT_FENCES
  slot.entered.exchange(seen, std::memory_order_seq_cst);
#else
  slot.entered.store(seen, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

}  // namespace detail
}  // namespace epoch

/// While one lives, nothing its thread can reach is freed. Nests; the inner ones cost an increment.
/// The first guard of a thread may throw std::bad_alloc.
/// Thread safety: belongs to the thread that made it.
class epoch_guard {
 public:
  epoch_guard()
      : slot_(epoch::detail::mine != nullptr ? epoch::detail::mine : epoch::detail::join()) {
    if (slot_->depth++ == 0) epoch::detail::enter(*slot_);
  }
  ~epoch_guard() {
    if (--slot_->depth == 0) slot_->entered.store(0, std::memory_order_release);
  }
  epoch_guard(const epoch_guard&) = delete;
  epoch_guard& operator=(const epoch_guard&) = delete;

 private:
  epoch::detail::reader_slot* slot_;
};

}  // namespace shelf::memory
