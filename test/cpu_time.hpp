// What work costs, however busy the machine is: for tests that bound it.
#pragma once

#include <time.h>

#include <chrono>

namespace shelf::test {

/// The CPU time that this process has used so far.
inline std::chrono::nanoseconds cpu_time() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace shelf::test
