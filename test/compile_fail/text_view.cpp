// API  [api] -> table -> journal -> file
// Must not compile: a view of text in a struct.
// expect: shelf cannot store a view
#include "shelf/codec.hpp"

#include <string_view>

struct entry {
  std::string_view name;
};

using stored = entry;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
