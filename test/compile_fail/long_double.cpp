// API  [api] -> table -> journal -> file
// Must not compile: a long double.
// expect: shelf cannot store a long double
#include "shelf/codec.hpp"

struct entry {
  long double x = 0;
};

void store(shelf::detail::encoder& out, const entry& value) { shelf::detail::encode(out, value); }
