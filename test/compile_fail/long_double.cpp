// API  [api] -> table -> journal -> file
// Must not compile: a long double.
// expect: shelf cannot store a long double
#include "shelf/codec.hpp"

struct entry {
  long double x = 0;
};

using stored = entry;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
