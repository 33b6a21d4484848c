// API  [api] -> table -> journal -> file
// Must not compile: an update that returns a pointer where the value is a bool.
// expect: returns a bool or a pointer, which would become the new value
#include "shelf/shelf.hpp"

auto mistake(shelf::map<int, bool>& t) {
  return t.update(1, [](bool& v) { return &v; });
}
