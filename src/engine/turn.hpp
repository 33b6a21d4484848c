// ENGINE  api -> [engine] -> stores -> journal -> file
// The writers' turn: one at a time changes the table; who must wait hands its operation to whoever
// has the turn.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

namespace shelf::engine {

/// Something a writer wants done in a turn. Lives on the writer's stack until it is done.
class queued {
 public:
  /// The next of its group, in the order of execution.
  [[nodiscard]] queued* next() const noexcept { return next_; }

 protected:
  queued() = default;
  ~queued() = default;
  /// It was executed, and may be submitted once more.
  void start_over() noexcept {
    next_ = nullptr;
    state_.store(state::waiting, std::memory_order_relaxed);
  }

 private:
  friend class turn;
  enum class state : std::uint8_t { waiting, asleep, leads, done };
  queued* next_ = nullptr;
  std::atomic<state> state_{state::waiting};
};

/// Orders writers. A lone writer takes the turn with one atomic exchange; under contention the
/// holder leads: it executes the operations of those who wait, in the order they came, as one
/// group. After some groups it hands the lead to one of those who wait, so that nobody works for
/// others for ever.
///
/// Thread safety: all calls from any thread. Holding the turn is exclusive.
class turn {
 public:
  /// Executes a list of operations in order; called only by the thread that holds the turn. Must
  /// not throw: an operation carries its own outcome.
  using group_function = std::function<void(queued* first)>;

  explicit turn(group_function execute) : execute_(std::move(execute)) {}

  /// Returns when `op` has been executed, by this thread or by another that had the turn.
  void submit(queued& op);

  /// How groups form. For the holder of the turn.
  struct grouping {
    /// Groups led for others before the lead is handed on.
    int groups_for_others = 32;
    /// How long a leader waits at most for as many writers as there were last time.
    std::chrono::nanoseconds window{0};
  };
  void set_grouping(grouping g) noexcept { grouping_ = g; }

  /// Takes the turn for something that is not an operation; waits for whoever has it and for those
  /// who came before with lock(), not for the queue.
  void lock();
  /// Executes what queued up meanwhile, then gives the turn up.
  void unlock();
  /// Threads that wait inside lock().
  [[nodiscard]] int lockers() const noexcept { return lockers_.load(); }

 private:
  [[nodiscard]] bool try_take() noexcept;
  void lead(queued* first, queued* mine);
  void hand_over() noexcept;
  void gather(std::size_t have) const noexcept;
  void release();
  void push(queued& op) noexcept;
  [[nodiscard]] queued* take_queue() noexcept;
  void execute(queued* first, const queued* mine) noexcept;
  void wait_until_done(queued& op);

  const group_function execute_;  ///< called by the holder alone

  // Any thread writes and reads these.
  std::atomic<bool> taken_{false};       ///< somebody holds the turn
  std::atomic<queued*> queue_{nullptr};  ///< newest first; any thread pushes, the holder takes all
  std::atomic<std::size_t> queued_{0};   ///< length of the queue, now and then one behind
  std::atomic<int> lockers_{0};          ///< threads inside lock() that wait; nobody overtakes them

  // Guarded by the turn. Whoever hands the lead on writes handed_, whoever takes it over reads it:
  // the exchange of the operation's state comes in between.
  grouping grouping_;
  std::size_t writers_ = 0;   ///< in the last group and behind it
  queued* handed_ = nullptr;  ///< operations that came with the lead; null but for that moment

  std::mutex sleep_;                 ///< held for moments only, never while a group is executed
  std::uint64_t next_locker_ = 0;    ///< guarded by sleep_, as is the next
  std::uint64_t served_locker_ = 0;  ///< whose turn it is among those that wait
  std::condition_variable awake_;    ///< an operation is done, or the turn is free
};

}  // namespace shelf::engine
