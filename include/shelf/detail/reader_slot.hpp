// API  [api] -> engine -> stores -> journal -> file
// Where a thread announces that it reads, and where what was replaced waits for such threads.
#pragma once

#include "shelf/detail/language.hpp"

#include <atomic>
#include <cstdint>

namespace shelf::detail {

/// ThreadSanitizer does not model fences; it gets the read-modify-write that means the same.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool without_fences = true;
#elif !defined(__has_feature)
inline constexpr bool without_fences = false;
#elif __has_feature(thread_sanitizer)
inline constexpr bool without_fences = true;
#else
inline constexpr bool without_fences = false;
#endif

/// One thread's announcements. Slots are never freed: a thread that ends leaves its slot to the
/// next. Tables and published values have one each, because the readers of tables use a fence, and
/// those of values usually none: a table must not rely on the other announcement.
struct alignas(64) reader_slot {
  std::atomic<std::uint64_t> entered{0};  ///< the epoch of a look at tables, or 0 outside
  std::uint32_t depth = 0;                ///< guards nested; the owner's own
  std::atomic<bool> taken{true};
  reader_slot* next = nullptr;                 ///< never changes once the slot is in the list
  std::atomic<std::uint64_t> values_since{0};  ///< the epoch of a look at values, or 0 outside
  std::uint32_t values_depth = 0;
};

extern std::atomic<std::uint64_t> current_epoch;
/// The slot of this thread, once it has one.
extern constinit thread_local reader_slot* this_reader;
/// Whoever replaces a value makes all threads execute a barrier, so its readers need none. False
/// where the kernel refuses that.
extern std::atomic<bool> publishers_make_barriers;

/// Finds this thread a slot. Throws std::bad_alloc.
reader_slot* join_readers();

/// From here on this thread may look at values. The announcement is made before the first look.
inline void enter_values(reader_slot& slot) noexcept {
  const auto seen = current_epoch.load(std::memory_order_acquire);
  if constexpr (without_fences) {
    slot.values_since.exchange(seen, std::memory_order_seq_cst);
  } else {
    slot.values_since.store(seen, std::memory_order_relaxed);
    if (publishers_make_barriers.load(std::memory_order_relaxed)) [[likely]]
      std::atomic_signal_fence(std::memory_order_seq_cst);
    else
      std::atomic_thread_fence(std::memory_order_seq_cst);
  }
}

/// Part of an object that is out of sight and waits until no reader can look at it any more.
struct retired {
  void (*destroy)(retired&) noexcept = nullptr;  ///< ends the object
  std::uint64_t ended = 0;                       ///< the last epoch in which it could be reached
  retired* next = nullptr;
};

}  // namespace shelf::detail
