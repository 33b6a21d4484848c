// API  [api] -> table -> journal -> file
// Must not compile: a variant whose alternatives share terms.
// expect: because two of its alternatives have a term in common
#include "shelf/codec.hpp"

#include <variant>

using stored = std::variant<int, long>;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
