// ENGINE  api -> [engine] -> stores -> journal -> file
// Waiting for the next chore that is due, and doing it.
#include "engine/housekeeper.hpp"

#include "file/background_thread.hpp"
#include "file/system.hpp"
#include "memory/epoch.hpp"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <chrono>

namespace shelf::engine {
namespace {

constexpr std::chrono::milliseconds between_looks_at_readers{100};

template <class T, class U>
[[nodiscard]] bool is_same(const std::weak_ptr<T>& a, const U& b) noexcept {
  return !a.owner_before(b) && !b.owner_before(a);  // no lock(): it could be the last hold
}

}  // namespace

housekeeper& housekeeper::instance() {
  // Never destroyed: its thread may outlive every static object. A child of fork must not touch the
  // parent's, whose mutex may be held by a thread that the child does not have.
  static std::atomic<housekeeper*> current{nullptr};
  auto* there = current.load(std::memory_order_acquire);
  if (there != nullptr && !there->process_.is_of_parent()) return *there;
  auto* fresh = new housekeeper;
  if (current.compare_exchange_strong(there, fresh)) return *fresh;
  delete fresh;
  return *there;
}

void housekeeper::add(place&& room, std::chrono::nanoseconds first) noexcept {
  assert(room.size() == 1 && "room for one chore");
  const std::scoped_lock lock(mutex_);
  std::erase_if(items_, [](const item& i) { return i.what.expired(); });
  room.front().due = std::chrono::steady_clock::now() + first;
  items_.splice(items_.end(), room);
  start();
}

void housekeeper::call(const std::weak_ptr<chore>& c, std::chrono::nanoseconds pause) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto due = std::chrono::steady_clock::now() + pause;
  for (auto& i : items_) {
    if (is_same(i.what, c)) i.due = std::min(i.due, due);
  }
  start();
}

void housekeeper::look_after_readers() noexcept {
  const std::scoped_lock lock(mutex_);
  start();
}

/// Under the mutex: there is something new for the thread.
void housekeeper::start() noexcept {
  if (!started_) {
    started_ = file::start_background_thread(
        [](void* self) { static_cast<housekeeper*>(self)->run(); }, this);
  }
  changed_.notify_one();
}

std::shared_ptr<chore> housekeeper::wait_for_due() {
  std::unique_lock lock(mutex_);
  for (;;) {
    auto until = time::max();
    if (memory::epoch::is_waiting()) {
      lock.unlock();
      memory::epoch::collect();
      memory::epoch::collect_values();
      const bool in_vain = memory::epoch::is_waiting();
      lock.lock();
      // While the mutex was free, what retired something may have notified nobody: look again.
      if (!in_vain) continue;
      until = std::chrono::steady_clock::now() + between_looks_at_readers;
    }
    std::erase_if(items_, [](const item& i) { return i.what.expired(); });
    const auto next = std::ranges::min_element(items_, {}, &item::due);
    if (next != items_.end() && next->due <= std::chrono::steady_clock::now()) {
      // While it works it is not due again, unless somebody calls it.
      next->due = time::max();
      if (auto c = next->what.lock()) return c;
      continue;
    }
    if (next != items_.end()) until = std::min(until, next->due);
    if (until == time::max()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, until);
    }
  }
}

void housekeeper::run() {
  for (;;) {
    const auto c = wait_for_due();
    const auto pause = c->work();
    const std::scoped_lock lock(mutex_);
    const auto due = std::chrono::steady_clock::now() + pause;
    for (auto& i : items_) {
      if (is_same(i.what, c)) i.due = std::min(i.due, due);
    }
  }
}

}  // namespace shelf::engine
