// API  [api] -> table -> journal -> file
// Must not compile: a struct with a base class.
// expect: shelf cannot store a struct with a base class
#include "shelf/codec.hpp"

struct base {
  int number = 0;
};
struct entry : base {
  int other = 0;
};

using stored = entry;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
