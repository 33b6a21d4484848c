// TABLE  api -> [table] -> journal -> file
// Waiting for the next chore that is due, and doing it.
#include "table/housekeeper.hpp"

#include "file/background_thread.hpp"
#include "file/system.hpp"

#include <algorithm>
#include <atomic>

namespace shelf::tables {

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
  const std::scoped_lock lock(mutex_);
  std::erase_if(items_, [](const item& i) { return i.what.expired(); });
  room.front().due = std::chrono::steady_clock::now() + first;
  items_.splice(items_.end(), room);
  if (!started_) {
    started_ = file::start_background_thread(
        [](void* self) { static_cast<housekeeper*>(self)->run(); }, this);
  }
  changed_.notify_one();
}

std::shared_ptr<chore> housekeeper::wait_for_due() {
  std::unique_lock lock(mutex_);
  for (;;) {
    std::erase_if(items_, [](const item& i) { return i.what.expired(); });
    if (items_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto next = std::ranges::min_element(items_, {}, &item::due);
    if (next->due > std::chrono::steady_clock::now()) {
      changed_.wait_until(lock, time(next->due));
      continue;
    }
    // While it works it is not due again.
    next->due = time::max();
    if (auto c = next->what.lock()) return c;
  }
}

void housekeeper::run() {
  for (;;) {
    const auto c = wait_for_due();
    const auto pause = c->work();
    const std::scoped_lock lock(mutex_);
    for (auto& i : items_) {
      if (i.what.lock() == c) i.due = std::chrono::steady_clock::now() + pause;
    }
  }
}

}  // namespace shelf::tables
