// API  [api] -> table -> journal -> file
// How long calls say how far they are.
#pragma once

#include "shelf/detail/language.hpp"
#include "shelf/function.hpp"

#include <cstdint>

namespace shelf {

/// Told how far a long call is, now and then, on the thread that called it: how much of how much is
/// done (bytes, entries or blocks, as the call says); `of` 0: nobody knows. Others who
/// want the same table or file may wait for it meanwhile. What it throws ends the call, which has
/// then changed nothing. It must not call the table or file that it is told about.
using progress = function<void(std::uint64_t done, std::uint64_t of)>;

namespace detail {

/// What tells `tell`, which outlives it, of one of several steps, from 0 on, or of `many` that
/// begin with it.
[[nodiscard]] inline progress step_of(const progress& tell, std::uint64_t step, std::uint64_t steps,
                                      std::uint64_t many = 1) {
  if (!tell) return {};
  return [&tell, step, steps, many](std::uint64_t done, std::uint64_t of) {
    tell(step * of + many * (done < of ? done : of), steps * of);
  };
}

}  // namespace detail

}  // namespace shelf
