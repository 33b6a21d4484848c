// CODEC  api -> [codec] -> term
// Integers of 64 bits, signed or not, added where neither can overflow.
#include "shelf/detail/counter.hpp"

#include <algorithm>

namespace shelf::detail {
namespace {

/// Where a step in one direction may lead.
[[nodiscard]] integer_range bounds_of(const counter_step& step) noexcept {
  auto within = step.range;
  if (step.floor) within.low = std::max<wide_integer>(within.low, *step.floor);
  if (step.ceiling) within.high = std::min<wide_integer>(within.high, *step.ceiling);
  return within;
}

}  // namespace

result<wide_integer> step_counter(std::optional<bytes> present, const counter_step& step,
                                  const std::string& label) {
  wide_integer value = 0;
  if (present) {
    const auto decoded = decode_wide(*present);
    if (!decoded) {
      return std::unexpected(
          error(errc::type_mismatch, label + ": the value is not an integer of 64 bits"));
    }
    value = *decoded;
  } else if (step.initial) {
    value = *step.initial;
  } else {
    return std::unexpected(error(errc::not_found));
  }
  value += step.delta;
  const bool fits = value >= step.range.low && value <= step.range.high;
  if (fits && step.is_plain()) [[likely]]
    return value;
  // As in ets:update_counter, a bound holds against steps towards it: a value that is beyond it
  // already may come back in steps.
  const auto within = bounds_of(step);
  const bool is_above = step.delta > 0 && value > within.high;
  const bool is_below = step.delta < 0 && value < within.low;
  if (is_above || is_below) {
    if (step.beyond == beyond::clamp) return is_above ? within.high : within.low;
    if (step.beyond == beyond::reset) return step.reset_to;
    const bool of_type = is_above ? within.high == step.range.high : within.low == step.range.low;
    return std::unexpected(
        error(errc::overflow, label + (of_type ? ": the counter would overflow its type"
                                               : ": the counter would leave its bounds")));
  }
  if (!fits) {
    return std::unexpected(error(errc::overflow, label + ": the counter would overflow its type"));
  }
  return value;
}

result<> check_bounds(const counter_step& step, const std::string& label) {
  const auto within = bounds_of(step);
  if (within.low > within.high) {
    return std::unexpected(
        error(errc::invalid_argument, label + ": the counter's floor is above its ceiling"));
  }
  if (step.beyond == beyond::reset && (step.reset_to < within.low || step.reset_to > within.high)) {
    return std::unexpected(
        error(errc::invalid_argument, label + ": the counter's reset_to is not within its bounds"));
  }
  return {};
}

}  // namespace shelf::detail
