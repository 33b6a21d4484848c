// DEMO  chapter three: power cuts
// The same on a simulated disk: a workload is recorded, and then every moment is a power cut.
#pragma once

#include "unicode_data.hpp"

#include <cstdint>

namespace demo {

/// Throws broken_promise if a state lacks what was promised or holds anything but a prefix. Returns
/// how many states were visited.
std::uint64_t show_power_cuts(const unicode_data& data);

}  // namespace demo
