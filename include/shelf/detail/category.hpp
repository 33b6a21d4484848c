// API  [api] -> engine -> stores -> journal -> file
// Which row of the table of types a C++ type stands in, or why it stands in none.
#pragma once

#include "shelf/detail/fields.hpp"
#include "shelf/tag.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace shelf {

template <class T>
struct codec;  // codec.hpp tells what it is for
class term;    // term.hpp

}  // namespace shelf

#include "shelf/detail/standard_codecs.hpp"

namespace shelf {

namespace detail {

enum class category : std::uint8_t {
  // rows of the table
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
  duration,
  time,
  number_enum,
  named_enum,
  record,
  nil,
  term,
  custom,
  // what cannot be stored; refuse() says why
  not_an_object,
  pointer,
  smart_pointer,
  view,
  lone_character,
  wide_text,
  long_floating,
  c_array,
  foreign_clock,
  fractional_ticks,
  repeated_keys,
  closed_class,
};

// The standard types are recognised by what they can do, so that none of their headers is needed
// here and containers of other libraries that behave alike are stored alike.

template <class T>
concept custom_coded = requires { sizeof(codec<T>); };
/// Equal values of it may have different bytes, so it is no key.
template <class T>
concept value_only = custom_coded<T> && requires { requires codec<T>::value_only; };

template <class T>
concept byte_like = std::same_as<T, char> || std::same_as<T, unsigned char> ||
                    std::same_as<T, std::byte> || std::same_as<T, char8_t>;
template <class T>
concept wide_character =
    std::same_as<T, wchar_t> || std::same_as<T, char16_t> || std::same_as<T, char32_t>;

template <class T>
concept range_like = requires(T& t) {
  typename T::value_type;
  t.begin();
  t.end();
  t.size();
};
template <class T>
concept contiguous_like = range_like<T> && requires(T& t) { t.data(); };
template <class T>
concept text_like = contiguous_like<T> && requires { typename T::traits_type; };

template <class T>
concept fixed_array = contiguous_like<T> && requires { std::tuple_size<T>::value; };
template <class T>
concept growing = range_like<T> && requires(T& t) {
  t.emplace_back();
  t.clear();
};
template <class T>
concept keyed = range_like<T> && requires(T& t) {
  typename T::key_type;
  t.clear();
};
template <class T>
concept mapping = keyed<T> && requires { typename T::mapped_type; };
template <class T>
concept unique_keys = requires(T& t, typename T::value_type&& v) { t.insert(std::move(v)).second; };

template <class T>
concept optional_like = requires(T& t) {
  typename T::value_type;
  t.has_value();
  t.reset();
  t.emplace();
  *t;
} && !requires { typename T::error_type; };
template <class T>
concept pointer_like = requires(T& t) { typename T::element_type; } &&
                       (requires(T& t) { t.get(); } || requires(T& t) { t.lock(); });

template <class T>
struct alternatives_of {};
template <template <class...> class V, class... A>
struct alternatives_of<V<A...>> {
  using list = types<A...>;
};
template <class T>
concept variant_like = requires(const T& t) {
  t.index();
  t.valueless_by_exception();
  typename alternatives_of<T>::list;
};

template <class T>
concept duration_like = requires(const T& t) {
  typename T::rep;
  typename T::period;
  T::period::num;
  t.count();
};
template <class T>
concept time_like = requires(const T& t) {
  typename T::clock;
  typename T::duration;
  t.time_since_epoch();
};
template <class T>
concept of_system_clock = requires(const T& t) {
  T::clock::to_time_t(t);
  T::clock::now();
};

/// std::monostate, without <variant>.
template <class T>
concept monostate_like = std::is_empty_v<T> && type_name<T>() == "monostate" &&
                         std::string_view(type_text<T>()).find("= std::") != std::string_view::npos;

template <class E>
concept named = !std::is_same_v<std::remove_cvref_t<decltype(enum_names<E>)>, no_enum_names>;

__extension__ using signed_128 = __int128;
__extension__ using unsigned_128 = unsigned __int128;

template <class T>
consteval category category_of_scalar() {
  if constexpr (std::is_same_v<T, signed_128> || std::is_same_v<T, unsigned_128>) {
    return category::long_floating;
  }
  if constexpr (std::is_same_v<T, bool>) return category::boolean;
  if constexpr (std::is_same_v<T, char> || std::is_same_v<T, wchar_t>) {
    return category::lone_character;
  } else if constexpr (std::is_integral_v<T> && sizeof(T) <= 8) {
    return std::is_same_v<T, bool> ? category::boolean : category::integer;
  } else if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
    return category::floating;
  } else if constexpr (std::is_floating_point_v<T>) {
    return category::long_floating;
  } else if constexpr (std::is_enum_v<T>) {
    return named<T> ? category::named_enum : category::number_enum;
  } else {
    return std::is_null_pointer_v<T> || std::is_pointer_v<T> || std::is_member_pointer_v<T>
               ? category::pointer
               : category::not_an_object;
  }
}

template <class T>
consteval category category_of_range() {
  if constexpr (text_like<T> && !byte_like<typename T::value_type>) {
    return category::wide_text;
  } else if constexpr (fixed_array<T>) {
    return byte_like<typename T::value_type> ? category::binary : category::array;
  } else if constexpr (keyed<T>) {
    if constexpr (!unique_keys<T>) return category::repeated_keys;
    return mapping<T> ? category::map : category::set;
  } else if constexpr (contiguous_like<T> && byte_like<typename T::value_type>) {
    return requires(T& t) { t.resize(1); } ? category::binary : category::view;
  } else if constexpr (growing<T>) {
    return category::list;
  } else {
    return contiguous_like<T> ? category::view : category::closed_class;
  }
}

template <class T>
consteval category category_of_class() {
  if constexpr (duration_like<T>) {
    return std::is_integral_v<typename T::rep> ? category::duration : category::fractional_ticks;
  } else if constexpr (time_like<T>) {
    if constexpr (!of_system_clock<T>) return category::foreign_clock;
    return std::is_integral_v<typename T::rep> ? category::time : category::fractional_ticks;
  } else if constexpr (pointer_like<T> && !contiguous_like<T>) {
    return category::smart_pointer;
  } else if constexpr (range_like<T>) {
    return category_of_range<T>();
  } else if constexpr (optional_like<T>) {
    return category::optional;
  } else if constexpr (variant_like<T>) {
    return category::variant;
  } else if constexpr (requires { std::tuple_size<T>::value; }) {
    return category::tuple;
  } else if constexpr (monostate_like<T>) {
    return category::nil;
  } else {
    return std::is_aggregate_v<T> || member_count<T> > 0 ? category::record
                                                         : category::closed_class;
  }
}

template <class T>
consteval category category_of() {
  if constexpr (!std::is_object_v<T> || std::is_const_v<T> || std::is_volatile_v<T>) {
    return category::not_an_object;
  } else if constexpr (std::is_array_v<T>) {
    return category::c_array;
  } else if constexpr (std::is_same_v<T, shelf::term>) {
    return category::term;
  } else if constexpr (custom_coded<T>) {
    return category::custom;
  } else if constexpr (std::is_class_v<T>) {
    return category_of_class<T>();
  } else {
    return std::is_union_v<T> ? category::closed_class : category_of_scalar<T>();
  }
}

template <class T>
inline constexpr category category_for = category_of<T>();

/// A value that says nothing: an entry of such values is its key.
template <class T>
inline constexpr bool is_nothing = category_for<T> == category::nil;

/// Stops the compiler with a sentence if T cannot be stored.
template <class T>
consteval bool refuse_unless_storable() {
  constexpr category c = category_for<T>;
  static_assert(c != category::not_an_object,
                "shelf cannot store a reference, a const or volatile member, a function or void: "
                "store the plain value.");
  static_assert(c != category::pointer && c != category::smart_pointer,
                "shelf cannot store a pointer, because what it points at is not in the file: store "
                "the value itself, or std::optional of it.");
  static_assert(c != category::view,
                "shelf cannot store a view (std::string_view, std::span), because it does not own "
                "what it shows: store std::string or std::vector.");
  static_assert(c != category::lone_character,
                "shelf cannot store a lone char or wchar_t, because it is neither clearly a number "
                "nor a text: store std::int8_t, char32_t or std::string.");
  static_assert(c != category::wide_text,
                "shelf cannot store a text of wide characters, because their size differs between "
                "systems: store UTF-8 in std::string or std::u8string.");
  static_assert(c != category::long_floating,
                "shelf cannot store a long double or a 128-bit number, because a term has no room "
                "for it: store double or std::int64_t.");
  static_assert(c != category::c_array,
                "shelf cannot store a C array: store std::array, std::vector or std::string.");
  static_assert(c != category::foreign_clock,
                "shelf cannot store a time of this clock, because it means nothing after a "
                "restart: store std::chrono::sys_time.");
  static_assert(c != category::fractional_ticks,
                "shelf cannot store a duration that counts in fractions: store one that counts in "
                "integers, such as std::chrono::milliseconds.");
  static_assert(c != category::repeated_keys,
                "shelf cannot store a container that repeats keys: store std::vector of pairs, or "
                "use shelf::bag.");
  static_assert(c != category::closed_class,
                "shelf cannot see into this class: store a struct of public members without "
                "constructors, specialize shelf::member_count for a struct of public members with "
                "constructors, or specialize shelf::codec for it.");
  return true;
}

/// The compiler prints these arguments next to the sentence, so whoever reads it knows the member.
template <class Struct, auto MemberName, class Member>
consteval bool refuse_member() {
  return refuse_unless_storable<Member>();
}

template <class T, class Member, std::size_t I>
consteval bool refuse_unless_member_storable() {
  if constexpr (category_for<Member> >= category::not_an_object)
    return refuse_member<T, spelled_field<T, I>, Member>();
  else
    return true;
}

template <class T, class... F, std::size_t... I>
consteval bool refuse_unless_members_storable(types<F...>, std::index_sequence<I...>) {
  return (refuse_unless_member_storable<T, F, I>() && ...);
}

/// Stops the compiler with a sentence if T, a struct, has a form that has no record.
template <class T>
consteval bool refuse_unless_record() {
  static_assert(std::is_default_constructible_v<T>,
                "shelf cannot store a struct that has no default value, because decoding fills "
                "one in: give its members initial values.");
  static_assert(!has_base_class<T>,
                "shelf cannot store a struct with a base class: make the base a member.");
  static_assert(!has_array_field<T>,
                "shelf cannot store a struct with a C array: store std::array, std::vector or "
                "std::string.");
  static_assert(field_count<T> <= most_fields,
                "shelf cannot store a struct with more than 64 fields: group them in structs.");
  static_assert(member_count<T> == 0 || !has_bit_field<T>,
                "shelf::member_count is not the number of this struct's members, or one of them "
                "is a bit-field: correct the number, and give each member a type of its own.");
  static_assert(member_count<T> > 0 || !has_bit_field<T>,
                "shelf cannot store a struct with a bit-field, because a bit-field cannot be "
                "referred to: give each member an integer type of its own.");
  static_assert(!tag<T>.empty() || !type_name<T>().empty(),
                "shelf needs a name for this type, because it is a template or has no name: "
                "specialize shelf::tag for it.");
  if constexpr (std::is_default_constructible_v<T> && !has_base_class<T> && !has_array_field<T> &&
                field_count<T> <= most_fields) {
    if constexpr (!has_bit_field<T>) {
      return refuse_unless_members_storable<T>(field_types<T>{},
                                               std::make_index_sequence<field_count<T>>{});
    }
  }
  return true;
}

}  // namespace detail
}  // namespace shelf
