// KINDS  api -> engine -> [kinds] -> memory -> file
// A list of weak references, which forgets those that nobody holds.
#include "kinds/retired_contents.hpp"

#include <cassert>
#include <utility>

namespace shelf::kinds {

void retired_contents::add(const std::shared_ptr<contents>& gone) noexcept {
  auto& room = gone->retirement;
  assert(room.size() == 1 && "contents are let go of once");
  room.front() = gone;
  const std::scoped_lock lock(mutex_);
  gone_.splice(gone_.end(), room);
}

/// Calls f for each that is still held, outside the lock. The place in the list stays one that is
/// held here, so that no other thread takes it out. A hold taken here may turn out to be the last,
/// and then much is destroyed: outside the lock, too.
template <class F>
void retired_contents::for_each(F f) const noexcept {
  std::shared_ptr<contents> held;
  std::unique_lock lock(mutex_);
  for (auto at = gone_.begin();; ++at) {
    std::shared_ptr<contents> next;
    while (at != gone_.end() && !(next = at->lock())) at = gone_.erase(at);
    lock.unlock();
    held = std::move(next);
    if (!held) return;
    f(*held);
    lock.lock();
  }
}

std::size_t retired_contents::memory_bytes() const noexcept {
  std::size_t sum = 0;
  for_each([&](const contents& c) { sum += c.memory_bytes(); });
  return sum;
}

bool retired_contents::empty() const noexcept {
  bool none = true;
  for_each([&](const contents&) { none = false; });
  return none;
}

bool retired_contents::collect_some(std::size_t most) noexcept {
  bool more = false;
  for_each([&](contents& c) { more = c.collect_some(most) || more; });
  return more;
}

}  // namespace shelf::kinds
