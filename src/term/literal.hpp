// TERM  vocabulary of every room
// Scalars as Erlang source text, in UTF-8.
#pragma once

#include "shelf/detail/bytes.hpp"

#include <cstddef>
#include <string>

namespace shelf::terms {

/// An atom, quoted where Erlang demands it. `name` is UTF-8.
[[nodiscard]] std::string atom_literal(bytes name);

/// The atom of the same name in Latin-1.
[[nodiscard]] std::string latin1_atom_literal(bytes name);

/// "..." if every byte is a printable character of Latin-1, else [1,2,3]; [] if empty.
[[nodiscard]] std::string list_literal(bytes elements);

/// <<"...">>, <<"..."/utf8>> or <<1,2,3:5>>. `bits` of the last byte count, 8 if all.
/// `cut`: more content follows that the caller will not show.
[[nodiscard]] std::string binary_literal(bytes content, unsigned bits, bool cut);

/// The shortest text that reads back as the same float, in the notation Erlang chooses.
[[nodiscard]] std::string float_literal(double value);

/// Decimal, or 16#hexadecimal for more than 256 bytes: exact at a cost that does not square.
[[nodiscard]] std::string integer_literal(bool negative, bytes magnitude);

}  // namespace shelf::terms
