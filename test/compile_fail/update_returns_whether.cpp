// API  [api] -> table -> journal -> file
// Must not compile: an update that says what it did where the value is an integer.
// expect: returns a bool or a pointer, which would become the new value
#include "shelf/shelf.hpp"

auto mistake(shelf::map<int, int>& t) {
  return t.update(1, [](int& v) { return ++v > 10; });
}
