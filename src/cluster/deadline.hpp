// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// How long a call may take.
#pragma once

#include <chrono>

namespace shelf::cluster {

/// A moment by the steady clock, after which a call no longer waits.
using deadline = std::chrono::steady_clock::time_point;

}  // namespace shelf::cluster
