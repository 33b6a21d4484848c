// ENGINE  api -> [engine] -> stores -> journal -> file
// The one background thread of the process: periodic syncs, saves and compactions of all open
// tables, and the freeing of what their readers have left.
#pragma once

#include "file/system.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>

namespace shelf::engine {

/// Something with work to do now and then.
class chore {
 public:
  virtual ~chore() = default;
  /// Does what is due; returns how long until the next call. Must not throw.
  [[nodiscard]] virtual std::chrono::nanoseconds work() noexcept = 0;
};

/// Runs chores on one detached thread, started with the first chore. It also destroys what waits
/// for its readers to leave (epoch::collect, collect_values). A forked child gets a housekeeper of
/// its own.
/// Thread safety: all calls from any thread.
class housekeeper {
 public:
  using time = std::chrono::steady_clock::time_point;
  struct item {
    std::weak_ptr<chore> what;
    time due;
  };
  /// Room for one chore, made before there is anything that a lack of memory could spoil.
  using place = std::list<item>;

  [[nodiscard]] static housekeeper& instance();

  /// Throws std::bad_alloc.
  [[nodiscard]] static place room_for(const std::shared_ptr<chore>& c) { return {item{c, {}}}; }
  /// Keeps the chore until it dies. Its first call comes after `first`.
  void add(place&& room, std::chrono::nanoseconds first) noexcept;
  /// The next call of a chore that was added comes after `pause`, unless it comes before.
  void call(const std::weak_ptr<chore>& c, std::chrono::nanoseconds pause) noexcept;
  /// Something waits for its readers to leave: looks after it until nothing does.
  void look_after_readers() noexcept;

  /// What work() returns where nothing is due until somebody says so with call().
  static constexpr std::chrono::nanoseconds idle = std::chrono::hours(1000);

 private:
  housekeeper() = default;
  void run();
  void start() noexcept;
  [[nodiscard]] std::shared_ptr<chore> wait_for_due();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<item> items_;  ///< guarded by mutex_, as is the next; the thread sleeps on the earliest
  bool started_ = false;
  const file::process_stamp process_;
};

}  // namespace shelf::engine
