// API  [api] -> engine -> stores -> journal -> file
// From terms to values: what a type asks of the decoder.
#pragma once

#include "shelf/detail/overlap.hpp"

namespace shelf::detail {

/// Reads one term into `into`, whatever it held before. False: the term does not fit.
template <class T>
[[nodiscard]] bool decode(decoder& in, T& into);

template <class T>
[[nodiscard]] bool decode_integer(decoder& in, T& into) {
  if constexpr (std::is_same_v<T, std::int64_t>) {
    return in.integer(into);
  } else if constexpr (std::is_signed_v<T> || sizeof(T) < 8) {
    std::int64_t wide = 0;
    if (!in.integer(wide)) return false;
    into = static_cast<T>(wide);
    return wide >= integer_low<T> && wide <= static_cast<std::int64_t>(integer_high<T>);
  } else {
    std::uint64_t wide = 0;
    if (!in.natural(wide)) return false;
    into = static_cast<T>(wide);
    return true;
  }
}

template <class T>
[[nodiscard]] bool decode_floating(decoder& in, T& into) {
  double wide = 0;
  if (!in.floating(wide)) return false;
  constexpr double most = static_cast<double>(std::numeric_limits<T>::max());
  if (wide > most || wide < -most) return false;
  into = static_cast<T>(wide);
  return static_cast<double>(into) == wide;
}

template <class T>
[[nodiscard]] bool decode_binary(decoder& in, T& into) {
  bytes content;
  if (!in.binary(content)) return false;
  if constexpr (fixed_array<T>) {
    if (content.size() != into.size()) return false;
    if (!content.empty()) std::memcpy(into.data(), content.data(), content.size());
  } else {
    const auto* first = reinterpret_cast<const typename T::value_type*>(content.data());
    into.assign(first, first + content.size());
  }
  return true;
}

template <class T>
[[nodiscard]] bool decode_time(decoder& in, T& into) {
  constexpr shape s = shape_of<T>();
  std::int64_t nanoseconds = 0;
  if (!in.integer(nanoseconds) || nanoseconds % s.step != 0) return false;
  const std::int64_t ticks = nanoseconds / s.step;
  const bool late = nanoseconds > 0 && static_cast<std::uint64_t>(nanoseconds) > s.high;
  if (nanoseconds < s.low || late) return false;
  into = T(typename T::duration(static_cast<typename T::rep>(ticks)));
  return true;
}

template <class E>
[[nodiscard]] bool decode_named_enum(decoder& in, E& into) {
  std::string_view name;
  if (!in.atom(name)) return false;
  for (const enum_name<E>& entry : enum_names<E>.entries) {
    if (entry.name == name) {
      into = entry.value;
      return true;
    }
  }
  return false;
}

/// Passes over the head of T's record; `fields` becomes the number of fields that follow.
template <class T>
[[nodiscard]] bool decode_record_head(decoder& in, std::size_t& fields) {
  fields = field_count<T>;
  if constexpr (field_count<T> == 0) {
    return in.raw(record_head<T>.atom());
  } else {
    if (in.raw(record_head<T>.data)) return true;
    if (!in.rules().missing_fields) return false;
    if (!in.next_is(term_tag::small_tuple)) {
      fields = 0;
      return in.raw(record_head<T>.atom());
    }
    std::size_t size = 0;
    if (!in.tuple(size) || size < 2 || size > field_count<T> + 1) return false;
    fields = size - 1;
    return in.raw(record_head<T>.atom());
  }
}

template <class T>
[[nodiscard]] bool decode_record(decoder& in, T& into) {
  static_assert(refuse_unless_record<T>());
  std::size_t fields = 0;
  if (!decode_record_head<T>(in, fields)) return false;
  if (field_count<T> > 0 && fields < field_count<T>) into = T{};
  if (fields == 0) return true;
  if (!in.enter()) return false;
  const bool whole = with_fields<field_count<T>>(into, [&in, fields](auto&... field) {
    std::size_t i = 0;
    return ((i++ >= fields || decode(in, field)) && ...);
  });
  in.leave();
  return whole;
}

template <class T, std::size_t... I>
[[nodiscard]] bool decode_tuple(decoder& in, T& into, std::index_sequence<I...>) {
  std::size_t size = 0;
  if (!in.tuple(size) || size != sizeof...(I) || !in.enter()) return false;
  const bool whole = (decode<std::tuple_element_t<I, T>>(in, get<I>(into)) && ...);
  in.leave();
  return whole;
}

/// Makes room for the elements of a list, but never for more bytes than the input has.
template <class T>
void reserve_for(decoder& in, T& into, std::size_t count) {
  if constexpr (requires { into.reserve(count); }) {
    const std::size_t believable = in.left() / sizeof(typename T::value_type) + 16;
    into.reserve(count < believable ? count : believable);
  }
}

template <class T>
[[nodiscard]] bool decode_element(decoder& in, T& into) {
  using element = typename T::value_type;
  if constexpr (category_for<T> == category::set) {
    element made{};
    return decode(in, made) && into.insert(std::move(made)).second;
  } else if constexpr (std::is_same_v<element, bool>) {
    bool made = false;
    if (!decode(in, made)) return false;
    into.emplace_back(made);
    return true;
  } else {
    return decode(in, into.emplace_back());
  }
}

template <class T>
[[nodiscard]] bool decode_range(decoder& in, T& into) {
  into.clear();
  list_head head;
  if (!in.enter() || !in.list(head)) return false;
  if (head.small_integers != nullptr) {
    for (std::size_t i = 0; i < head.count; ++i) {
      const small_integer_term term(head.small_integers[i]);
      decoder one = in.over(term.view());
      if (!decode_element(one, into)) return false;
    }
  } else {
    reserve_for(in, into, head.count);
    for (std::size_t i = 0; i < head.count; ++i) {
      if (!decode_element(in, into)) return false;
    }
    if (head.count > 0 && !in.list_end()) return false;
  }
  in.leave();
  return true;
}

template <class T>
[[nodiscard]] bool decode_map(decoder& in, T& into) {
  into.clear();
  std::size_t count = 0;
  if (!in.enter() || !in.map(count)) return false;
  reserve_for(in, into, count);
  for (std::size_t i = 0; i < count; ++i) {
    typename T::key_type key{};
    typename T::mapped_type mapped{};
    if (!decode(in, key) || !decode(in, mapped)) return false;
    if (!into.emplace(std::move(key), std::move(mapped)).second) return false;
  }
  in.leave();
  return true;
}

template <class T>
[[nodiscard]] bool decode_array(decoder& in, T& into) {
  std::size_t size = 0;
  if (!in.tuple(size) || size != into.size() || !in.enter()) return false;
  for (auto& element : into) {
    if (!decode(in, element)) return false;
  }
  in.leave();
  return true;
}

template <class T>
[[nodiscard]] bool decode_optional(decoder& in, T& into) {
  if (!in.next_is(term_tag::small_tuple)) {
    into.reset();
    return in.atom_is("none");
  }
  if (!in.raw(some_head) || !in.enter() || !decode(in, into.emplace())) return false;
  in.leave();
  return true;
}

template <class T, std::size_t... I>
[[nodiscard]] bool decode_variant(decoder& in, T& into, std::index_sequence<I...>) {
  static_assert(refuse_unless_apart<T>());
  constexpr std::span<const part> parts = shape_of<T>().parts;
  bool whole = false;
  static_cast<void>((
      (leads_to(parts[I].link(), in) && ((whole = decode(in, into.template emplace<I>())), true)) ||
      ...));
  return whole;
}

template <class T>
[[nodiscard]] bool decode_term(decoder& in, T& into) {
  const bytes rest = in.rest();
  if (!in.skip()) return false;
  const bytes whole = rest.first(rest.size() - in.left());
  if (!check_any_term(whole)) return false;
  into = T::from_canonical(whole);
  return true;
}

template <class T>
[[nodiscard]] bool decode_custom(decoder& in, T& into) {
  if constexpr (requires { codec<T>::decode_from(in, into); }) {
    return codec<T>::decode_from(in, into);
  } else {
    stored_of<T> stored{};
    if (!decode(in, stored)) return false;
    auto made = codec<T>::decode(std::move(stored));
    if constexpr (codec_can_refuse<T>) {
      if (!made) return false;
      into = std::move(*made);
    } else {
      into = std::move(made);
    }
    return true;
  }
}

template <class T>
bool decode(decoder& in, T& into) {
  static_assert(refuse_unless_storable<T>());
  constexpr category c = category_for<T>;
  if constexpr (c == category::boolean) return in.boolean(into);
  if constexpr (c == category::integer) return decode_integer(in, into);
  if constexpr (c == category::floating) return decode_floating(in, into);
  if constexpr (c == category::binary) return decode_binary(in, into);
  if constexpr (c == category::list || c == category::set) return decode_range(in, into);
  if constexpr (c == category::map) return decode_map(in, into);
  if constexpr (c == category::tuple) {
    return decode_tuple(in, into, std::make_index_sequence<std::tuple_size_v<T>>{});
  }
  if constexpr (c == category::array) return decode_array(in, into);
  if constexpr (c == category::optional) return decode_optional(in, into);
  if constexpr (c == category::variant) {
    constexpr std::size_t count = shape_of<T>().parts.size();
    return decode_variant(in, into, std::make_index_sequence<count>{});
  }
  if constexpr (c == category::duration) {
    typename T::rep ticks{};
    if (!decode_integer(in, ticks)) return false;
    into = T(ticks);
    return true;
  }
  if constexpr (c == category::time) return decode_time(in, into);
  if constexpr (c == category::number_enum) {
    std::underlying_type_t<T> number{};
    if (!decode_integer(in, number)) return false;
    into = static_cast<T>(number);
    return true;
  }
  if constexpr (c == category::named_enum) return decode_named_enum(in, into);
  if constexpr (c == category::record) return decode_record(in, into);
  if constexpr (c == category::nil) return in.atom_is("nil");
  if constexpr (c == category::term) return decode_term(in, into);
  if constexpr (c == category::custom) return decode_custom(in, into);
}

template <class T>
result<> accept_custom(bytes term, decoding_rules rules) {
  decoder in(term, rules);
  if constexpr (requires { codec<T>::check(in); }) {
    return codec<T>::check(in);
  } else {
    stored_of<T> stored{};
    if (!decode(in, stored) || !in.done()) return std::unexpected(error(errc::type_mismatch));
    auto made = codec<T>::decode(std::move(stored));
    if (!made) return std::unexpected(error(made.error()));
    return {};
  }
}

/// The value that `input` is the encoding of; the whole input. type_mismatch names the place in it.
template <class T>
[[nodiscard]] result<T> decode(bytes input, decoding_rules rules = {}) {
  static_assert(refuse_unless_storable<T>());
  T made{};
  decoder in(input, rules);
  if (!decode(in, made) || !in.done()) {
    return std::unexpected(decoding_error(shape_of<T>(), input, rules));
  }
  return made;
}

}  // namespace shelf::detail
