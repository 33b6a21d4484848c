// API  [api] -> engine -> stores -> journal -> file
// How long calls say how far they are.
#pragma once

#include "shelf/detail/language.hpp"
#include "shelf/function.hpp"

#include <cstdint>

namespace shelf {

/// Receives the progress of a long call from time to time, on the calling thread: `done` of `of`
/// units (bytes, entries or blocks, as the call specifies); `of` is 0 if the total is unknown.
/// Other callers of the same table or file may block while it runs. An exception that it throws
/// ends the call, which then has changed nothing. It must not call the table or file concerned.
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
