// FILE  api -> engine -> stores -> journal -> [file]
// A detached thread that takes no signals, for the process's housekeeping.
#pragma once

namespace shelf::file {

/// Runs `body(context)` in a new detached thread that no signal is sent to; those that its own
/// instructions cause reach their handlers. False if the system has
/// no thread left.
[[nodiscard]] bool start_background_thread(void (*body)(void*), void* context) noexcept;

}  // namespace shelf::file
