// API  [api] -> table -> journal -> file
// Must not compile: a C array of one element.
// expect: shelf cannot store a C array
#include "shelf/codec.hpp"

struct entry {
  int numbers[1] = {};
};

using stored = entry;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
