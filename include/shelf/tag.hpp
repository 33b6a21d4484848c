// API  [api] -> engine -> stores -> journal -> file
// Names that types bear in a file: the tag of a record, the atoms of an enumeration.
#pragma once

#include "shelf/detail/language.hpp"

#include <cstddef>
#include <string_view>

namespace shelf {

/// The tag of `T`'s record in a file. Left empty, it is the unqualified name of the type in
/// snake_case, as Gleam makes it: `UserProfile` is `user_profile`, `HTTPServer` is
/// `h_t_t_p_server`. Declare it for a template, whose name says too little, and for a type that was
/// renamed:
///
///     template <> inline constexpr std::string_view shelf::tag<user_v2> = "user";
///
/// At most 255 bytes; no quote, backslash or control character.
template <class T>
inline constexpr std::string_view tag{};

/// How many members `T` has, for a struct whose members shelf cannot count on its own: one that
/// declares constructors, be they defaulted. Its members are public, and it has a default
/// constructor:
///
///     struct point { point() = default; point(int x, int y); int x = 0; int y = 0; };
///     template <> inline constexpr std::size_t shelf::member_count<point> = 2;
///
/// A wrong number does not compile. Left alone, members are counted.
template <class T>
inline constexpr std::size_t member_count = 0;

/// One enumerator and the atom that stands for it.
template <class E>
struct enum_name {
  E value;                ///< the enumerator
  std::string_view name;  ///< the atom
};

/// The list that `names` makes.
template <class E, std::size_t N>
struct enum_name_list {
  enum_name<E> entries[N];  ///< in the order in which they were given
};

/// What `enum_names` is for an enumeration that is stored as an integer.
struct no_enum_names {};

/// The atoms of an enumeration. Left alone, it is stored as an integer; with names it is stored as
/// an atom, and a value without a name cannot be stored:
///
///     template <> inline constexpr auto shelf::enum_names<color> =
///         shelf::names<color>({{color::red, "red"}, {color::green, "green"}});
template <class E>
inline constexpr no_enum_names enum_names{};

/// Makes the list for `enum_names`. Each value and each name occurs in it once.
template <class E, std::size_t N>
[[nodiscard]] consteval enum_name_list<E, N> names(const enum_name<E> (&list)[N]) {
  enum_name_list<E, N> made{};
  for (std::size_t i = 0; i < N; ++i) made.entries[i] = list[i];
  return made;
}

}  // namespace shelf
