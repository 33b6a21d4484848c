// FILE  api -> engine -> stores -> journal -> [file]
// A memory barrier in every thread of the process, made by one of them.
#pragma once

namespace shelf::file {

/// Asks the kernel for barriers of this process (membarrier, private expedited). False where it
/// refuses: before Linux 4.14, or under a filter of system calls.
[[nodiscard]] bool register_thread_barrier() noexcept;
/// Every thread of the process executes a full memory barrier between the call and its return. A
/// few microseconds. False, and no promise, if the kernel refuses.
[[nodiscard]] bool make_thread_barrier() noexcept;

}  // namespace shelf::file
