// API  [api] -> table -> journal -> file
// Must not compile: a wide character.
// expect: shelf cannot store a lone char or wchar_t
#include "shelf/codec.hpp"

struct entry {
  wchar_t letter = L'a';
};

using stored = entry;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
