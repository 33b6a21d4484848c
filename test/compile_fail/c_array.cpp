// API  [api] -> table -> journal -> file
// Must not compile: a C array beside another field.
// expect: shelf cannot store a struct with a C array
#include "shelf/codec.hpp"

struct entry {
  int numbers[3] = {};
  int count = 0;
};

using stored = entry;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
