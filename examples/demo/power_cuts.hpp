// DEMO  chapter three: power cuts
// Records a workload on a simulated disk, then cuts the power at every moment of it.
#pragma once

#include "unicode_data.hpp"

#include <cstdint>

namespace demo {

/// Returns the number of states visited. Throws broken_promise if one lacks a promised write or
/// does not hold a prefix.
std::uint64_t show_power_cuts(const unicode_data& data);

}  // namespace demo
