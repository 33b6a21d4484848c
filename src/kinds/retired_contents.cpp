// KINDS  api -> engine -> [kinds] -> memory -> file
// A list of references, which forgets those that nobody holds.
#include "kinds/retired_contents.hpp"

#include "kinds/versions.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace shelf::kinds {

void retired_contents::add(const std::shared_ptr<contents>& gone, sequence until) noexcept {
  auto& room = gone->retirement;
  assert(room.size() == 1 && "contents are let go of once");
  assert(until > gone->since && "it was shown for one version at least");
  room.front() = {.what = gone, .held = gone, .until = until};
  const std::scoped_lock lock(mutex_);
  gone_.splice(gone_.end(), room);
  held_.fetch_add(1, std::memory_order_relaxed);
}

std::shared_ptr<contents> retired_contents::at(sequence version) const noexcept {
  const std::scoped_lock lock(mutex_);
  for (const auto& place : gone_) {
    if (version >= place.until) continue;
    auto found = place.what.lock();
    if (found && version >= found->since) return found;
  }
  return nullptr;
}

/// What goes with its last holder is destroyed outside the lock; then the list may be another.
template <class F>
void retired_contents::release_if(F is_to_go) noexcept {
  for (;;) {
    std::shared_ptr<contents> last;
    const std::scoped_lock lock(mutex_);
    const auto found = std::ranges::find_if(gone_, [&](const contents::retirement_place& place) {
      return place.held && is_to_go(place);
    });
    if (found == gone_.end()) return;
    last = std::exchange(found->held, nullptr);
    assert(held_.load() > 0);
    held_.fetch_sub(1, std::memory_order_relaxed);
  }
}

void retired_contents::release_unpinned() noexcept {
  release_if([](const contents::retirement_place& place) {
    return !place.held->board().any_pin_in(place.held->since, place.until);
  });
}

void retired_contents::release_all() noexcept {
  release_if([](const contents::retirement_place&) { return true; });
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
    while (at != gone_.end() && !(next = at->what.lock())) at = gone_.erase(at);
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
