// MEMORY  api -> engine -> kinds -> [memory] -> file
// The list of reader slots, and the queues of whole objects that wait for their readers.
#include "memory/epoch.hpp"

#include "file/process.hpp"
#include "file/thread_barrier.hpp"
#include "memory/waiting_room.hpp"

#include <cassert>
#include <new>
#include <type_traits>
#include <utility>

namespace shelf {
namespace detail {

std::atomic<std::uint64_t> current_epoch{1};
constinit thread_local reader_slot* this_reader = nullptr;
/// Until it is known that the kernel makes barriers, readers use fences: that is always right.
std::atomic<bool> publishers_make_barriers{false};

namespace {

std::atomic<reader_slot*> all_slots{nullptr};

/// Hands the slot on when its thread ends.
struct leaver {
  reader_slot* slot = nullptr;
  ~leaver() {
    this_reader = nullptr;
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

reader_slot* join_readers() {
  thread_local leaver at_exit;
  reader_slot* slot = reuse();
  if (slot == nullptr) {
    slot = std::make_unique<reader_slot>().release();  // lives as long as the process
    slot->next = all_slots.load(std::memory_order_relaxed);
    while (!all_slots.compare_exchange_weak(slot->next, slot, std::memory_order_seq_cst)) {
    }
  }
  at_exit.slot = slot;
  this_reader = slot;
  return slot;
}

}  // namespace detail

namespace memory::epoch {
namespace {

using shelf::detail::reader_slot;

[[nodiscard]] bool have_left(std::atomic<std::uint64_t> reader_slot::* since,
                             std::uint64_t ended) noexcept {
  if constexpr (shelf::detail::without_fences)
    shelf::detail::current_epoch.fetch_add(0, std::memory_order_seq_cst);
  else
    std::atomic_thread_fence(std::memory_order_seq_cst);
  auto* s = shelf::detail::all_slots.load(std::memory_order_seq_cst);
  for (; s != nullptr; s = s->next) {
    const auto entered = (s->*since).load(std::memory_order_acquire);
    if (entered != 0 && entered <= ended) return false;
  }
  return true;
}

[[nodiscard]] bool values_are_left(std::uint64_t ended) noexcept {
  return have_left(&reader_slot::values_since, ended);
}

static_assert(std::is_trivially_destructible_v<waiting_room>);
constinit waiting_room objects(&everyone_left);
constinit waiting_room values(&values_are_left);

/// A child of fork has one thread. The readers of the others are not there to leave, and what waits
/// for them is the parent's: it is left alone, like all that the parent's tables hold.
void forget_parent() noexcept {
  for (auto* s = shelf::detail::all_slots.load(); s != nullptr; s = s->next) {
    if (s == shelf::detail::this_reader) continue;
    s->entered.store(0);
    s->depth = 0;
    s->values_since.store(0);
    s->values_depth = 0;
    s->taken.store(false);
  }
  new (&objects) waiting_room(&everyone_left);
  new (&values) waiting_room(&values_are_left);
}

[[maybe_unused]] const bool is_renewed = file::renew_in_children(forget_parent);

/// Readers that enter from now on may do without a fence.
[[nodiscard]] bool begin_barriers() noexcept {
  const bool can = !shelf::detail::without_fences && file::register_thread_barrier();
  shelf::detail::publishers_make_barriers.store(can);
  return can;
}
[[maybe_unused]] const bool has_barriers = begin_barriers();

/// Set when the kernel refuses what it has allowed: readers may be inside that no one can see.
std::atomic<bool> lost_barriers{false};

/// The announcement of every reader that has seen what is out of sight now can be seen from here
/// on. False: it cannot be known.
[[nodiscard]] bool see_readers() noexcept {
  if (lost_barriers.load()) return false;
  if (!shelf::detail::publishers_make_barriers.load()) return true;  // have_left has the fence
  if (file::make_thread_barrier()) return true;
  shelf::detail::publishers_make_barriers.store(false);
  lost_barriers.store(true);
  return false;
}

}  // namespace

std::uint64_t now() noexcept {
  return shelf::detail::current_epoch.load(std::memory_order_acquire);
}

std::uint64_t advance() noexcept {
  return shelf::detail::current_epoch.fetch_add(1, std::memory_order_seq_cst);
}

bool everyone_left(std::uint64_t ended) noexcept { return have_left(&reader_slot::entered, ended); }

void retire_later(waiting& place, std::shared_ptr<void> object) noexcept {
  assert(!place.object && "a place is waited in once");
  place.object = std::move(object);
  place.destroy = [](shelf::detail::retired& r) noexcept {
    const auto last_hold = std::move(static_cast<waiting&>(r).object);
  };
  objects.add(place, &advance);
  collect();
}

void collect() noexcept { objects.collect(); }

void retire_value(shelf::detail::retired& value) noexcept {
  // Before it can be collected: by then its readers must show.
  if (see_readers()) values.add(value, &advance);
  collect_values();
}

void collect_values() noexcept { values.collect(); }

bool is_waiting() noexcept { return !objects.is_empty() || !values.is_empty(); }

}  // namespace memory::epoch
}  // namespace shelf
