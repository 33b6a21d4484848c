// MEMORY  api -> engine -> kinds -> [memory] -> file
// The list of reader slots, and the queue of whole objects that wait for their readers.
#include "memory/epoch.hpp"

#include "file/process.hpp"

#include <cassert>
#include <mutex>
#include <new>
#include <type_traits>
#include <utility>

namespace shelf::memory::epoch {

namespace detail {

std::atomic<std::uint64_t> current{1};
constinit thread_local reader_slot* mine = nullptr;

namespace {

std::atomic<reader_slot*> all_slots{nullptr};

/// Hands the slot on when its thread ends.
struct leaver {
  reader_slot* slot = nullptr;
  ~leaver() {
    mine = nullptr;
    if (slot != nullptr) slot->taken.store(false, std::memory_order_release);
  }
};

reader_slot* reuse() noexcept {
  for (auto* s = all_slots.load(std::memory_order_acquire); s != nullptr; s = s->next) {
    bool free = false;
    if (!s->taken.load(std::memory_order_relaxed) &&
        s->taken.compare_exchange_strong(free, true, std::memory_order_acq_rel)) {
      return s;
    }
  }
  return nullptr;
}

}  // namespace

reader_slot* join() {
  thread_local leaver at_exit;
  reader_slot* slot = reuse();
  if (slot == nullptr) {
    slot = std::make_unique<reader_slot>().release();  // lives as long as the process
    slot->next = all_slots.load(std::memory_order_relaxed);
    while (!all_slots.compare_exchange_weak(slot->next, slot, std::memory_order_seq_cst)) {
    }
  }
  at_exit.slot = slot;
  mine = slot;
  return slot;
}

}  // namespace detail

std::uint64_t now() noexcept { return detail::current.load(std::memory_order_acquire); }

std::uint64_t advance() noexcept { return detail::current.fetch_add(1, std::memory_order_seq_cst); }

bool everyone_left(std::uint64_t ended) noexcept {
#if SHELF_WITHOUT_FENCES
  detail::current.fetch_add(0, std::memory_order_seq_cst);
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
  for (auto* s = detail::all_slots.load(std::memory_order_seq_cst); s != nullptr; s = s->next) {
    const auto entered = s->entered.load(std::memory_order_acquire);
    if (entered != 0 && entered <= ended) return false;
  }
  return true;
}

namespace {

struct waiting_room {
  std::mutex mutex;
  waiting* first = nullptr;  // guarded by mutex; epochs never go down along the queue
  waiting* last = nullptr;   // guarded by mutex
};

/// Made before the program starts and never torn down: threads may retire objects while statics
/// are.
waiting_room& room() noexcept {
  static_assert(std::is_trivially_destructible_v<waiting_room>);
  static constinit waiting_room the_room;
  return the_room;
}

/// A child of fork has one thread. The readers of the others are not there to leave, and what waits
/// for them is the parent's: it is left alone, like all that the parent's tables hold.
void forget_parent() noexcept {
  for (auto* s = detail::all_slots.load(); s != nullptr; s = s->next) {
    if (s == detail::mine) continue;
    s->entered.store(0);
    s->depth = 0;
    s->taken.store(false);
  }
  new (&room()) waiting_room;
}

[[maybe_unused]] const bool is_renewed = file::renew_in_children(forget_parent);

}  // namespace

void retire_later(waiting& place, std::shared_ptr<void> object) noexcept {
  assert(!place.object && "a place is waited in once");
  {
    auto& waits = room();
    const std::lock_guard lock(waits.mutex);
    place.object = std::move(object);
    place.ended = advance();
    (waits.last != nullptr ? waits.last->next : waits.first) = &place;
    waits.last = &place;
  }
  collect();
}

void collect() noexcept {
  auto& waits = room();
  for (;;) {
    std::shared_ptr<void> last_hold;  // destroyed outside the lock: it may be a whole table
    const std::lock_guard lock(waits.mutex);
    waiting* const longest = waits.first;
    if (longest == nullptr || !everyone_left(longest->ended)) return;
    waits.first = longest->next;
    if (waits.first == nullptr) waits.last = nullptr;
    last_hold = std::move(longest->object);
  }
}

bool is_waiting() noexcept {
  auto& waits = room();
  const std::lock_guard lock(waits.mutex);
  return waits.first != nullptr;
}

}  // namespace shelf::memory::epoch
