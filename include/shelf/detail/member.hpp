// API  [api] -> engine -> stores -> journal -> file
// One member of an encoded struct, without decoding the others.
#pragma once

#include "shelf/detail/decode.hpp"

namespace shelf::detail {

template <class M>
struct member_parts;
template <class T, class M>
struct member_parts<M T::*> {
  using owner = T;
  using type = M;
};

/// The struct that a pointer to member leads into, and the type of the member.
template <auto Member>
using owner_of = typename member_parts<std::remove_cv_t<decltype(Member)>>::owner;
template <auto Member>
using member_of = typename member_parts<std::remove_cv_t<decltype(Member)>>::type;

/// The member of the struct that `input` is the encoding of. Fields before it are passed over,
/// fields after it are not looked at. A field that missing_fields allows to be absent has its first
/// value.
template <auto Member>
[[nodiscard]] result<member_of<Member>> decode_member(bytes input, decoding_rules rules = {}) {
  using T = owner_of<Member>;
  static_assert(category_for<T> == category::record,
                "Only a member of a stored struct can be read on its own.");
  static_assert(refuse_unless_record<T>());
  constexpr std::size_t index = field_index<T>(pointed_name<Member>());
  static_assert(index < field_count<T>);
  member_of<Member> made{};
  decoder in(input, rules);
  std::size_t fields = 0;
  bool whole = decode_record_head<T>(in, fields);
  if (whole && index >= fields) return std::move(T{}.*Member);
  for (std::size_t i = 0; whole && i < index; ++i) whole = in.skip();
  if (!whole || !in.enter() || !decode(in, made)) {
    return std::unexpected(decoding_error(shape_of<T>(), input, rules));
  }
  return made;
}

}  // namespace shelf::detail
