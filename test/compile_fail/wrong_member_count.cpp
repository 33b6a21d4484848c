// API  [api] -> table -> journal -> file
// Must not compile: a struct that was counted wrongly.
// expect: to 2 elements
// reject: shelf cannot store a struct with a bit-field
#include "shelf/codec.hpp"

struct point {
  point() = default;
  int x = 0;
  int y = 0;
};
template <>
inline constexpr std::size_t shelf::member_count<point> = 1;

void store(shelf::detail::encoder& out, const point& value) { shelf::detail::encode(out, value); }
