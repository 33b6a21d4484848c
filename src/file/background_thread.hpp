// FILE  api -> engine -> stores -> journal -> [file]
// Threads that take no signals: the process's housekeeping, and help with long work.
#pragma once

#include <pthread.h>

namespace shelf::file {

/// Runs `body(context)` in a new detached thread that no signal is sent to; those that its own
/// instructions cause reach their handlers. False if the system has
/// no thread left.
[[nodiscard]] bool start_background_thread(void (*body)(void*), void* context) noexcept;

/// Such a thread that its owner waits for. If the system has none left, `body` does not run.
class background_help {
 public:
  background_help(void (*body)(void*), void* context) noexcept;
  background_help(const background_help&) = delete;
  background_help& operator=(const background_help&) = delete;
  /// Waits until `body` has returned.
  ~background_help();

 private:
  pthread_t thread_{};
  bool is_started_ = false;
};

}  // namespace shelf::file
