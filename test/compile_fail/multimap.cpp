// API  [api] -> table -> journal -> file
// Must not compile: a multimap.
// expect: shelf cannot store a container that repeats keys
#include "shelf/codec.hpp"

#include <map>

struct entry {
  std::multimap<int, int> pairs;
};

void store(shelf::detail::encoder& out, const entry& value) { shelf::detail::encode(out, value); }
