// TERM  vocabulary of every room
// Which types come before which.
#pragma once

#include "term/external_format.hpp"

#include <cassert>
#include <cstdint>

namespace shelf::terms {

/// The types in term order, and what stands before and behind them all in a bound.
enum class rank : std::int8_t {
  before_all = -1,
  number,
  atom,
  reference,
  fun,
  port,
  pid,
  tuple,
  map,
  nil,
  list,
  bitstring,
  behind_all,
};

/// The type of a canonical term by its tag.
[[nodiscard]] inline rank rank_of(tag t) noexcept {
  switch (t) {
    case tag::small_integer:
    case tag::integer:
    case tag::small_big:
    case tag::large_big:
    case tag::new_float: return rank::number;
    case tag::atom_utf8:
    case tag::small_atom_utf8: return rank::atom;
    case tag::newer_reference: return rank::reference;
    case tag::new_fun:
    case tag::fun_export: return rank::fun;
    case tag::new_port:
    case tag::v4_port: return rank::port;
    case tag::new_pid: return rank::pid;
    case tag::small_tuple:
    case tag::large_tuple: return rank::tuple;
    case tag::map: return rank::map;
    case tag::nil: return rank::nil;
    case tag::string:
    case tag::list: return rank::list;
    case tag::binary:
    case tag::bit_binary: return rank::bitstring;
    case tag::before_all: return rank::before_all;
    case tag::behind_all: return rank::behind_all;
    default: assert(false); return rank::bitstring;
  }
}

}  // namespace shelf::terms
