// API  [api] -> engine -> stores -> journal -> file
// Must not compile: a prefix of more members than a key has.
// expect: The prefix has more members than a key
#include "shelf/shelf.hpp"

auto mistake(const shelf::ordered_map<std::pair<int, int>, int>& t) {
  return t.prefix(std::tuple(1, 2, 3));
}
