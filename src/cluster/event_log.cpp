// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// A bounded queue that several read, each from a place of its own.
#include "cluster/event_log.hpp"

#include <algorithm>

namespace shelf::cluster {
namespace {

constexpr std::size_t kept = 1000;

}  // namespace

void event_log::add(event e) {
  const std::scoped_lock lock(mutex_);
  events_.push_back(std::move(e));
  if (events_.size() > kept) {
    events_.pop_front();
    ++first_;
  }
  added_.notify_all();
}

void event_log::close() {
  const std::scoped_lock lock(mutex_);
  is_closed_ = true;
  added_.notify_all();
}

std::uint64_t event_log::end() const {
  const std::scoped_lock lock(mutex_);
  return first_ + events_.size();
}

std::optional<event> event_log::next(std::uint64_t& number,
                                     std::chrono::steady_clock::time_point until) {
  std::unique_lock lock(mutex_);
  const auto has_come = [&] { return first_ + events_.size() > number; };
  (void)added_.wait_until(lock, until, [&] { return is_closed_ || has_come(); });
  if (!has_come()) return std::nullopt;
  number = std::max(number, first_);
  return events_[number++ - first_];
}

std::string_view to_string(event::kind what) noexcept {
  using kind = event::kind;
  switch (what) {
    case kind::disconnected: return "disconnected";
    case kind::resumed: return "resumed";
    case kind::resynced: return "resynced";
    case kind::diverged: return "diverged";
    case kind::stale: return "stale";
    case kind::fresh: return "fresh";
    case kind::table_changed: return "table_changed";
    case kind::promise_lost: return "promise_lost";
    case kind::promise_restored: return "promise_restored";
    case kind::resolved: return "resolved";
  }
  return "unknown event";
}

}  // namespace shelf::cluster
