// API  [api] -> engine -> stores -> journal -> file
// The tags of Erlang's external term format: the first byte of every term.
#pragma once

#include "shelf/detail/language.hpp"

#include <cstddef>
#include <cstdint>

namespace shelf::detail {

enum class term_tag : std::uint8_t {
  none = 0,        ///< not a tag: reading failed
  before_all = 1,  ///< no term: what stands before every term, in bounds of ordered tables alone
  new_float = 70,
  bit_binary = 77,
  compressed = 80,
  new_pid = 88,
  new_port = 89,
  newer_reference = 90,
  small_integer = 97,
  integer = 98,
  old_float = 99,
  atom = 100,
  reference = 101,
  port = 102,
  pid = 103,
  small_tuple = 104,
  large_tuple = 105,
  nil = 106,
  string = 107,
  list = 108,
  binary = 109,
  small_big = 110,
  large_big = 111,
  new_fun = 112,
  fun_export = 113,
  new_reference = 114,
  small_atom = 115,
  map = 116,
  atom_utf8 = 118,
  small_atom_utf8 = 119,
  v4_port = 120,
  behind_all = 255,  ///< no term either: what stands behind every term
};

/// The tag as it stands in front of a term.
[[nodiscard]] constexpr std::byte byte_of(term_tag t) noexcept { return static_cast<std::byte>(t); }

}  // namespace shelf::detail
