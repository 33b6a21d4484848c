// API  [api] -> table -> journal -> file
// Must not compile: a struct without a default value.
// expect: shelf cannot store a struct that has no default value
#include "shelf/codec.hpp"

struct bare {
  int& number;
};

using stored = bare;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
