// API  [api] -> table -> journal -> file
// Must not compile: a lone char.
// expect: shelf cannot store a lone char
#include "shelf/codec.hpp"

struct entry {
  char letter = 'a';
};

void store(shelf::detail::encoder& out, const entry& value) { shelf::detail::encode(out, value); }
