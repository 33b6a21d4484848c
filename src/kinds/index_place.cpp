// KINDS  api -> engine -> [kinds] -> memory -> file
// Indexes replaced behind the pins.
#include "kinds/index_place.hpp"

#include "kinds/index_set.hpp"
#include "kinds/versions.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace shelf::kinds {

index_place::index_place() : all_(1) {}
index_place::~index_place() = default;

std::shared_ptr<index_set> index_place::at(sequence version) const {
  const std::scoped_lock lock(mutex_);
  const auto found = std::find_if(all_.rbegin(), all_.rend(),
                                  [version](const span& s) { return s.from <= version; });
  return found == all_.rend() ? nullptr : found->set;
}

void index_place::set(std::shared_ptr<index_set> first) noexcept {
  const std::scoped_lock lock(mutex_);
  assert(all_.size() == 1 && "what was shown is replaced, not set");
  all_.front() = {.set = std::move(first), .from = 0};
  now_.store(all_.front().set.get(), std::memory_order_release);
}

void index_place::replace(std::shared_ptr<index_set> by, sequence from, room&& at) noexcept {
  const std::scoped_lock lock(mutex_);
  assert(from > all_.back().from && at.size() == 1 && "versions only grow");
  at.front() = {.set = std::move(by), .from = from};
  all_.splice(all_.end(), at);
  now_.store(all_.back().set.get(), std::memory_order_release);
  has_past_.store(true, std::memory_order_relaxed);
}

/// Readers without a pin may still be looking at them.
void index_place::release_unpinned(const version_board& board) noexcept {
  if (!has_past()) return;
  room gone;
  {
    const std::scoped_lock lock(mutex_);
    for (auto at = all_.begin(); std::next(at) != all_.end();) {
      const auto here = at++;
      if (!board.any_pin_in(here->from, at->from)) gone.splice(gone.end(), all_, here);
    }
    has_past_.store(all_.size() > 1, std::memory_order_relaxed);
  }
  for (auto& s : gone) {
    if (!s.set) continue;
    auto& place = s.set->farewell;
    memory::epoch::retire_later(place, std::move(s.set));
  }
}

}  // namespace shelf::kinds
