// TABLE  api -> [table] -> journal -> file
// Taking the turn, leading a group, giving the turn up without leaving anybody behind.
#include "table/turn.hpp"

#include <cassert>
#include <thread>

namespace shelf::tables {
namespace {

/// How often a writer looks before it sleeps; a through write takes about a microsecond.
constexpr int looks_before_sleep = 200;

}  // namespace

bool turn::try_take() noexcept {
  return !taken_.load() && !taken_.exchange(true);
}

void turn::submit(queued& op) {
  if (try_take()) {
    lead(&op);
    return;
  }
  push(op);
  // Whoever holds the turn looks at the queue after giving it up, so either we get the turn now or they see us.
  if (try_take()) lead(nullptr);
  wait_until_done(op);
}

void turn::push(queued& op) noexcept {
  op.next_ = queue_.load(std::memory_order_relaxed);
  while (!queue_.compare_exchange_weak(op.next_, &op)) {
  }
}

queued* turn::take_queue() noexcept {
  queued* oldest = nullptr;
  for (auto* op = queue_.exchange(nullptr); op != nullptr;) {
    auto* older = op->next_;
    op->next_ = oldest;
    oldest = op;
    op = older;
  }
  return oldest;
}

void turn::lead(queued* mine) {
  // What queued up before us came first; our own operation joins at the end of their group.
  auto* first = queue_.load() != nullptr ? take_queue() : nullptr;
  if (mine != nullptr) {
    mine->next_ = nullptr;
    auto** end = &first;
    while (*end != nullptr) end = &(*end)->next_;
    *end = mine;
  }
  execute(first);
  release();
}

void turn::release() {
  for (;;) {
    taken_.store(false);
    if (lockers_.load() != 0) {
      // Threads wait for the turn itself: the one that gets it executes the queue when it unlocks.
      const std::scoped_lock lock(sleep_);
      awake_.notify_all();
      return;
    }
    if (queue_.load() == nullptr || !try_take()) return;
    execute(take_queue());
  }
}

void turn::execute(queued* first) noexcept {
  if (first == nullptr) return;
  execute_(first);
  bool somebody_sleeps = false;
  while (first != nullptr) {
    auto* next = first->next_;
    // After this exchange the operation may be gone: its owner returns.
    somebody_sleeps |= first->state_.exchange(queued::state::done) == queued::state::asleep;
    first = next;
  }
  if (!somebody_sleeps) return;
  const std::scoped_lock lock(sleep_);
  awake_.notify_all();
}

void turn::wait_until_done(queued& op) {
  for (int look = 0; look < looks_before_sleep; ++look) {
    if (op.state_.load(std::memory_order_acquire) == queued::state::done) return;
    if (look % 16 == 15) std::this_thread::yield();
  }
  auto expected = queued::state::waiting;
  if (!op.state_.compare_exchange_strong(expected, queued::state::asleep)) return;
  std::unique_lock lock(sleep_);
  awake_.wait(lock, [&] { return op.state_.load() == queued::state::done; });
}

void turn::lock() {
  if (try_take()) return;
  ++lockers_;
  std::unique_lock lock(sleep_);
  awake_.wait(lock, [&] { return try_take(); });
  --lockers_;
}

void turn::unlock() {
  assert(taken_.load());
  lead(nullptr);
}

}  // namespace shelf::tables
