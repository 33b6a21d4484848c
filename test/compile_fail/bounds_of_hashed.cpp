// API  [api] -> engine -> stores -> journal -> file
// Must not compile: a condition within bounds on a table without order.
// expect: Bounds are places in the order of the keys
#include "shelf/shelf.hpp"

auto mistake(shelf::map<int, int>& t) {
  return t.erase_if([](int, int) { return true; }, shelf::above(5));
}
