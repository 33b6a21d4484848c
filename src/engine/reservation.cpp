// ENGINE  api -> [engine] -> stores -> journal -> file
// Waiting for tables that somebody has to himself.
#include "engine/reservation.hpp"

#include "file/seeded_bug.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace shelf::engine {

reservation::hold::hold(reservation& in, std::vector<live_table*> tables) : in_(in) {
  std::unique_lock lock(in_.mutex_);
  while (in_.is_held() && clock::now() < in_.until_) in_.ended_.wait_until(lock, in_.until_);
  in_.tables_ = std::move(tables);
  in_.until_ = clock::now() + lease;
  in_.holder_ = std::this_thread::get_id();
  in_.is_held_.store(true, std::memory_order_relaxed);
}

reservation::hold::~hold() {
  {
    const std::scoped_lock lock(in_.mutex_);
    // Its lease may have ended long ago, and another begun.
    if (in_.holder_ != std::this_thread::get_id()) return;
    assert(in_.is_held() && "who holds tables has said so");
    in_.holder_ = {};
    in_.tables_.clear();
    in_.is_held_.store(false, std::memory_order_relaxed);
  }
  in_.ended_.notify_all();
}

bool reservation::holds_any(std::span<live_table* const> tables) const noexcept {
  return is_held() && holder_ != std::this_thread::get_id() && clock::now() < until_ &&
         std::ranges::find_first_of(tables_, tables) != tables_.end();
}

void reservation::wait_for(std::span<live_table* const> tables) {
  if (file::has_bug(file::seeded_bug::reservation_ignored)) return;
  std::unique_lock lock(mutex_);
  while (holds_any(tables)) ended_.wait_until(lock, until_);
}

}  // namespace shelf::engine
