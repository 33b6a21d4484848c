// API  [api] -> engine -> stores -> journal -> file
// Counters: what a step does where it has nothing to count from, and where it would leave bounds.
#pragma once

#include "shelf/detail/language.hpp"
#include "shelf/expiry.hpp"

#include <cstdint>
#include <optional>

namespace shelf {

/// What a counter does where a step would leave its bounds.
enum class beyond : std::uint8_t {
  refuse,  ///< overflow, and nothing changes
  clamp,   ///< it stops at the bound
  reset,   ///< it becomes reset_to, as in Erlang's ets:update_counter
};

/// Options of update_counter and add.
struct counter_options {
  /// What a missing key counts from; without it a missing key is not_found.
  std::optional<std::int64_t> initial = {};
  /// The lowest value a step down may reach; the lowest of the type if it is not set.
  std::optional<std::int64_t> floor = {};
  /// The highest value a step up may reach; the highest of the type if it is not set.
  std::optional<std::int64_t> ceiling = {};
  /// What happens beyond these bounds.
  shelf::beyond beyond = shelf::beyond::refuse;
  /// The value after a reset; within the bounds.
  std::int64_t reset_to = 0;
  /// When a key that the step creates expires; a counter that is there keeps its deadline.
  shelf::expiry expiry = {};
};

/// One step of update_counters. Made by `shelf::add`.
template <auto Member>
struct member_step {
  /// What is added.
  std::int64_t delta = 1;
  /// How.
  counter_options options = {};
};

/// A step for update_counters: `add<&account::visits>(1)`.
template <auto Member>
[[nodiscard]] constexpr member_step<Member> add(std::int64_t delta = 1,
                                                counter_options options = {}) {
  return {delta, options};
}

}  // namespace shelf
