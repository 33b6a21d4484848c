// API  [api] -> table -> journal -> file
// Calling a user's function from inside a table: what it may return, and that it may not close the
// table.
#pragma once

#include "shelf/codec.hpp"
#include "shelf/detail/core.hpp"

#include <cassert>
#include <cstdlib>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace shelf {

/// What a function given to for_each may return to end the walk.
enum class walk : std::uint8_t { go_on, stop };

namespace detail {

/// Decodes what the table holds. It was encoded by us or checked when it was read, so it fits.
template <class T>
void decode_stored(bytes from, const decoding_rules& rules, T& into) {
  decoder in(from, rules);
  const bool fits = decode(in, into) && in.done();
  assert(fits && "stored entries are checked before they are stored");
  if (!fits) std::abort();
}

template <class T>
struct is_result : std::false_type {};
template <class T>
struct is_result<result<T>> : std::true_type {};

/// Lets f change `value`: in place, or by what it returns. An error that f returns is passed on.
template <class F, class V>
result<> apply_update(F& f, V& value) {
  if constexpr (std::is_invocable_v<F&, V&>) {
    if constexpr (std::is_void_v<std::invoke_result_t<F&, V&>>) {
      std::invoke(f, value);
      return {};
    }
  }
  if constexpr (std::is_invocable_v<F&, V&&> || std::is_invocable_v<F&, V&>) {
    const auto made = [&]() -> decltype(auto) {
      if constexpr (std::is_invocable_v<F&, V&&>)
        return std::invoke(f, std::move(value));
      else
        return std::invoke(f, value);
    };
    using returned = decltype(made());
    if constexpr (is_result<std::remove_cvref_t<returned>>::value) {
      auto fresh = made();
      if (!fresh) return std::unexpected(fresh.error());
      value = *std::move(fresh);
    } else if constexpr (!std::is_void_v<returned>) {
      value = made();
    }
  }
  return {};
}

}  // namespace detail
}  // namespace shelf
