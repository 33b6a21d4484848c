// API  [api] -> engine -> stores -> journal -> file
// Must not compile: a range whose bounds are swapped.
// expect: The first bound of a range is where it begins
#include "shelf/shelf.hpp"

auto mistake(const shelf::ordered_map<int, int>& t) {
  return t.range(shelf::below(1), shelf::at_least(5));
}
