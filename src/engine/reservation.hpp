// ENGINE  api -> [engine] -> stores -> journal -> file
// Tables kept free for a transaction that met others too often.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace shelf::engine {

class live_table;

/// One transaction at a time has some tables to itself for a while: other writes to them wait,
/// asleep and without the turn. The only place where writers wait for code of the user, and for a
/// lease at most.
///
/// Thread safety: all calls from any thread.
class reservation {
 public:
  static constexpr std::chrono::milliseconds lease{20};

  /// Holds the tables until it ends, or the lease does. Waits for the one before it.
  class hold {
   public:
    hold(reservation& in, std::vector<live_table*> tables);
    hold(const hold&) = delete;
    hold& operator=(const hold&) = delete;
    ~hold();

   private:
    reservation& in_;
  };

  /// Somebody holds tables; a look that costs next to nothing.
  [[nodiscard]] bool is_held() const noexcept { return is_held_.load(std::memory_order_relaxed); }
  /// Returns when nobody else holds any of the tables any more.
  void wait_for(std::span<live_table* const> tables);

 private:
  using clock = std::chrono::steady_clock;
  [[nodiscard]] bool holds_any(std::span<live_table* const> tables) const noexcept;

  std::atomic<bool> is_held_{false};
  std::mutex mutex_;
  std::condition_variable ended_;
  std::vector<live_table*> tables_;  // guarded by mutex_: that are held
  clock::time_point until_;          // guarded by mutex_
  std::thread::id holder_;           // guarded by mutex_
};

}  // namespace shelf::engine
