// API  [api] -> table -> journal -> file
// Must not compile: an update that changes a copy.
// expect: The function given to update changes a copy of the value
#include "shelf/shelf.hpp"

auto mistake(shelf::map<int, int>& t) {
  return t.update(1, [](int v) { v += 100; });
}
