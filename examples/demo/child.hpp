// DEMO  the child process, seen from the parent
// It is started, its acknowledgements are read, and it is killed.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace demo {

/// What a child reports after each step, once its writes have returned.
struct acknowledgement {
  std::uint32_t written;   // so far: records of the data, or transfers
  std::uint32_t mistakes;  // reads that did not return what was written; must be 0
  std::uint64_t reads;     // so far, by all its reader threads
};

/// Reports through the pipe. Called by the child.
void acknowledge(int pipe, const acknowledgement& a);

/// The demo's own program, started again. Its acknowledgements are read as they arrive, so it never
/// blocks on the pipe.
class child {
 public:
  /// The words of its command line; it gets the number of the pipe's descriptor as its last one.
  explicit child(std::vector<std::string> words);
  ~child();
  child(const child&) = delete;
  child& operator=(const child&) = delete;

  /// The last acknowledgement; zeros if there was none yet.
  [[nodiscard]] acknowledgement heard() const {
    const std::scoped_lock lock(mutex_);
    return heard_;
  }
  /// True once it has acknowledged something or has ended.
  [[nodiscard]] bool has_begun() const { return begun_.load(); }
  [[nodiscard]] bool has_ended() const { return ended_.load(); }
  /// Sends SIGKILL and waits until the child is dead and all its acknowledgements are read. True if
  /// the signal ended it, false if it had finished before. Throws std::runtime_error if it failed.
  [[nodiscard]] bool kill();
  /// Waits until it has finished.
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
