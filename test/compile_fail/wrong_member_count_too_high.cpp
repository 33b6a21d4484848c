// API  [api] -> table -> journal -> file
// Must not compile: a struct with fewer members than were counted.
// expect: shelf::member_count is not the number of this struct's members
// reject: shelf cannot store a struct with a bit-field
#include "shelf/codec.hpp"

struct point {
  point() = default;
  int x = 0;
  int y = 0;
};
template <>
inline constexpr std::size_t shelf::member_count<point> = 3;

void store(shelf::detail::encoder& out, const point& value) { shelf::detail::encode(out, value); }
