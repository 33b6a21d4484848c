// ENGINE  api -> [engine] -> stores -> journal -> file
// Values that are being computed: who waits for whom.
#include "engine/flights.hpp"

#include "file/process.hpp"

#include <algorithm>
#include <cassert>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace shelf::engine {
namespace {

constexpr flights::duration longest_wait = std::chrono::hours(24 * 365);

/// Of the process, because a thread may compute a value of one table and wait for one of another.
struct traffic {
  std::mutex mutex;
  /// What each waiting thread waits for.
  std::unordered_map<std::thread::id, const flight*> waits;
};

constinit std::atomic<traffic*> traffic_place{nullptr};

/// Made when it is first asked for, by whoever boards a flight. Throws std::bad_alloc.
[[nodiscard]] traffic& all() {
  auto* there = traffic_place.load(std::memory_order_acquire);
  if (there != nullptr) return *there;
  auto fresh = std::make_unique<traffic>();
  return traffic_place.compare_exchange_strong(there, fresh.get()) ? *fresh.release() : *there;
}

/// What the parent's threads were doing is not finished in a child, and its tables are closed
/// there: what they hold is left alone.
const bool is_renewed = file::renew_in_children([] { traffic_place.store(nullptr); });

/// Whether `thread` would wait for itself if it waited for `f`.
[[nodiscard]] bool closes_a_circle(const flight& f, std::thread::id thread) noexcept {
  const auto& waits = all().waits;
  for (const auto* next = &f;;) {
    if (next->pilot == thread) return true;
    const auto found = waits.find(next->pilot);
    if (found == waits.end()) return false;
    next = found->second;
  }
}

[[nodiscard]] error waits_for_itself(const std::string& label) {
  return error(errc::busy, label +
                               ": this value is computed by a function that needs the value "
                               "itself, directly or through a thread that waits for this one");
}

}  // namespace

result<flights::boarding> flights::board(bytes key, const std::string& label) {
  const std::lock_guard lock(all().mutex);
  const auto me = std::this_thread::get_id();
  if (const auto found = under_way_.find(key); found != under_way_.end()) {
    if (closes_a_circle(*found->second, me)) return std::unexpected(waits_for_itself(label));
    return boarding{found->second, false};
  }
  auto fresh = std::make_shared<flight>();
  fresh->pilot = me;
  under_way_.emplace(std::vector<std::byte>(key.begin(), key.end()), fresh);
  count_.store(under_way_.size(), std::memory_order_seq_cst);
  return boarding{std::move(fresh), true};
}

result<flights::boarding> flights::await(boarding b, duration wait, const std::string& label) {
  // No longer than the clock can tell.
  const auto until = std::chrono::steady_clock::now() + std::min<duration>(wait, longest_wait);
  const auto me = std::this_thread::get_id();
  auto& f = *b.on;
  std::unique_lock lock(all().mutex);
  if (closes_a_circle(f, me)) return std::unexpected(waits_for_itself(label));
  all().waits.emplace(me, &f);
  ++f.waiting;
  const auto is_over = [&] { return f.has_landed || f.pilot == std::thread::id(); };
  const bool in_time = f.changed.wait_until(lock, until, is_over);
  --f.waiting;
  all().waits.erase(me);
  if (!in_time) {
    return std::unexpected(
        error(errc::busy, label + ": another thread has been computing this value for too long"));
  }
  if (f.has_landed) return b;
  f.pilot = me;
  return boarding{std::move(b.on), true};
}

void flights::land(bytes key, const boarding& b, result<std::vector<std::byte>> value) noexcept {
  assert(b.is_pilot && b.on->pilot == std::this_thread::get_id());
  const std::lock_guard lock(all().mutex);
  auto& f = *b.on;
  if (value)
    f.value = *std::move(value);
  else
    f.failure = value.error();
  f.has_landed = true;
  remove(key, f);
  f.changed.notify_all();
}

void flights::give_up(bytes key, const boarding& b) noexcept {
  assert(b.is_pilot && b.on->pilot == std::this_thread::get_id());
  const std::lock_guard lock(all().mutex);
  auto& f = *b.on;
  f.pilot = {};
  if (f.waiting == 0) remove(key, f);
  f.changed.notify_one();
}

/// If it is still in the list: one that went stale is not, and another of the key may be.
void flights::remove(bytes key, const flight& which) noexcept {
  const auto found = under_way_.find(key);
  if (found == under_way_.end() || found->second.get() != &which) return;
  under_way_.erase(found);
  count_.store(under_way_.size(), std::memory_order_seq_cst);
}

void flights::make_stale(bytes key) noexcept {
  const std::lock_guard lock(all().mutex);
  const auto found = under_way_.find(key);
  if (found == under_way_.end()) return;
  found->second->is_stale = true;
  under_way_.erase(found);
  count_.store(under_way_.size(), std::memory_order_seq_cst);
}

void flights::note_clear() noexcept {
  if (count_.load(std::memory_order_seq_cst) == 0) return;
  const std::lock_guard lock(all().mutex);
  for (const auto& [key, f] : under_way_) f->is_stale = true;
  under_way_.clear();
  count_.store(0, std::memory_order_seq_cst);
}

}  // namespace shelf::engine
