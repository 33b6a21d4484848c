// API  [api] -> engine -> stores -> journal -> file
// The untyped half of published values: replacing one, waiting for the next, and finding by name.
#pragma once

#include "shelf/detail/clock.hpp"
#include "shelf/detail/function_ref.hpp"
#include "shelf/detail/reader_slot.hpp"

#include <string_view>

namespace shelf::detail {

/// A value that is or was current. It ends by retired::destroy.
struct published_value : retired {
  std::uint64_t version = 1;
};

/// Where the current value is.
using published_place = std::atomic<published_value*>;

/// Makes `fresh` the current value, with the next version, if that still is `expected`, which the
/// caller may look at. The caller then lets go of the old one.
[[nodiscard]] bool replace_if(published_place& place, published_value& expected,
                              published_value& fresh) noexcept;
/// Makes `fresh` the current value; returns the old one, for the caller to let go of. Throws
/// std::bad_alloc, with nothing changed.
[[nodiscard]] published_value& replace(published_place& place, published_value& fresh);
/// Wakes who waits for the place to change, and destroys the old value once its readers have left.
/// Not while this thread looks at values, or that is left to the background thread.
void let_go_of(const published_place& place, published_value& old) noexcept;

/// Returns when the version is no longer `seen`, or after `timeout`; whether it has changed. Throws
/// std::bad_alloc.
[[nodiscard]] bool wait_for_change(const published_place& place, std::uint64_t seen,
                                   std::chrono::nanoseconds timeout);

/// What is registered for the process under this type and name; made by `make` if there is nothing
/// yet. Two threads may both make one: `destroy` ends the one that comes too late. The type is the
/// address of something that each type has one of. Throws std::bad_alloc, and what `make` throws.
[[nodiscard]] void* find_published(const void* type, std::string_view name,
                                   function_ref<void*()> make, void (*destroy)(void*) noexcept);

}  // namespace shelf::detail
