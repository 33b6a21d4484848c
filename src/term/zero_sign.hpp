// TERM  vocabulary of every room
// The sign of zeros inside of a term: in a key it means nothing.
#pragma once

#include "shelf/detail/bytes.hpp"

#include <span>

namespace shelf::terms {

/// Whether the bytes of a -0.0 stand there, whatever they mean: false for sure, true perhaps. For
/// any bytes; looks only at terms that can hold a float.
[[nodiscard]] bool may_hold_negative_zero(bytes term) noexcept;

/// Makes every -0.0 of one canonical term 0.0, at any depth. It stays canonical: keys of maps are
/// ordered as if they were equal.
void drop_zero_signs(std::span<std::byte> canonical) noexcept;

}  // namespace shelf::terms
