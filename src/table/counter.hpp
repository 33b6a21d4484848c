// TABLE  api -> [table] -> journal -> file
// A counter's step, on encoded integers.
#pragma once

#include "shelf/detail/core.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace shelf::tables {

/// A counter after its step.
struct stepped_counter {
  std::int64_t as_bits = 0;  ///< of the counter's type: an unsigned value above 2^63-1 wraps here
  std::vector<std::byte> encoded;
};

/// The step applied to the present value (nullopt: the key is missing). Errors: not_found without initial;
/// overflow, if the sum leaves the type's range; type_mismatch, if the value is no integer of 64 bits.
[[nodiscard]] result<stepped_counter> step_counter(std::optional<bytes> present,
                                                   const detail::counter_step& step,
                                                   const std::string& label);

}  // namespace shelf::tables
