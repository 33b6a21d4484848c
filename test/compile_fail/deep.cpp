// API  [api] -> table -> journal -> file
// Must not compile: a pointer deep inside containers.
// expect: shelf cannot store a pointer
#include "shelf/codec.hpp"

#include <map>
#include <string>
#include <vector>

struct entry {
  std::map<std::string, std::vector<int*>> deep;
};

using stored = entry;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
