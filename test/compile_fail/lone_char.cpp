// API  [api] -> table -> journal -> file
// Must not compile: a lone char.
// expect: shelf cannot store a lone char
#include "shelf/codec.hpp"

struct entry {
  char letter = 'a';
};

using stored = entry;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
