// API  [api] -> engine -> stores -> journal -> file
// What may stand for a key in a call: the key, or a cheaper view that encodes to the same bytes.
#pragma once

#include "shelf/detail/encode.hpp"
#include "shelf/detail/wide_integer.hpp"

namespace shelf::detail {

/// int, char32_t and the like, but not bool and not char.
template <class T>
concept plain_integer = std::is_integral_v<T> && category_for<T> == category::integer;

/// Text: a std::string_view may be made of A without a copy.
template <class A>
concept text_argument = requires(const A& a) { std::string_view(a); } &&
                        !std::is_same_v<std::remove_cvref_t<A>, std::nullptr_t>;

/// The element type of a byte container K also makes up A: a span, a vector, an array of it.
template <class A, class K>
concept byte_argument = requires(const A& a) {
  a.data();
  a.size();
  requires std::is_same_v<std::remove_cvref_t<decltype(*a.data())>, typename K::value_type> ||
               std::is_same_v<std::remove_cvref_t<decltype(*a.data())>, std::byte>;
};

/// The bytes of a binary key K are at hand in A: a K, a text, bytes.
template <class A, class K>
concept content_argument =
    category_for<K> == category::binary &&
    (std::is_same_v<A, K> ||
     (text_like<K> && text_argument<A> && std::is_same_v<typename K::value_type, char>) ||
     byte_argument<A, K>);

template <class A, class K>
consteval bool is_key_argument();

template <class A, class K, std::size_t... I>
consteval bool are_key_arguments(std::index_sequence<I...>) {
  return (is_key_argument<std::tuple_element_t<I, A>, std::tuple_element_t<I, K>>() && ...);
}

template <class A>
concept tuple_argument = requires { std::tuple_size<A>::value; };

/// A may be looked up among keys K: it is K, a view of K, another integer for an integer, a pair or
/// tuple or array of such, or it converts to K.
template <class A, class K>
consteval bool is_key_argument() {
  using argument = std::remove_cvref_t<A>;
  if constexpr (std::is_same_v<argument, K>) return true;
  constexpr category c = category_for<K>;
  if constexpr (c == category::integer && std::is_arithmetic_v<argument>) {
    return plain_integer<argument>;
  } else if constexpr (c == category::boolean) {
    return false;  // a pointer or a number that happens to convert is a mistake
  } else if constexpr (c == category::floating) {
    return std::is_floating_point_v<argument> || plain_integer<argument>;
  } else if constexpr (text_like<K> && text_argument<argument>) {
    return std::is_same_v<typename K::value_type, char>;
  } else if constexpr (content_argument<argument, K>) {
    return true;
  } else if constexpr ((c == category::tuple || c == category::array) && tuple_argument<argument>) {
    if constexpr (std::tuple_size_v<argument> != std::tuple_size_v<K>)
      return false;
    else
      return are_key_arguments<argument, K>(std::make_index_sequence<std::tuple_size_v<K>>{});
  } else {
    return std::is_convertible_v<const argument&, K>;
  }
}

template <class K, content_argument<K> A>
[[nodiscard]] bytes key_content(const A& argument) noexcept {
  if constexpr (text_like<K> && text_argument<A>)
    return as_bytes(std::string_view(argument));
  else
    return content_of(argument);
}

/// Keys of a fixed length have that length.
template <class K>
[[nodiscard]] bool has_key_size([[maybe_unused]] bytes content) noexcept {
  if constexpr (fixed_array<K>)
    return content.size() == std::tuple_size_v<K>;
  else
    return true;
}

template <class K, class A>
void encode_key_part(encoder& out, const A& argument);

template <class K, class A, std::size_t... I>
void encode_key_tuple(encoder& out, const A& argument, std::index_sequence<I...>) {
  out.enter_tuple(sizeof...(I));
  (encode_key_part<std::tuple_element_t<I, K>>(out, get<I>(argument)), ...);
  out.leave();
}

/// An integer of one type as a key of another: one that K cannot hold is beyond its keys.
template <class K, class A>
void encode_integer_key(encoder& out, A argument) {
  bool below = false;
  if constexpr (std::is_signed_v<A>) {
    below = argument < 0 && static_cast<std::int64_t>(argument) < integer_low<K>;
  }
  const bool above = argument > A{} && static_cast<std::uint64_t>(argument) > integer_high<K>;
  if (below || above) return out.beyond(below, "the number is out of range for the keys' type");
  encode_integer(out, argument);
}

/// A number of a wider type as a floating key: the nearest, or an infinity beyond the last.
template <class K, class A>
[[nodiscard]] K floating_key(A argument) noexcept {
  if constexpr (std::is_floating_point_v<A> && sizeof(A) > sizeof(K)) {
    constexpr A most = std::numeric_limits<K>::max();
    if (argument > most) return std::numeric_limits<K>::infinity();
    if (argument < -most) return -std::numeric_limits<K>::infinity();
  }
  return static_cast<K>(argument);
}

/// A duration or time point of another unit, which converts to K without loss wherever K can hold
/// it: counted in 128 bits, because the conversion itself would overflow.
template <class K, class A>
void encode_tick_key(encoder& out, const A& argument) {
  using unit = typename K::period;
  using given = typename A::period;
  constexpr shape s = shape_of<K>();
  constexpr wide_integer factor =
      wide_integer{given::num / unit::num} * (unit::den / given::den) * s.step;
  wide_integer count = 0;
  if constexpr (time_like<A>)
    count = argument.time_since_epoch().count();
  else
    count = argument.count();
  wide_integer ticks = 0;
  if (__builtin_mul_overflow(count, factor, &ticks) || ticks < s.low ||
      ticks > wide_integer{s.high}) {
    return out.beyond(count < 0, "the time is out of range for the keys' type");
  }
  ticks < 0 ? out.integer(static_cast<std::int64_t>(ticks))
            : out.natural(static_cast<std::uint64_t>(ticks));
}

/// An optional as one of another type, or what stands for its content.
template <class K, class A>
void encode_optional_key(encoder& out, const A& argument) {
  using content = typename K::value_type;
  if constexpr (optional_like<A>) {
    if (!argument.has_value()) return out.atom("none");
    out.raw(some_head);
    out.enter();
    encode_key_part<content>(out, *argument);
    out.leave();
  } else {
    out.raw(some_head);
    out.enter();
    encode_key_part<content>(out, argument);
    out.leave();
  }
}

template <class A, class K>
consteval bool stands_for_content() {
  if constexpr (category_for<K> != category::optional) {
    return false;
  } else if constexpr (category_for<typename K::value_type> == category::optional) {
    return false;  // which of the two is meant, the conversion knows
  } else if constexpr (optional_like<A>) {
    return is_key_argument<typename A::value_type, typename K::value_type>();
  } else {
    return is_key_argument<A, typename K::value_type>();
  }
}

/// Another unit of the same kind of time, counted in integers.
template <class A, class K>
concept other_unit = ((duration_like<K> && duration_like<A>) || (time_like<K> && time_like<A>)) &&
                     std::is_integral_v<typename A::rep> && sizeof(typename A::rep) <= 8;

template <class K, class A>
void encode_key_part(encoder& out, const A& argument) {
  constexpr category c = category_for<K>;
  if constexpr (std::is_same_v<A, K>) {
    encode(out, argument);
  } else if constexpr (c == category::integer) {
    if constexpr (std::is_arithmetic_v<A>)
      encode_integer_key<K>(out, argument);
    else
      encode<K>(out, argument);
  } else if constexpr (c == category::floating) {
    encode<K>(out, floating_key<K>(argument));
  } else if constexpr (content_argument<A, K>) {
    const bytes content = key_content<K>(argument);
    if (!has_key_size<K>(content) && !out.is_bound()) {
      return out.fail({errc::invalid_argument, "the number of bytes is not that of a key"});
    }
    out.binary(content);
  } else if constexpr (other_unit<A, K>) {
    encode_tick_key<K>(out, argument);
  } else if constexpr (stands_for_content<A, K>()) {
    encode_optional_key<K>(out, argument);
  } else if constexpr ((c == category::tuple || c == category::array) && tuple_argument<A>) {
    encode_key_tuple<K>(out, argument, std::make_index_sequence<std::tuple_size_v<K>>{});
  } else {
    const K key = argument;
    encode(out, key);
  }
}

}  // namespace shelf::detail
