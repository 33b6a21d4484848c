// API  [api] -> engine -> stores -> journal -> file
// Must not compile: a bound that is no key of the table.
// expect: A bound is made of a key of the table
#include "shelf/shelf.hpp"

auto mistake(const shelf::ordered_map<int, int>& t) {
  return t.range(shelf::at_least(1), shelf::below("text"));
}
