// API  [api] -> table -> journal -> file
// Must not compile: a union.
// expect: shelf cannot see into this class
#include "shelf/codec.hpp"

union either {
  int number;
  float other;
};

using stored = either;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
