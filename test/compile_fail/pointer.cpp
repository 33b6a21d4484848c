// API  [api] -> table -> journal -> file
// Must not compile: a pointer in a struct.
// expect: shelf cannot store a pointer
#include "shelf/codec.hpp"

struct entry {
  const int* number = nullptr;
};

using stored = entry;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
