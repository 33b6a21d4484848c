// API  [api] -> table -> journal -> file
// Must not compile: a multimap.
// expect: shelf cannot store a container that repeats keys
#include "shelf/codec.hpp"

#include <map>

struct entry {
  std::multimap<int, int> pairs;
};

using stored = entry;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
