// API  [api] -> engine -> stores -> journal -> file
// Must not compile: a prefix whose member is of another type than the key's.
// expect: Each member of a prefix is what may stand for the key's member in its place
#include "shelf/shelf.hpp"

auto mistake(const shelf::ordered_map<std::pair<int, std::string>, int>& t) {
  return t.prefix(std::tuple("text"));
}
