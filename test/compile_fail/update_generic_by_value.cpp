// API  [api] -> table -> journal -> file
// Must not compile: an update whose function takes a copy of anything.
// expect: The function given to update changes a copy of the value
#include "shelf/shelf.hpp"

auto mistake(shelf::map<int, int>& t) {
  return t.update(1, [](auto v) { v += 100; });
}
