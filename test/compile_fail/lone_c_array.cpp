// API  [api] -> table -> journal -> file
// Must not compile: a C array as the only field.
// expect: shelf cannot store a struct with a C array
#include "shelf/codec.hpp"

struct entry {
  int numbers[3] = {};
};

void store(shelf::detail::encoder& out, const entry& value) { shelf::detail::encode(out, value); }
