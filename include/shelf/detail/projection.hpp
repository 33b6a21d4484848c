// API  [api] -> engine -> stores -> journal -> file
// What a walk makes of an entry: all of it, its key, its value, a member, or views.
#pragma once

#include "shelf/codec.hpp"
#include "shelf/detail/callback.hpp"
#include "shelf/detail/core.hpp"
#include "shelf/detail/member.hpp"

#include <cassert>
#include <cstdlib>
#include <utility>

namespace shelf::detail {

/// Key and value.
template <class K, class V>
struct whole_entry {
  using type = std::pair<K, V>;
  static void decode(const stored_entry& from, const decoding_rules& rules, type& into) {
    decode_stored(from.key, rules, into.first);
    decode_stored(from.value, rules, into.second);
  }
};

/// The key alone: the value is not decoded.
template <class K>
struct key_of_entry {
  using type = K;
  static void decode(const stored_entry& from, const decoding_rules& rules, type& into) {
    decode_stored(from.key, rules, into);
  }
};

/// The value alone.
template <class V>
struct value_of_entry {
  using type = V;
  static void decode(const stored_entry& from, const decoding_rules& rules, type& into) {
    decode_stored(from.value, rules, into);
  }
};

/// One member of the value: the others are not decoded.
template <auto Member>
struct member_of_entry {
  using type = member_of<Member>;
  static void decode(const stored_entry& from, const decoding_rules& rules, type& into) {
    auto made = decode_member<Member>(from.value, rules);
    assert(made && "stored entries are checked before they are stored");
    if (!made) std::abort();
    into = *std::move(made);
  }
};

/// Views of key and value, which show the memory of the table.
template <class K, class V>
struct row_of_entry {
  using type = std::pair<view_of<K>, view_of<V>>;
  static void decode(const stored_entry& from, const decoding_rules& rules, type& into) {
    into = {seen<K>(from.key, rules), seen<V>(from.value, rules)};
  }

 private:
  template <class T>
  [[nodiscard]] static view_of<T> seen(bytes term, const decoding_rules& rules) {
    auto made = decode_view<view_of<T>, T>(term, rules);
    assert(made && "stored entries are checked before they are stored");
    if (!made) std::abort();
    return *std::move(made);
  }
};

}  // namespace shelf::detail
