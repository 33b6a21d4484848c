// API  [api] -> engine -> stores -> journal -> file
// How a table's type names its indexes: unique, index, index_each, index_by.
#pragma once

#include "shelf/codec.hpp"

#include <string>

namespace shelf {

// Indexes follow the value type of a table:
//
//     using users = shelf::map<std::string, user, shelf::unique<&user::email>,
//                              shelf::index<&user::city>, shelf::index<&user::city, &user::age>,
//                              shelf::index_each<&user::tags>, shelf::index_by<by_domain>>;
//
// They are kept in memory alone, built when the table is opened, and changed with each write. The
// file only names those of the program that wrote it last: another one may open it with other
// indexes, or with none.
//
// Keys of indexes are orderable_key, as those of an ordered_map.

/// An index over a member of the values, or over several: then by the first, then by the second,
/// and so on. Entries with the same key stand in the order of their own keys.
template <auto Member, auto... More>
struct index {};

/// The same, and no two entries may have the same key in it: a write that would give a second one
/// the same is refused with key_already_present, and so is an open of a file that holds two.
template <auto Member, auto... More>
struct unique {};

/// An index over each element of a member that is a list: a std::vector, std::set, std::array and
/// the like. An entry is found under each of its elements, once per element that differs.
template <auto Member>
struct index_each {};

/// An index over what a function of the program makes of a value:
///
///     struct by_domain {
///       static constexpr std::string_view name = "domain";
///       static std::string key(const user& u);
///     };
///
/// The same value must always give the same key. The function is called once for each value that is
/// written, on the thread that writes it, and when the table is opened, reloaded or first asked
/// for; it must not use the table. What it throws passes through, and nothing is written.
template <class F>
struct index_by {};

}  // namespace shelf
