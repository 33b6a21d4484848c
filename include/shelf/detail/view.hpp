// API  [api] -> engine -> stores -> journal -> file
// Views of encoded values: text and bytes are shown where they lie, numbers are decoded.
#pragma once

#include "shelf/detail/decode.hpp"

#include <tuple>

namespace shelf::detail {

// ---- the view of a type -------------------------------------------------------------------------

template <class T>
consteval auto view_type();
template <class T>
struct type_of {
  using type = T;
};
/// What a callback sees of a stored T: std::string_view for a string, a span for other byte
/// containers, the like in pairs, tuples and optionals, and T itself, decoded, for all else.
template <class T>
using view_of = typename decltype(view_type<T>())::type;

template <class T>
struct pair_like : std::false_type {};
template <template <class...> class P, class A, class B>
    struct pair_like<P<A, B>> : std::bool_constant < requires(P<A, B>& p) {
  p.first;
  p.second;
}> {
  using view = P<view_of<A>, view_of<B>>;
};
template <class T, class Indices>
struct tuple_view;
template <class T, std::size_t... I>
struct tuple_view<T, std::index_sequence<I...>> {
  using type = std::tuple<view_of<std::tuple_element_t<I, T>>...>;
};
template <class T, class Element>
struct rebound {};
template <template <class...> class C, class T, class Element>
struct rebound<C<T>, Element> {
  using type = C<Element>;
};

template <class T>
concept viewable_codec = requires(view_of<stored_of<T>> seen) { codec<T>::view(seen); };

template <class T>
consteval auto view_type() {
  constexpr category c = category_for<T>;
  if constexpr (c == category::binary) {
    if constexpr (text_like<T>) {
      using character = typename T::value_type;
      return type_of<std::basic_string_view<character>>{};
    } else {
      return type_of<std::span<const typename T::value_type>>{};
    }
  } else if constexpr (c == category::tuple) {
    if constexpr (pair_like<T>::value)
      return type_of<typename pair_like<T>::view>{};
    else
      return tuple_view<T, std::make_index_sequence<std::tuple_size_v<T>>>{};
  } else if constexpr (c == category::optional) {
    return rebound<T, view_of<typename T::value_type>>{};
  } else if constexpr (c == category::custom) {
    if constexpr (viewable_codec<T>) {
      using seen = decltype(codec<T>::view(std::declval<view_of<stored_of<T>>>()));
      return type_of<seen>{};
    } else {
      return type_of<T>{};
    }
  } else {
    return type_of<T>{};
  }
}

// ---- which views fit which types ----------------------------------------------------------------

template <class View, class T>
consteval bool is_view_for();

template <class View>
concept byte_view = contiguous_like<View> && category_for<View> == category::view &&
                    std::is_const_v<std::remove_pointer_t<decltype(std::declval<View&>().data())>>;

template <class... V, class... F>
consteval bool fields_fit(types<V...>, types<F...>) {
  if constexpr (sizeof...(V) != sizeof...(F))
    return false;
  else
    return (is_view_for<V, F>() && ...);
}
template <class View, class T, std::size_t... I>
consteval bool elements_fit(std::index_sequence<I...>) {
  return (is_view_for<std::tuple_element_t<I, View>, std::tuple_element_t<I, T>>() && ...);
}

/// A View can be made of the term of a T: it is T, view_of<T>, a span of std::byte for bytes, or a
/// struct with as many fields, each of which fits the field at its place.
template <class View, class T>
consteval bool is_view_for() {
  if constexpr (std::is_same_v<View, T> || std::is_same_v<View, view_of<T>>) return true;
  constexpr category c = category_for<T>;
  if constexpr (c == category::binary && byte_view<View>) {
    return byte_like<typename View::value_type>;
  } else if constexpr (c == category::record && category_for<View> == category::record) {
    return fields_fit(field_types<View>{}, field_types<T>{});
  } else if constexpr (c == category::optional && category_for<View> == category::optional) {
    return is_view_for<typename View::value_type, typename T::value_type>();
  } else if constexpr (c == category::tuple && category_for<View> == category::tuple) {
    if constexpr (std::tuple_size_v<View> != std::tuple_size_v<T>)
      return false;
    else
      return elements_fit<View, T>(std::make_index_sequence<std::tuple_size_v<T>>{});
  } else {
    return false;
  }
}

// ---- decoding views -----------------------------------------------------------------------------

template <class T, class View>
[[nodiscard]] bool decode_view(decoder& in, View& into);

template <class T, class View, class... F>
[[nodiscard]] bool decode_record_view(decoder& in, View& into, types<F...>) {
  std::size_t fields = 0;
  if (!decode_record_head<T>(in, fields)) return false;
  if (fields == 0) return true;
  if (!in.enter()) return false;
  const bool whole = with_fields<sizeof...(F)>(into, [&in, fields](auto&... field) {
    std::size_t i = 0;
    return ((i++ >= fields || decode_view<F>(in, field)) && ...);
  });
  in.leave();
  return whole;
}

template <class T, class View, std::size_t... I>
[[nodiscard]] bool decode_tuple_view(decoder& in, View& into, std::index_sequence<I...>) {
  std::size_t size = 0;
  if (!in.tuple(size) || size != sizeof...(I) || !in.enter()) return false;
  const bool whole = (decode_view<std::tuple_element_t<I, T>>(in, get<I>(into)) && ...);
  in.leave();
  return whole;
}

template <class T, class View>
[[nodiscard]] bool decode_binary_view(decoder& in, View& into) {
  bytes content;
  if (!in.binary(content)) return false;
  if constexpr (fixed_array<T>) {
    if (content.size() != std::tuple_size_v<T>) return false;
  }
  into = View(reinterpret_cast<const typename View::value_type*>(content.data()), content.size());
  return true;
}

template <class T, class View>
bool decode_view(decoder& in, View& into) {
  constexpr category c = category_for<T>;
  if constexpr (std::is_same_v<T, View>) {
    return decode(in, into);
  } else if constexpr (c == category::binary) {
    return decode_binary_view<T>(in, into);
  } else if constexpr (c == category::record) {
    return decode_record_view<T>(in, into, field_types<T>{});
  } else if constexpr (c == category::optional) {
    if (!in.next_is(term_tag::small_tuple)) {
      into.reset();
      return in.atom_is("none");
    }
    if (!in.raw(some_head) || !in.enter()) return false;
    const bool whole = decode_view<typename T::value_type>(in, into.emplace());
    in.leave();
    return whole;
  } else if constexpr (c == category::tuple) {
    return decode_tuple_view<T>(in, into, std::make_index_sequence<std::tuple_size_v<T>>{});
  } else {
    static_assert(c == category::custom);
    view_of<stored_of<T>> seen{};
    if (!decode_view<stored_of<T>>(in, seen)) return false;
    into = codec<T>::view(seen);
    return true;
  }
}

/// A view of the value that `input` is the encoding of; it shows `input` and dies with it.
template <class View, class T>
[[nodiscard]] result<View> decode_view(bytes input, decoding_rules rules = {}) {
  static_assert(is_view_for<View, T>(),
                "This view does not fit the stored struct: it needs as many fields, in the same "
                "order, each the stored type or its view.");
  View made{};
  decoder in(input, rules);
  if (!decode_view<T>(in, made) || !in.done()) {
    return std::unexpected(decoding_error(shape_of<T>(), input, rules));
  }
  return made;
}

// ---- what must not leave a callback -------------------------------------------------------------

template <class T>
consteval bool is_view_type();

template <class... F>
consteval bool any_is_view(types<F...>) {
  return (is_view_type<F>() || ...);
}
template <class T, std::size_t... I>
consteval bool any_element_is_view(std::index_sequence<I...>) {
  return (is_view_type<std::tuple_element_t<I, T>>() || ...);
}

/// T is, or holds, something that shows memory it does not own: a reference, a pointer, a
/// std::string_view, a span, or a struct, pair, tuple, optional, variant or container of such.
/// A text literal (const char*) counts as a pointer. Classes that hide their members are trusted.
template <class T>
consteval bool is_view_type() {
  if constexpr (std::is_reference_v<T>)
    return true;
  else if constexpr (std::is_void_v<T>)
    return false;
  else {
    using plain = std::remove_cv_t<T>;
    constexpr category c = category_for<plain>;
    if constexpr (c == category::pointer || c == category::view)
      return true;
    else if constexpr (c == category::list || c == category::set || c == category::array ||
                       c == category::optional) {
      return is_view_type<typename plain::value_type>();
    } else if constexpr (c == category::map) {
      return is_view_type<typename plain::key_type>() ||
             is_view_type<typename plain::mapped_type>();
    } else if constexpr (c == category::tuple) {
      return any_element_is_view<plain>(std::make_index_sequence<std::tuple_size_v<plain>>{});
    } else if constexpr (c == category::variant) {
      return any_is_view(typename alternatives_of<plain>::list{});
    } else if constexpr (c == category::record) {
      if constexpr (has_array_field<plain> || has_base_class<plain> ||
                    field_count<plain> > most_fields) {
        return false;
      } else {
        return any_is_view(field_types<plain>{});
      }
    } else {
      return requires(plain& p) {
        typename plain::type;
        &p.get();
      };  // std::reference_wrapper
    }
  }
}

}  // namespace shelf::detail
