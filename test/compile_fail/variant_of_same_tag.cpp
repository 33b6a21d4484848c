// API  [api] -> table -> journal -> file
// Must not compile: a variant of two structs with one tag.
// expect: two of its alternatives are structs of the same name: give one of them another in the
// file with shelf::tag
#include "shelf/codec.hpp"

#include <variant>

namespace a {
struct user {
  int number = 0;
};
}  // namespace a
namespace b {
struct user {
  double number = 0;
};
}  // namespace b

using stored = std::variant<a::user, b::user>;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
