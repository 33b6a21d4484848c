// TERM  vocabulary of every room
// Rewrites one scalar (or the head of a fun) of any form in canonical form.
#pragma once

#include "term/reader.hpp"

#include <cstddef>
#include <vector>

namespace shelf::terms {

/// Appends the canonical form of `h`, which `in` has accepted and which is no tuple, list or map.
/// Of a fun: all but its free variables; its size field is settled later, by settle_fun_size.
void append_scalar(std::vector<std::byte>& out, const reader& in, const head& h);

/// Writes the size field of the fun that stands at `start` and ends where the output does.
void settle_fun_size(std::vector<std::byte>& out, std::size_t start);

}  // namespace shelf::terms
