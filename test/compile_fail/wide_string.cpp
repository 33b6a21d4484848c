// API  [api] -> table -> journal -> file
// Must not compile: a text of wide characters.
// expect: shelf cannot store a text of wide characters
#include "shelf/codec.hpp"

#include <string>

struct entry {
  std::wstring name;
};

using stored = entry;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
