// TERM  vocabulary of every room
// Big integers to and from decimal text.
#pragma once

#include "shelf/detail/bytes.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace shelf::terms {

/// The digits of a little-endian magnitude. Time quadratic in its length, which the caller bounds.
[[nodiscard]] std::string to_decimal(bytes magnitude);

/// The little-endian magnitude of `digits`, which are digits only. Time quadratic, as above.
[[nodiscard]] std::vector<std::byte> from_decimal(std::string_view digits);

}  // namespace shelf::terms
