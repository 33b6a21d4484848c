// ENGINE  api -> [engine] -> stores -> journal -> file
// Taking the turn, leading a group, giving the turn up without leaving anybody behind.
#include "engine/turn.hpp"

#include <cassert>
#include <chrono>
#include <thread>
#include <utility>

namespace shelf::engine {
namespace {

/// How often a writer looks before it sleeps; a through write takes about a microsecond.
constexpr int looks_before_sleep = 200;

}  // namespace

bool turn::try_take() noexcept { return !taken_.load() && !taken_.exchange(true); }

void turn::submit(queued& op) {
  if (lockers_.load() == 0 && try_take()) {
    lead(nullptr, &op);
    return;
  }
  push(op);
  // Whoever holds the turn looks at the queue after giving it up, so either we get the turn now or
  // they see us. A locker that waits sees us when it unlocks.
  if (lockers_.load() == 0 && try_take()) lead(nullptr, nullptr);
  wait_until_done(op);
}

void turn::push(queued& op) noexcept {
  assert(op.next_ == nullptr && op.state_.load() == queued::state::waiting && "queued once");
  op.next_ = queue_.load(std::memory_order_relaxed);
  while (!queue_.compare_exchange_weak(op.next_, &op)) {
  }
  queued_.fetch_add(1, std::memory_order_relaxed);
}

queued* turn::take_queue() noexcept {
  queued* oldest = nullptr;
  std::size_t taken = 0;
  for (auto* op = queue_.exchange(nullptr); op != nullptr; ++taken) {
    assert(op->state_.load() < queued::state::leads && "what is queued was not executed");
    auto* older = op->next_;
    op->next_ = oldest;
    oldest = op;
    op = older;
  }
  queued_.fetch_sub(taken, std::memory_order_relaxed);
  return oldest;
}

/// A group that waits a moment for its regulars costs one sync instead of two.
void turn::gather(std::size_t have) const noexcept {
  if (grouping_.window.count() == 0 || writers_ <= have) return;
  const auto until = std::chrono::steady_clock::now() + grouping_.window;
  while (have + queued_.load(std::memory_order_relaxed) < writers_ &&
         std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
}

void turn::lead(queued* first, queued* mine) {
  assert(taken_.load() && handed_ == nullptr &&
         "the leader has the turn, and took over what came with it");
  auto** end = &first;
  std::size_t have = mine != nullptr ? 1 : 0;
  for (; *end != nullptr; end = &(*end)->next_) ++have;
  gather(have);
  // What queued up before us came first; our own operation joins at the end of their group.
  if (queue_.load() != nullptr) *end = take_queue();
  if (mine != nullptr) {
    mine->next_ = nullptr;
    while (*end != nullptr) end = &(*end)->next_;
    *end = mine;
  }
  execute(first, mine);
  release();
}

void turn::hand_over() noexcept {
  assert(taken_.load() && handed_ == nullptr && "the turn stays taken: it goes from hand to hand");
  handed_ = take_queue();
  assert(handed_ != nullptr && "only the holder takes from the queue, and saw it was not empty");
  auto& next = *handed_;
  if (next.state_.exchange(queued::state::leads) != queued::state::asleep) return;
  const std::scoped_lock lock(sleep_);
  awake_.notify_all();
}

void turn::release() {
  for (int groups = 0;; ++groups) {
    assert(taken_.load() && "released once");
    const bool enough = groups >= grouping_.groups_for_others && lockers_.load() == 0;
    if (enough && queue_.load() != nullptr) return hand_over();
    taken_.store(false);
    if (lockers_.load() != 0) {
      // Threads wait for the turn itself: the one that gets it executes the queue when it unlocks.
      const std::scoped_lock lock(sleep_);
      awake_.notify_all();
      return;
    }
    if (queue_.load() == nullptr || !try_take()) return;
    gather(0);
    execute(take_queue(), nullptr);
  }
}

void turn::execute(queued* first, const queued* mine) noexcept {
  if (first == nullptr) return;
  assert(taken_.load() && "groups are executed in the turn");
  execute_(first);
  bool somebody_sleeps = false;
  std::size_t size = 0;
  for (; first != nullptr; ++size) {
    auto* next = first->next_;
    // After this exchange the operation may be gone: its owner returns. Nobody waits for our own.
    if (first != mine) {
      const auto before = first->state_.exchange(queued::state::done);
      assert(before != queued::state::done && "executed once");
      somebody_sleeps |= before == queued::state::asleep;
    }
    first = next;
  }
  writers_ = size + queued_.load(std::memory_order_relaxed);
  if (!somebody_sleeps) return;
  const std::scoped_lock lock(sleep_);
  awake_.notify_all();
}

void turn::wait_until_done(queued& op) {
  const auto is_over = [&] { return op.state_.load() >= queued::state::leads; };
  for (int look = 0; look < looks_before_sleep && !is_over(); ++look) {
    if (look % 16 == 15) std::this_thread::yield();
  }
  auto expected = queued::state::waiting;
  if (op.state_.compare_exchange_strong(expected, queued::state::asleep)) {
    std::unique_lock lock(sleep_);
    awake_.wait(lock, is_over);
  }
  // The turn came with the lead, and operations with it, this one first.
  if (op.state_.load() != queued::state::leads) return;
  auto* const first = std::exchange(handed_, nullptr);
  assert(first == &op && "the operation that waits longest leads");
  lead(first, nullptr);
  assert(op.state_.load() == queued::state::done);
}

void turn::lock() {
  if (lockers_.load() == 0 && try_take()) return;
  std::unique_lock lock(sleep_);
  ++lockers_;
  const auto mine = next_locker_++;
  awake_.wait(lock, [&] { return served_locker_ == mine && try_take(); });
  ++served_locker_;
  --lockers_;
  assert(taken_.load() && served_locker_ <= next_locker_ && lockers_.load() >= 0);
}

void turn::unlock() {
  assert(taken_.load());
  lead(nullptr, nullptr);
}

}  // namespace shelf::engine
