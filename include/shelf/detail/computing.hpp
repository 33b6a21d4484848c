// API  [api] -> engine -> stores -> journal -> file
// get_or_compute: what its function may return, and how that becomes a stored value.
#pragma once

#include "shelf/detail/callback.hpp"

#include <chrono>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace shelf::detail {

/// Calls f for a value. not_found, if it returns an empty optional.
template <class V, class F>
[[nodiscard]] result<V> call_for_value(F& f, expiry& until) {
  using returned = std::remove_cvref_t<std::invoke_result_t<F&>>;
  constexpr bool is_plain = std::is_convertible_v<returned, V>;
  constexpr bool is_result = std::is_convertible_v<returned, result<V>>;
  constexpr bool is_kept = std::is_convertible_v<returned, result<kept<V>>>;
  static_assert(
      is_plain || is_result || is_kept || std::is_convertible_v<returned, std::optional<V>>,
      "The function given to get_or_compute must return the value, or shelf::result, std::optional "
      "or shelf::kept of it.");
  if constexpr (is_plain || is_result) {
    return detail::invoke(f);
  } else if constexpr (is_kept) {
    result<kept<V>> made = detail::invoke(f);
    if (!made) return std::unexpected(made.error());
    until = made->until;
    return std::move(made->value);
  } else {
    std::optional<V> made = detail::invoke(f);
    if (!made) return std::unexpected(error(errc::not_found));
    return *std::move(made);
  }
}

/// The value of the key, computed if it is missing. `refuse` puts the table's name in front of an
/// encoder's error.
template <class V, class F, class Refuse>
[[nodiscard]] result<V> get_or_compute(core& of, bytes key, F& f, std::chrono::nanoseconds wait,
                                       const decoding_rules& rules, const encoding_limits& limits,
                                       const Refuse& refuse) {
  const auto make = [&](std::vector<std::byte>& made, expiry& until) -> result<> {
    const callback_scope scope(of);
    const auto computed = call_for_value<V>(f, until);
    if (!computed) return std::unexpected(computed.error());
    encoder v(purpose::value, limits);
    encode(v, *computed);
    if (v.failed()) return std::unexpected(refuse(v.outcome().error()));
    made.assign(v.written().begin(), v.written().end());
    return {};
  };
  V value{};
  const auto done = of.compute(key, wait, make, [&](bytes b) { decode_stored(b, rules, value); });
  if (!done) return std::unexpected(done.error());
  return value;
}

}  // namespace shelf::detail
