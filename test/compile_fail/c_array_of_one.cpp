// API  [api] -> table -> journal -> file
// Must not compile: a C array of one element.
// expect: shelf cannot store a C array
#include "shelf/codec.hpp"

struct entry {
  int numbers[1] = {};
};

void store(shelf::detail::encoder& out, const entry& value) { shelf::detail::encode(out, value); }
