// API  [api] -> table -> journal -> file
// Must not compile: an update that says in a result what it did.
// expect: returns a bool or a pointer, which would become the new value
#include "shelf/shelf.hpp"

auto mistake(shelf::map<int, double>& t) {
  return t.update(1, [](double v) -> shelf::result<bool> { return v > 10; });
}
