// API  [api] -> engine -> stores -> journal -> file
// Calling a user's function from inside a table: what it may return, and that it may not close the
// table.
#pragma once

#include "shelf/codec.hpp"
#include "shelf/detail/core.hpp"
#include "shelf/function.hpp"

#include <cassert>
#include <cstdlib>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

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

/// The same, behind the values that are there already.
template <class T>
void decode_behind(std::vector<T>& values, bytes from, const decoding_rules& rules) {
  if constexpr (std::is_same_v<T, bool>) {
    bool made = false;  // a vector of bool has no place that could be decoded into
    decode_stored(from, rules, made);
    values.push_back(made);
  } else {
    decode_stored(from, rules, values.emplace_back());
  }
}

/// What a lookup has found: all values of a key, where it may have several, or the only one.
template <bool IsBag, class Found>
void decode_found(bytes from, const decoding_rules& rules, Found& into) {
  if constexpr (IsBag)
    decode_behind(into, from, rules);
  else
    decode_stored(from, rules, into);
}

/// Shows f the entries, until it says stop.
template <class Entries, class F>
void show_each(const Entries& entries, F& f) {
  for (const auto& [key, value] : entries) {
    if constexpr (std::is_same_v<decltype(detail::invoke(f, key, value)), walk>) {
      if (detail::invoke(f, key, value) == walk::stop) return;
    } else {
      detail::invoke(f, key, value);
    }
  }
}

template <class T>
struct is_result : std::false_type {};
template <class T>
struct is_result<result<T>> : std::true_type {};

/// Calls f with `value`, as it wants it.
template <class F, class V>
decltype(auto) invoke_on(F& f, V& value) {
  if constexpr (takes_by_reference<F, V>())
    return detail::invoke(f, value);
  else
    return detail::invoke(f, std::move(value));
}

/// What an update returns, of which a new value is made: what is in a result, or itself.
template <class T>
struct payload_of {
  using type = T;
};
template <class T>
struct payload_of<result<T>> {
  using type = T;
};

/// T converts to V, but nobody who returns it means a new value: a bool that says what f did, or a
/// pointer where a bool is stored.
template <class T, class V>
consteval bool converts_by_accident(bool changes_in_place) {
  if constexpr (std::is_same_v<V, bool>) return std::is_pointer_v<T>;
  return std::is_same_v<T, bool> && (changes_in_place || std::is_arithmetic_v<V>);
}

/// Stops the compiler with a sentence if what f returns cannot be meant as the new value.
template <class F, class V, class Returned>
consteval bool refuse_unless_new_value() {
  using payload = typename payload_of<Returned>::type;
  static_assert(std::is_convertible_v<payload, V>,
                "The function given to update must return the new value, or shelf::result of it; "
                "or take the value by reference and return nothing.");
  static_assert(!converts_by_accident<payload, V>(takes_by_reference<F, V>()),
                "The function given to update returns a bool or a pointer, which would become the "
                "new value: return the new value itself, or nothing if it is changed in place.");
  return true;
}

/// Lets f change `value`: in place, or by what it returns. An error that f returns is passed on.
template <class F, class V>
result<> apply_update(F& f, V& value) {
  constexpr bool is_callable = std::is_invocable_v<F&, V&> || std::is_invocable_v<F&, V&&>;
  static_assert(is_callable, "The function given to update must take the table's value type.");
  if constexpr (is_callable) {
    using returned = std::remove_cvref_t<decltype(invoke_on(f, value))>;
    if constexpr (std::is_void_v<returned> || std::is_same_v<returned, result<>>) {
      static_assert(takes_by_reference<F, V>(),
                    "The function given to update changes a copy of the value, which is then lost: "
                    "return the new value, or take it by reference (V&, or auto&).");
      if constexpr (std::is_void_v<returned>) {
        invoke_on(f, value);
      } else {
        return invoke_on(f, value);
      }
    } else if constexpr (is_result<returned>::value) {
      static_assert(refuse_unless_new_value<F, V, returned>());
      auto fresh = invoke_on(f, value);
      if (!fresh) return std::unexpected(fresh.error());
      value = *std::move(fresh);
    } else {
      static_assert(refuse_unless_new_value<F, V, returned>());
      value = invoke_on(f, value);
    }
  }
  return {};
}

}  // namespace detail
}  // namespace shelf
