// TERM  vocabulary of every room
// Validation of encoded terms from outside, and of what may be stored in a table.
#pragma once

#include "shelf/detail/bytes.hpp"
#include "shelf/error.hpp"
#include "term/limits.hpp"

#include <cstddef>

namespace shelf::terms {

// Encoded terms stand without the version byte unless a function says "enveloped".

/// Validates the one term at the front of `input`, in any form OTP reads, and returns how many
/// bytes it takes; what follows is not looked at. Says nothing of duplicate map keys: that takes an
/// order of the keys, see canonicalize and is_canonical. corrupt: not a term, the sentence names
/// the byte and the cause ("byte 12: tag 77: 9 bits in the last byte"); size_limit_exceeded: deeper
/// or larger than the limits. Linear time, allocates nothing.
[[nodiscard]] result<std::size_t> scan(bytes input, const term_limits& bounds = {});

/// As scan, for input that starts with 131; a compressed term (tag 80) is inflated to see where it
/// ends, within the limits. Byte offsets inside a compressed term count from its inflated start.
[[nodiscard]] result<std::size_t> scan_enveloped(bytes input, const term_limits& bounds = {});

/// Refuses what no table keeps: pids, ports, references and funs anywhere in the term ("a pid
/// cannot be stored in a table"), as errc::invalid_argument; corrupt if `input` is not one whole
/// term. Linear time, allocates nothing but the error.
[[nodiscard]] result<> refuse_storage(bytes input);

}  // namespace shelf::terms
