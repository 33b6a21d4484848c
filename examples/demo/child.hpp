// DEMO  the child process, seen from the parent
// Started, listened to, killed.
#pragma once

#include "writer.hpp"

#include <sys/types.h>

#include <atomic>
#include <mutex>
#include <thread>

namespace demo {

/// The demo's own program, started anew as a writer. Its acknowledgements are read as they come, so
/// that it never waits for us.
class child {
 public:
  explicit child(orders o);
  ~child();
  child(const child&) = delete;
  child& operator=(const child&) = delete;

  /// The acknowledgement that came last; zeros if none came yet.
  [[nodiscard]] acknowledgement heard() const {
    const std::scoped_lock lock(mutex_);
    return heard_;
  }
  /// True once it has acknowledged something or has ended.
  [[nodiscard]] bool has_begun() const { return begun_.load(); }
  [[nodiscard]] bool has_ended() const { return ended_.load(); }
  /// SIGKILL. Returns when it is dead and all that it acknowledged has been heard; true if the
  /// signal ended it, false if it had come to its end by itself. Throws std::runtime_error if it
  /// had failed.
  [[nodiscard]] bool kill();
  /// Waits until it has come to its end by itself.
  void wait();

 private:
  void listen(int pipe);
  [[nodiscard]] int reap();

  pid_t process_ = -1;
  mutable std::mutex mutex_;
  acknowledgement heard_{};  // guarded by mutex_
  std::atomic<bool> begun_{false};
  std::atomic<bool> ended_{false};
  std::jthread listener_;
};

}  // namespace demo
