// API  [api] -> engine -> stores -> journal -> file
// From values to terms: what a type adds to the encoder.
#pragma once

#include "shelf/detail/overlap.hpp"

namespace shelf::detail {

template <class T>
void encode(encoder& out, const T& value);

/// Appends what a call returned. A temporary is copied even where large values are not, because it
/// is gone before the term is used.
template <class T, class Returned>
void encode_returned(encoder& out, Returned&& value) {
  if constexpr (std::is_same_v<Returned, T&> || std::is_same_v<Returned, const T&>) {
    encode<T>(out, value);
  } else {
    const encoder::copying made_here(out);
    encode<T>(out, value);
  }
}

template <class T>
[[nodiscard]] bytes content_of(const T& text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

template <class T>
void encode_integer(encoder& out, T value) {
  if constexpr (std::is_same_v<T, char32_t>) {
    if (value > 0x10ffff) return out.beyond(false, "a char32_t above 0x10ffff is not a code point");
  }
  if constexpr (std::is_signed_v<T> || sizeof(T) < 8) {
    out.integer(static_cast<std::int64_t>(value));
  } else {
    out.natural(static_cast<std::uint64_t>(value));
  }
}

inline constexpr auto time_beyond =
    "a time before 1677 or after 2262 does not fit 64 bits of nanoseconds";

template <class T>
void encode_time(encoder& out, const T& value) {
  constexpr shape s = shape_of<T>();
  const auto ticks = value.time_since_epoch().count();
  std::int64_t nanoseconds = 0;
  if (__builtin_mul_overflow(ticks, s.step, &nanoseconds)) {
    return out.beyond(ticks < 0, time_beyond);
  }
  out.integer(nanoseconds);
}

template <class E>
void encode_named_enum(encoder& out, E value) {
  for (const enum_name<E>& entry : enum_names<E>.entries) {
    if (entry.value == value) return out.atom(entry.name);
  }
  out.fail({errc::invalid_argument, "a value of an enumeration has no name in enum_names"});
}

template <class T>
void encode_record(encoder& out, const T& value) {
  static_assert(refuse_unless_record<T>());
  if constexpr (field_count<T> == 0) {
    out.raw(record_head<T>.atom());
  } else {
    out.raw(record_head<T>.data);
    out.enter();
    with_fields<field_count<T>>(value, [&out](const auto&... field) { (encode(out, field), ...); });
    out.leave();
  }
}

template <class T, std::size_t... I>
void encode_tuple(encoder& out, const T& value, std::index_sequence<I...>) {
  out.enter_tuple(sizeof...(I));
  (encode_returned<std::tuple_element_t<I, T>>(out, get<I>(value)), ...);
  out.leave();
}

template <class T>
void encode_range(encoder& out, const T& value) {
  const std::size_t start = out.open_list();
  std::size_t count = 0;
  for (auto&& element : value) {
    encode_returned<typename T::value_type>(out, std::forward<decltype(element)>(element));
    if (out.failed()) return;
    ++count;
  }
  if constexpr (category_for<T> == category::set) {
    out.close_set(start, count);
  } else {
    out.close_list(start, count);
  }
}

template <class T>
void encode_map(encoder& out, const T& value) {
  const std::size_t start = out.open_map();
  for (const auto& [key, mapped] : value) {
    encode<typename T::key_type>(out, key);
    encode<typename T::mapped_type>(out, mapped);
    if (out.failed()) return;
  }
  out.close_map(start, value.size());
}

template <class T>
void encode_array(encoder& out, const T& value) {
  out.enter_tuple(value.size());
  for (const auto& element : value) encode<typename T::value_type>(out, element);
  out.leave();
}

template <class T>
void encode_optional(encoder& out, const T& value) {
  if (!value.has_value()) return out.atom("none");
  out.raw(some_head);
  out.enter();
  encode<typename T::value_type>(out, *value);
  out.leave();
}

template <class T, class... A, std::size_t... I>
void encode_variant(encoder& out, const T& value, types<A...>, std::index_sequence<I...>) {
  static_assert(refuse_unless_apart<T>());
  if (value.valueless_by_exception()) {
    return out.fail({errc::invalid_argument, "a variant without a value cannot be stored"});
  }
  ((value.index() == I ? encode<A>(out, *get_if<I>(&value)) : void()), ...);
}

/// Appends the term of `value`.
template <class T>
void encode(encoder& out, const T& value) {
  static_assert(refuse_unless_storable<T>());
  constexpr category c = category_for<T>;
  if constexpr (c == category::boolean) out.boolean(value);
  if constexpr (c == category::integer) encode_integer(out, value);
  if constexpr (c == category::floating) out.floating(static_cast<double>(value));
  if constexpr (c == category::binary) out.binary(content_of(value));
  if constexpr (c == category::list || c == category::set) encode_range(out, value);
  if constexpr (c == category::map) encode_map(out, value);
  if constexpr (c == category::tuple) {
    encode_tuple(out, value, std::make_index_sequence<std::tuple_size_v<T>>{});
  }
  if constexpr (c == category::array) encode_array(out, value);
  if constexpr (c == category::optional) encode_optional(out, value);
  if constexpr (c == category::variant) {
    using alternatives = typename alternatives_of<T>::list;
    constexpr std::size_t count = parts_of_list<alternatives>::view.size();
    encode_variant(out, value, alternatives{}, std::make_index_sequence<count>{});
  }
  if constexpr (c == category::duration) encode_integer(out, value.count());
  if constexpr (c == category::time) encode_time(out, value);
  if constexpr (c == category::number_enum) {
    encode_integer(out, static_cast<std::underlying_type_t<T>>(value));
  }
  if constexpr (c == category::named_enum) encode_named_enum(out, value);
  if constexpr (c == category::record) encode_record(out, value);
  if constexpr (c == category::nil) out.atom("nil");
  if constexpr (c == category::term) out.term(value.encoded());
  if constexpr (c == category::custom) {
    if constexpr (requires { codec<T>::encode_into(out, value); }) {
      codec<T>::encode_into(out, value);
    } else {
      encode_returned<stored_of<T>>(out, codec<T>::encode(value));
    }
  }
}

}  // namespace shelf::detail
