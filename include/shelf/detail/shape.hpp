// API  [api] -> engine -> stores -> journal -> file
// What the terms of a C++ type look like, as data: one description for check, schema and variants.
#pragma once

#include "shelf/detail/category.hpp"
#include "shelf/detail/decoder.hpp"

#include <limits>
#include <optional>
#include <span>

namespace shelf::detail {

enum class form : std::uint8_t {
  boolean,
  integer,
  floating,
  binary,
  list,
  set,
  map,
  tuple,
  array,
  optional,
  variant,
  names,
  record,
  nil,
  term,
  custom,
};

struct shape;

/// A component: an element, a field, an alternative; or, of an enumeration, just a name. The shape
/// is behind a function so that a type may hold itself (in a vector).
struct part {
  std::string_view name;
  const shape& (*link)() noexcept = nullptr;
};

inline constexpr std::size_t any_size = static_cast<std::size_t>(-1);

struct shape {
  form what = form::nil;
  std::string_view name{};  ///< record: its tag; custom: its name, if it has one
  std::span<const part> parts{};
  std::int64_t low = 0;  ///< integer: bounds
  std::uint64_t high = 0;
  std::int64_t step = 1;             ///< integer: it must be a multiple of this
  std::intmax_t unit_numerator = 0;  ///< duration and time: seconds a tick; 0: no unit
  std::intmax_t unit_denominator = 1;
  bool since_1970 = false;      ///< integer: a time, not a duration
  bool single = false;          ///< floating: a float, not a double
  std::size_t size = any_size;  ///< binary: its bytes; array: its elements
  result<> (*accept)(bytes term, decoding_rules rules) = nullptr;  ///< custom: codec<T>::decode
};

// ---- tags -------------------------------------------------------------------------------------

template <class T>
inline constexpr fixed_text default_tag = snake_case(type_name<T>());

[[nodiscard]] constexpr bool is_atom_name(std::string_view name) noexcept {
  for (const char c : name) {
    if (c == '\'' || c == '\\' || static_cast<unsigned char>(c) < 0x20) return false;
  }
  return name.size() <= 255;
}

/// The tag of a struct's record.
template <class T>
consteval std::string_view tag_of() {
  if constexpr (!tag<T>.empty()) {
    static_assert(is_atom_name(tag<T>),
                  "A tag has at most 255 bytes, and no quote, backslash or control character.");
    return tag<T>;
  } else {
    return default_tag<T>.view();
  }
}

/// The bytes before the fields of a record: the head of a tuple and the tag in it.
template <class T>
struct record_head_bytes {
  static constexpr std::string_view name = tag_of<T>();
  static constexpr std::size_t size = 4 + name.size();
  std::byte data[size]{};

  consteval record_head_bytes() {
    data[0] = byte_of(term_tag::small_tuple);
    data[1] = static_cast<std::byte>(field_count<T> + 1);
    data[2] = byte_of(term_tag::small_atom_utf8);
    data[3] = static_cast<std::byte>(name.size());
    for (std::size_t i = 0; i < name.size(); ++i) data[4 + i] = static_cast<std::byte>(name[i]);
  }
  /// Without the head of the tuple: what a struct without fields is.
  [[nodiscard]] constexpr bytes atom() const noexcept { return bytes(data).subspan(2); }
};
template <class T>
inline constexpr record_head_bytes<T> record_head{};

/// {some, ...: the head of an optional that has a value.
inline constexpr std::byte some_head[]{byte_of(term_tag::small_tuple),
                                       std::byte{2},
                                       byte_of(term_tag::small_atom_utf8),
                                       std::byte{4},
                                       std::byte{'s'},
                                       std::byte{'o'},
                                       std::byte{'m'},
                                       std::byte{'e'}};

// ---- shapes -----------------------------------------------------------------------------------

template <class T>
struct shape_data;

template <class T>
constexpr const shape& shape_of() noexcept {
  return shape_data<T>::value;
}

template <class... T>
struct part_list {
  static constexpr part items[sizeof...(T) + 1]{{{}, &shape_of<T>}..., {}};
  static constexpr std::span<const part> view{items, sizeof...(T)};
};
template <class List>
struct parts_of_list;
template <class... T>
struct parts_of_list<types<T...>> : part_list<T...> {};

template <std::size_t N>
struct part_array {
  part items[N + 1]{};
  [[nodiscard]] constexpr std::span<const part> view() const noexcept { return {items, N}; }
};
template <class T, class... F, std::size_t... I>
consteval part_array<sizeof...(F)> make_field_parts(types<F...>, std::index_sequence<I...>) {
  return {{part{field_name<T, I>, &shape_of<F>}...}};
}
template <class T>
inline constexpr part_array<field_count<T>> field_parts =
    make_field_parts<T>(field_types<T>{}, std::make_index_sequence<field_count<T>>{});

template <class T, class Indices>
struct tuple_parts;
template <class T, std::size_t... I>
struct tuple_parts<T, std::index_sequence<I...>> : part_list<std::tuple_element_t<I, T>...> {};

template <class E>
struct name_parts {
  static constexpr std::size_t count = std::size(enum_names<E>.entries);
  part items[count]{};

  consteval name_parts() {
    for (std::size_t i = 0; i < count; ++i) items[i].name = enum_names<E>.entries[i].name;
  }
  [[nodiscard]] static consteval bool sound() {
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_atom_name(enum_names<E>.entries[i].name)) return false;
      for (std::size_t j = 0; j < i; ++j) {
        if (enum_names<E>.entries[i].name == enum_names<E>.entries[j].name) return false;
        if (enum_names<E>.entries[i].value == enum_names<E>.entries[j].value) return false;
      }
    }
    return true;
  }
};
template <class E>
inline constexpr name_parts<E> names_of{};

/// The bounds of the integers that fit T.
template <class T>
inline constexpr std::int64_t integer_low =
    static_cast<std::int64_t>(std::numeric_limits<T>::min());
template <class T>
inline constexpr std::uint64_t integer_high =
    std::is_same_v<T, char32_t> ? 0x10ffff
                                : static_cast<std::uint64_t>(std::numeric_limits<T>::max());

template <class T>
consteval shape integer_shape() {
  shape s{.what = form::integer};
  s.low = integer_low<T>;
  s.high = integer_high<T>;
  return s;
}

/// Nanoseconds a tick of a time point's duration.
template <class Duration>
consteval std::int64_t nanoseconds_a_tick() {
  constexpr std::intmax_t billion = 1'000'000'000;
  using period = typename Duration::period;
  static_assert(billion % period::den == 0 && period::num <= 1'000'000'000,
                "shelf stores a time in nanoseconds: its ticks must be a whole number of these.");
  return billion / period::den * period::num;
}

/// The bounds of a time's nanoseconds: what fits both 64 bits and the ticks.
template <class Time>
consteval shape time_shape() {
  using rep = typename Time::rep;
  constexpr std::int64_t step = nanoseconds_a_tick<typename Time::duration>();
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  shape s{.what = form::integer};
  s.step = step;
  s.unit_numerator = 1;
  s.unit_denominator = 1'000'000'000;
  s.since_1970 = true;
  constexpr auto last = integer_high<rep>;
  s.high = last > static_cast<std::uint64_t>(most / step) ? static_cast<std::uint64_t>(most)
                                                          : last * static_cast<std::uint64_t>(step);
  s.low = integer_low<rep> < -most / step ? -most - 1 : integer_low<rep> * step;
  return s;
}

template <class T>
using stored_of = std::remove_cvref_t<decltype(codec<T>::encode(std::declval<const T&>()))>;
template <class T>
using decoded_of = std::remove_cvref_t<decltype(codec<T>::decode(std::declval<stored_of<T>>()))>;
template <class T>
inline constexpr bool codec_can_refuse = !std::is_same_v<decoded_of<T>, T>;

template <class T>
result<> accept_custom(bytes term, decoding_rules rules);  // decode.hpp

template <class T>
consteval shape custom_shape() {
  shape s{.what = form::custom, .parts = part_list<stored_of<T>>::view};
  if constexpr (requires { std::string_view(codec<T>::name); }) s.name = codec<T>::name;
  if constexpr (codec_can_refuse<T>) s.accept = &accept_custom<T>;
  return s;
}

template <class T>
consteval shape record_shape() {
  static_assert(refuse_unless_record<T>());
  return {.what = form::record, .name = tag_of<T>(), .parts = field_parts<T>.view()};
}

template <class T>
consteval shape range_shape(category c) {
  if constexpr (category_for<T> == category::map) {
    return {.what = form::map,
            .parts = part_list<typename T::key_type, typename T::mapped_type>::view};
  } else {
    return {.what = c == category::set ? form::set : form::list,
            .parts = part_list<typename T::value_type>::view};
  }
}

[[nodiscard]] constexpr bool overlap(const shape& a, const shape& b);  // overlap.hpp

template <class T>
consteval shape make_shape() {
  constexpr category c = category_for<T>;
  if constexpr (c == category::boolean) return {.what = form::boolean};
  if constexpr (c == category::integer) return integer_shape<T>();
  if constexpr (c == category::floating) {
    shape s{.what = form::floating};
    s.single = std::is_same_v<T, float>;
    return s;
  }
  if constexpr (c == category::binary) {
    shape s{.what = form::binary};
    if constexpr (fixed_array<T>) s.size = std::tuple_size_v<T>;
    return s;
  }
  if constexpr (c == category::list || c == category::set || c == category::map) {
    return range_shape<T>(c);
  }
  if constexpr (c == category::tuple) {
    constexpr auto indices = std::make_index_sequence<std::tuple_size_v<T>>{};
    return {.what = form::tuple,
            .parts = tuple_parts<T, std::remove_cv_t<decltype(indices)>>::view};
  }
  if constexpr (c == category::array) {
    shape s{.what = form::array, .parts = part_list<typename T::value_type>::view};
    s.size = std::tuple_size_v<T>;
    return s;
  }
  if constexpr (c == category::optional) {
    return {.what = form::optional, .parts = part_list<typename T::value_type>::view};
  }
  if constexpr (c == category::variant) {
    return {.what = form::variant, .parts = parts_of_list<typename alternatives_of<T>::list>::view};
  }
  if constexpr (c == category::duration) {
    shape s = integer_shape<typename T::rep>();
    s.unit_numerator = T::period::num;
    s.unit_denominator = T::period::den;
    return s;
  }
  if constexpr (c == category::time) return time_shape<T>();
  if constexpr (c == category::number_enum) return integer_shape<std::underlying_type_t<T>>();
  if constexpr (c == category::named_enum) {
    static_assert(name_parts<T>::sound(),
                  "Each value and each name stands once in enum_names, and a name has at most 255 "
                  "bytes and no quote, backslash or control character.");
    return {.what = form::names, .parts = names_of<T>.items};
  }
  if constexpr (c == category::record) return record_shape<T>();
  if constexpr (c == category::nil) return {.what = form::nil};
  if constexpr (c == category::term) return {.what = form::term};
  if constexpr (c == category::custom) return custom_shape<T>();
}

template <class T>
struct shape_data {
  static_assert(refuse_unless_storable<T>());
  static constexpr shape value = make_shape<T>();
};

// ---- what is compiled once over shapes ----------------------------------------------------------

/// Why some bytes are not the encoding of a value: the path in it, what was expected, what is
/// there.
struct mismatch {
  std::string path;  ///< such as ".users[3].name"; empty: the whole value
  std::string expected;
  std::string found;

  /// ".users[3].name: expected binary, found integer"
  [[nodiscard]] std::string sentence() const;
};

/// Why `term` is not the canonical encoding of a value of this shape; nothing if it is one.
/// Allocates only for a mismatch. Linear time.
[[nodiscard]] result<> check_shape(const shape& wanted, bytes term, decoding_rules rules = {},
                                   purpose what = purpose::value);
/// The same, taken apart.
[[nodiscard]] std::optional<mismatch> find_mismatch(const shape& wanted, bytes term,
                                                    decoding_rules rules = {},
                                                    purpose what = purpose::value);

/// True if the term at the front of `input` can only be of this alternative of a variant.
[[nodiscard]] bool leads_to(const shape& alternative, const decoder& input) noexcept;

/// The error of a decode that failed: what check_shape says.
[[nodiscard]] error decoding_error(const shape& wanted, bytes term, decoding_rules rules);

/// The shape as text; the grammar stands in src/codec/schema.cpp.
[[nodiscard]] std::string schema_text(const shape& of);

/// nothing if `term` is one canonical term that a table keeps.
[[nodiscard]] result<> check_any_term(bytes term);

}  // namespace shelf::detail
