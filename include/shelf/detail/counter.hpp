// API  [api] -> engine -> stores -> journal -> file
// A counter's step, on encoded integers.
#pragma once

#include "shelf/counter.hpp"
#include "shelf/detail/wide_integer.hpp"
#include "shelf/error.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace shelf::detail {

/// A step of a counter.
struct counter_step {
  std::int64_t delta = 1;
  std::optional<std::int64_t> initial = {};  ///< what a missing key counts from
  integer_range range = range_of<std::int64_t>;
  std::optional<std::int64_t> floor = {};    ///< asked of steps down
  std::optional<std::int64_t> ceiling = {};  ///< asked of steps up
  shelf::beyond beyond = shelf::beyond::refuse;
  std::int64_t reset_to = 0;
  shelf::expiry created = {};  ///< of a missing key

  [[nodiscard]] bool is_plain() const noexcept {
    return !floor && !ceiling && beyond == shelf::beyond::refuse;
  }
};

/// The step applied to the present value (nullopt: the key is missing). Errors: not_found without
/// initial; overflow, if the sum leaves the type's range or the step's bounds, and the step refuses
/// that; type_mismatch, if the value is no integer of 64 bits.
[[nodiscard]] result<wide_integer> step_counter(std::optional<bytes> present,
                                                const counter_step& step, const std::string& label);

/// The step that the options describe.
[[nodiscard]] inline counter_step step_of(std::int64_t delta, const counter_options& options,
                                          const integer_range& range) noexcept {
  return {delta,          options.initial,  range,         options.floor, options.ceiling,
          options.beyond, options.reset_to, options.expiry};
}
/// invalid_argument, if the bounds of a step that is not plain contradict each other or the type.
[[nodiscard]] result<> check_bounds(const counter_step& step, const std::string& label);

}  // namespace shelf::detail
