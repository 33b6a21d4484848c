// TERM  vocabulary of every room
// The canonical form: one encoding a term, so that equality is equality of bytes.
#pragma once

#include "shelf/detail/bytes.hpp"
#include "shelf/error.hpp"
#include "term/limits.hpp"

#include <cstddef>
#include <vector>

namespace shelf::terms {

/// The canonical form of the one term that `input` (without 131) holds in any form OTP reads:
/// term_to_binary(T, [{minor_version, 2}, deterministic]) without the 131. Shortest integers,
/// NEW_FLOAT, UTF-8 atoms, lists of bytes as STRING, one node a list, map pairs in map-key order.
/// corrupt: not exactly one term, or a map with a key twice; size_limit_exceeded: beyond the
/// limits. Time linear but for the sorting of maps; memory a small multiple of the input.
/// Invariant: canonicalize(canonicalize(x)) is canonicalize(x).
[[nodiscard]] result<std::vector<std::byte>> canonicalize(bytes input,
                                                          const term_limits& bounds = {});

/// As canonicalize, for input that starts with 131, compressed or not. The result has no 131.
[[nodiscard]] result<std::vector<std::byte>> canonicalize_enveloped(bytes input,
                                                                    const term_limits& bounds = {});

/// True if `input` is exactly one term in canonical form within the limits, which allocates
/// nothing.
[[nodiscard]] bool is_canonical(bytes input, const term_limits& bounds = {});

}  // namespace shelf::terms
