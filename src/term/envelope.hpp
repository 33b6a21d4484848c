// TERM  vocabulary of every room
// The envelope of a term from outside: the version byte, and maybe compression.
#pragma once

#include "shelf/detail/bytes.hpp"
#include "shelf/error.hpp"
#include "term/limits.hpp"

#include <cstddef>
#include <vector>

namespace shelf::terms {

/// The term inside an envelope.
struct opened {
  bytes term;                       ///< the encoded term and whatever follows it; no version byte
  std::vector<std::byte> inflated;  ///< where `term` points to, if it was compressed
  std::size_t header = 0;           ///< bytes in front of the term, if it was not compressed
  std::size_t consumed = 0;         ///< bytes of the whole envelope, if it was compressed
  bool compressed = false;
};

/// Takes off the version byte, and inflates what is compressed, within the limits. Does not look at
/// the term.
///   enveloped := 131 term | 131 80 size:u32be zlib-stream     the stream inflates to size bytes
[[nodiscard]] result<opened> open_envelope(bytes input, const term_limits& bounds);

}  // namespace shelf::terms
