// API  [api] -> engine -> stores -> journal -> file
// Values as terms: what can be stored, and how a type of your own joins.
#pragma once

#include "shelf/detail/decode.hpp"
#include "shelf/detail/encode.hpp"
#include "shelf/detail/key_argument.hpp"
#include "shelf/detail/member.hpp"
#include "shelf/detail/schema.hpp"
#include "shelf/detail/view.hpp"
#include "shelf/detail/wide_integer.hpp"
#include "shelf/tag.hpp"

namespace shelf {

/// How a custom type is stored: as a type that shelf supports. Specialize it for a class whose
/// members are private or do not represent its value directly; a plain struct needs none.
///
///     template <> struct shelf::codec<ipv4> {
///       static std::uint32_t encode(const ipv4& a) { return a.number(); }
///       static ipv4 decode(std::uint32_t number) { return ipv4(number); }
///     };
///
/// `encode` gives any type that can be stored (shelf::term in the general case). `decode` takes it
/// back and returns the type, or shelf::result of it if not every stored value is one of yours:
/// such entries are type_mismatch at open, with your error's sentence. decode(encode(x)) must be x,
/// and equal values must encode alike. Both run on the calling thread and must not touch a table
/// that is being called. Optional members:
/// - `static constexpr std::string_view name`: precedes the stored type in the schema, so that
///   a file of one such type cannot be opened as another of the same stored type.
/// - `static V view(view_of_the_stored_type)`: what callbacks of lookups see; needs no decode.
/// - `static constexpr bool orderable = true`: the order of the stored type is that of the type, so
///   that it may be a key of an ordered_map.
/// The type must be default-constructible, because decoding fills a value in.
template <class T>
struct codec;

namespace detail {

template <class T>
consteval bool is_storable() {
  return category_for<T> < category::not_an_object;
}

template <class K>
consteval bool is_orderable();
template <class... F>
consteval bool all_orderable(types<F...>) {
  return (is_orderable<F>() && ...);
}
template <class K, std::size_t... I>
consteval bool elements_orderable(std::index_sequence<I...>) {
  return (is_orderable<std::tuple_element_t<I, K>>() && ...);
}

/// The term order of K's encodings is the order a reader expects of K.
template <class K>
consteval bool is_orderable() {
  constexpr category c = category_for<K>;
  switch (c) {
    case category::boolean:
    case category::integer:
    case category::floating:
    case category::duration:
    case category::time:
    case category::number_enum:
    case category::nil:
    case category::term: return true;
    default: break;
  }
  if constexpr (c == category::binary) {
    return text_like<K> || !std::is_same_v<typename K::value_type, char>;  // char may be signed
  } else if constexpr (c == category::list || c == category::array || c == category::optional) {
    return is_orderable<typename K::value_type>();
  } else if constexpr (c == category::tuple) {
    return elements_orderable<K>(std::make_index_sequence<std::tuple_size_v<K>>{});
  } else if constexpr (c == category::record) {
    return all_orderable(field_types<K>{});
  } else if constexpr (c == category::custom) {
    if constexpr (requires { requires codec<K>::orderable; })
      return is_orderable<stored_of<K>>();
    else
      return false;
  } else {
    return false;
  }
}

}  // namespace detail

/// T has a row in the table of types (docs/types.md). What it holds is looked at when it is used; a
/// member that cannot be stored stops the compiler with a sentence.
template <class T>
concept storable = detail::is_storable<T>();

/// Keys of an ordered_map: integers, bool, float, text, bytes, optional, chrono, enumerations
/// without names, shelf::term, and pairs, tuples, arrays, vectors and structs of these.
template <class K>
concept orderable_key = storable<K> && detail::is_orderable<K>();

/// Values that update_counter counts: integers, not bool and not character types.
template <class V>
concept counter_value =
    storable<V> && std::is_integral_v<V> && !std::is_same_v<V, bool> &&
    !std::is_same_v<V, char8_t> && !std::is_same_v<V, char16_t> && !std::is_same_v<V, char32_t>;

/// What a lookup takes for a key: K, or a view of it that encodes to the same bytes without a K
/// being built: std::string_view and text literals for std::string, spans for bytes, other integers
/// for integers, pairs, tuples and arrays of such; or anything that converts to K.
template <class A, class K>
concept key_argument = storable<K> && detail::is_key_argument<A, K>();

/// A View that lookup<View>() makes of a stored T: T, its view, or a struct of views, field by
/// field.
template <class View, class T>
concept view_for = storable<T> && detail::is_view_for<View, T>();

/// What callbacks see of a stored T: std::string_view of a std::string, std::span of other bytes,
/// pairs, tuples and optionals of such; everything else decoded.
template <class T>
using view_of = detail::view_of<T>;

namespace detail {

/// Appends the key that `argument` stands for. The encoder should be one for keys.
template <class K, key_argument<K> A>
void encode_key(encoder& out, const A& argument) {
  encode_key_part<K>(out, argument);
}

/// Whether `input` is the canonical encoding of a T; builds no T. type_mismatch names the place.
template <class T>
[[nodiscard]] result<> check(bytes input, decoding_rules rules = {},
                             purpose what = purpose::value) {
  return check_shape(shape_of<T>(), input, rules, what);
}

/// T as in the catalog of a file: "session{user: binary, expires_at: integer}".
template <class T>
[[nodiscard]] std::string schema_of() {
  return schema_text(shape_of<T>());
}

}  // namespace detail
}  // namespace shelf
