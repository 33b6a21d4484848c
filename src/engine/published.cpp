// ENGINE  api -> [engine] -> stores -> journal -> file
// Replacing a published value, and waking the threads that wait for that.
#include "shelf/published.hpp"
#include "engine/housekeeper.hpp"
#include "file/process.hpp"
#include "memory/epoch.hpp"

#include <array>
#include <condition_variable>
#include <mutex>
#include <new>
#include <type_traits>

namespace shelf::detail {
namespace {

/// A thread that waits; it lies on that thread's stack.
struct sleeper {
  const published_place* place;
  std::condition_variable wake{};
  sleeper* next = nullptr;
};

/// Those who wait for one of many places. A place has no list of its own: few are waited for, and
/// it shall be as small as a pointer.
struct dormitory {
  std::mutex mutex;
  std::atomic<sleeper*> first{nullptr};  // changed under mutex
};

using dormitories = std::array<dormitory, 16>;
static_assert(std::is_trivially_destructible_v<dormitories>);
constinit dormitories all;

/// In a child of fork nobody else waits, and a thread that it does not have may hold the mutex.
[[maybe_unused]] const bool is_renewed = file::renew_in_children([] { new (&all) dormitories; });

[[nodiscard]] dormitory& dormitory_of(const published_place& place) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(&place);
  return all[(address / sizeof(published_place) ^ address / 1024) % all.size()];
}

void wake(const published_place& place) noexcept {
  auto& in = dormitory_of(place);
  // Who waits has entered itself before it looked at the place, which has changed before this.
  if (in.first.load(std::memory_order_seq_cst) == nullptr) return;
  const std::scoped_lock lock(in.mutex);
  for (auto* s = in.first.load(); s != nullptr; s = s->next) {
    if (s->place == &place) s->wake.notify_one();
  }
}

/// Among the sleepers as long as it lives. Under the mutex of the dormitory.
class bed {
 public:
  bed(dormitory& in, sleeper& who) noexcept : in_(in), who_(who) {
    who_.next = in_.first.load();
    in_.first.store(&who_, std::memory_order_seq_cst);
  }
  ~bed() {
    auto* before = in_.first.load();
    if (before == &who_) {
      in_.first.store(who_.next);
    } else {
      while (before->next != &who_) before = before->next;
      before->next = who_.next;
    }
  }
  bed(const bed&) = delete;
  bed& operator=(const bed&) = delete;

 private:
  dormitory& in_;
  sleeper& who_;
};

[[nodiscard]] std::uint64_t version_at(const published_place& place) {
  const reader_scope inside;
  return place.load(std::memory_order_seq_cst)->version;
}

}  // namespace

bool replace_if(published_place& place, published_value& expected,
                published_value& fresh) noexcept {
  auto* current = &expected;
  fresh.version = expected.version + 1;
  return place.compare_exchange_strong(current, &fresh, std::memory_order_seq_cst);
}

published_value& replace(published_place& place, published_value& fresh) {
  const reader_scope inside;
  for (;;) {
    auto* const current = place.load(std::memory_order_acquire);
    if (replace_if(place, *current, fresh)) return *current;
  }
}

void let_go_of(const published_place& place, published_value& old) noexcept {
  wake(place);
  memory::epoch::retire_value(old);
  if (!memory::epoch::is_waiting()) return;
  try {
    engine::housekeeper::instance().look_after_readers();
  } catch (const std::bad_alloc&) {
    // The next publisher looks after it.
  }
}

bool wait_for_change(const published_place& place, std::uint64_t seen,
                     std::chrono::nanoseconds timeout) {
  using clock = std::chrono::steady_clock;
  const auto now = clock::now();
  const auto until =
      timeout < clock::time_point::max() - now ? now + timeout : clock::time_point::max();
  if (version_at(place) != seen) return true;
  auto& in = dormitory_of(place);
  sleeper me{.place = &place};
  std::unique_lock lock(in.mutex);
  const bed asleep(in, me);
  for (;;) {
    if (version_at(place) != seen) return true;
    if (me.wake.wait_until(lock, until) == std::cv_status::timeout)
      return version_at(place) != seen;
  }
}

}  // namespace shelf::detail
