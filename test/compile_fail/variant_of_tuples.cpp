// API  [api] -> table -> journal -> file
// Must not compile: a variant whose alternatives share terms.
// expect: because two of its alternatives have a term in common
#include "shelf/codec.hpp"

#include <string>
#include <utility>
#include <variant>

using stored = std::variant<std::pair<int, int>, std::pair<int, std::string>>;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
