// API  [api] -> table -> journal -> file
// Must not compile: a member that cannot be stored; the compiler says which.
// expect: {"number"}
#include "shelf/codec.hpp"

struct entry {
  int sound = 0;
  const int* number = nullptr;
};

using stored = entry;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
