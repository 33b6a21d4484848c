// API  [api] -> table -> journal -> file
// Must not compile: a const member.
// expect: shelf cannot store a reference, a const or volatile member
#include "shelf/codec.hpp"

struct entry {
  const int number = 1;
};

using stored = entry;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
