// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Sort keys: encodings of terms whose order as bytes is the order of the terms.
#pragma once

#include "shelf/detail/bytes.hpp"
#include "shelf/error.hpp"

#include <cstddef>
#include <vector>

namespace shelf::cluster {

/// The sort key of a canonical term: sort_key(a) < sort_key(b), byte by byte, exactly if
/// terms::compare(a, b) < 0, and equal keys are equivalent terms, such as 1 and 1.0. A server that
/// knows nothing of terms orders them by it.
/// Errors: invalid_argument for a term that contains a map, pid, port, reference or fun.
/// Format:
///   sort     := 10 number | 20 text | 60 size:u32be sort{size} | 80 | 90 sort(head) sort(tail)
///             | A0 text
///               (number, atom, tuple, [], list, bitstring: the ranks of Erlang's term order)
///   number   := 80 | positive | every byte of `positive` inverted
///   positive := weight text       the text is the magnitude, first bit first, without zeros behind
///   weight   := 81 (e + 2000):u16be | 82 + e | C2 e:u24be      for e < 0, e < 64, and greater e;
///               the magnitude is in [2^e, 2^(e + 1))
///   text     := (u8 not 00 | 00 FF)* 00 bits:u8     how many bits the last byte has: 8, or less in
///               a bitstring
[[nodiscard]] result<std::vector<std::byte>> sort_key(bytes term);

}  // namespace shelf::cluster
