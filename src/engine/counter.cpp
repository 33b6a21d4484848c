// ENGINE  api -> [engine] -> stores -> journal -> file
// Integers of 64 bits, signed or not, added where neither can overflow.
#include "engine/counter.hpp"

namespace shelf::engine {

result<detail::wide_integer> step_counter(std::optional<bytes> present,
                                          const detail::counter_step& step,
                                          const std::string& label) {
  detail::wide_integer value = 0;
  if (present) {
    const auto decoded = detail::decode_wide(*present);
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
  if (value < step.range.low || value > step.range.high) {
    return std::unexpected(error(errc::overflow, label + ": the counter would overflow its type"));
  }
  return value;
}

}  // namespace shelf::engine
