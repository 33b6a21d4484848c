// FILE  api -> engine -> stores -> journal -> [file]
// A mutex that is handed on in the order in which threads came.
#pragma once

#include <cassert>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace shelf::file {

/// For what is held long and taken again at once: a thread that loops over a std::mutex can keep
/// others from it for seconds, because the one that is woken finds it taken again.
/// Thread safety: as std::mutex.
class fair_mutex {
 public:
  void lock() {
    std::unique_lock inside(mutex_);
    const auto mine = next_++;
    changed_.wait(inside, [&] { return served_ == mine; });
  }
  void unlock() {
    {
      const std::scoped_lock inside(mutex_);
      assert(served_ < next_ && "only who holds it unlocks it");
      ++served_;
    }
    changed_.notify_all();
  }
  /// Threads that hold it or wait for it.
  [[nodiscard]] std::uint64_t queue_length() const {
    const std::scoped_lock inside(mutex_);
    return next_ - served_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t next_ = 0;    // guarded by mutex_: the ticket of the next who comes
  std::uint64_t served_ = 0;  // guarded by mutex_: the ticket of who holds it, or may take it
};

}  // namespace shelf::file
