// API  [api] -> engine -> stores -> journal -> file
// What an aggregate is made of: how many fields, their types, their names.
#pragma once

#include "shelf/detail/tie.hpp"
#include "shelf/detail/type_name.hpp"
#include "shelf/tag.hpp"

#include <memory>
#include <type_traits>
#include <utility>

namespace shelf::detail {

/// Converts to whatever a field wants. Never defined: only asked whether it would do.
struct any_value {
  template <class T>
  operator T() const noexcept;
};
template <std::size_t>
using any_value_at = any_value;

/// Converts to a base class of T only.
template <class T>
struct any_base {
  template <class Base>
    requires(std::is_base_of_v<Base, T> && !std::is_same_v<Base, T>)
  operator Base() const noexcept;
};

template <class T, std::size_t... I>
consteval bool takes_values(std::index_sequence<I...>) {
  return requires { T{any_value_at<I>{}...}; };
}

// In parentheses a C array does not share out the values that follow, so it cannot hide.
template <class T, std::size_t... I>
consteval bool takes_values_one_a_field(std::index_sequence<I...>) {
  return requires { T(any_value_at<I>{}...); };
}
template <class T, std::size_t N = 0>
consteval std::size_t count_values() {
  if constexpr (N <= most_fields && takes_values<T>(std::make_index_sequence<N + 1>{})) {
    return count_values<T, N + 1>();
  } else {
    return N;
  }
}

/// The number of fields of an aggregate; too large if has_array_field.
template <class T>
inline constexpr std::size_t field_count = [] {
  if constexpr (member_count<T> > 0)
    return member_count<T>;
  else
    return count_values<T>();
}();

template <class T>
inline constexpr bool has_array_field =
    member_count<T> == 0 && field_count<T> > 1 &&
    !takes_values_one_a_field<T>(std::make_index_sequence<field_count<T>>{});

template <class T>
inline constexpr bool has_base_class = requires { T{any_base<T>{}}; };

template <class... F>
struct types {};

/// The types of the fields of T, as types<...>.
template <class T>
using field_types = decltype(with_fields<field_count<T>>(
    std::declval<T&>(), []<class... F>(F&...) { return types<F...>{}; }));

template <class T>
inline constexpr bool has_bit_field = std::is_void_v<field_types<T>>;

template <std::size_t I, class List>
struct type_at_impl;
template <std::size_t I, class First, class... Rest>
struct type_at_impl<I, types<First, Rest...>> : type_at_impl<I - 1, types<Rest...>> {};
template <class First, class... Rest>
struct type_at_impl<0, types<First, Rest...>> {
  using type = First;
};
template <std::size_t I, class List>
using type_at = typename type_at_impl<I, List>::type;

// A specimen is declared and never defined: the addresses of its fields are constants, and a
// template that takes such a constant has the field's name in its own.
template <class T>
struct specimen_of {
  T value;
};
template <class P>
struct pointed {
  P pointer;
};

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
#endif

template <class T>
extern const specimen_of<T> specimen;

template <std::size_t I, class First, class... Rest>
constexpr auto address_at(First& first, Rest&... rest) noexcept {
  if constexpr (I == 0) {
    return pointed<First*>{std::addressof(first)};
  } else {
    return address_at<I - 1>(rest...);
  }
}

template <class T, std::size_t I>
constexpr auto field_address() noexcept {
  return with_fields<field_count<T>>(specimen<T>.value,
                                     [](auto&... field) { return address_at<I>(field...); });
}

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

/// The name of field I of T as its declaration spells it.
template <class T, std::size_t I>
inline constexpr std::string_view field_name = pointed_name<field_address<T, I>()>();

/// A name as a template argument, which compilers print.
template <std::size_t N>
struct spelled_name {
  char text[N]{};

  explicit consteval spelled_name(std::string_view name) {
    for (std::size_t i = 0; i < name.size(); ++i) text[i] = name[i];
  }
};
template <class T, std::size_t I>
inline constexpr auto spelled_field = spelled_name<field_name<T, I>.size() + 1>(field_name<T, I>);

/// The place of the field called `name` among the fields of T; field_count<T> if there is none.
template <class T>
consteval std::size_t field_index(std::string_view name) {
  return [name]<std::size_t... I>(std::index_sequence<I...>) {
    std::size_t found = field_count<T>;
    ((field_name<T, I> == name ? (void)(found = I) : void()), ...);
    return found;
  }(std::make_index_sequence<field_count<T>>{});
}

}  // namespace shelf::detail
