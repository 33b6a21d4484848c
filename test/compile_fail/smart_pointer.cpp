// API  [api] -> table -> journal -> file
// Must not compile: a smart pointer in a struct.
// expect: shelf cannot store a pointer
#include "shelf/codec.hpp"

#include <memory>

struct entry {
  std::unique_ptr<int> number;
};

using stored = entry;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
