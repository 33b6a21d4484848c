// API  [api] -> table -> journal -> file
// Must not compile: a tag with a quote.
// expect: A tag has at most 255 bytes
#include "shelf/codec.hpp"

struct user {
  int number = 0;
};
template <>
inline constexpr std::string_view shelf::tag<user> = "it's";

using stored = user;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
