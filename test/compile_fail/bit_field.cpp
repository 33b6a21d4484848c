// API  [api] -> table -> journal -> file
// Must not compile: a bit-field in a struct.
// expect: shelf cannot store a struct with a bit-field
#include "shelf/codec.hpp"

struct entry {
  int sound = 0;
  unsigned urgent : 1 = 0;
};

using stored = entry;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
