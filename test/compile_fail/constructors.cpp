// API  [api] -> table -> journal -> file
// Must not compile: a struct with constructors, whose members nobody counted.
// expect: specialize shelf::member_count for a struct of public members with constructors
#include "shelf/codec.hpp"

struct point {
  point() = default;
  int x = 0;
  int y = 0;
};

void store(shelf::detail::encoder& out, const point& value) { shelf::detail::encode(out, value); }
