// API  [api] -> table -> journal -> file
// Must not compile: a span in a struct.
// expect: shelf cannot store a view
#include "shelf/codec.hpp"

#include <span>

struct entry {
  std::span<const int> numbers;
};

using stored = entry;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
