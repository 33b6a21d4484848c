// ENGINE  api -> [engine] -> stores -> journal -> file
// A counter's step, on encoded integers.
#pragma once

#include "shelf/detail/core.hpp"

#include <optional>
#include <string>

namespace shelf::engine {

/// The step applied to the present value (nullopt: the key is missing). Errors: not_found without
/// initial; overflow, if the sum leaves the type's range; type_mismatch, if the value is no integer
/// of 64 bits.
[[nodiscard]] result<detail::wide_integer> step_counter(std::optional<bytes> present,
                                                        const detail::counter_step& step,
                                                        const std::string& label);

}  // namespace shelf::engine
