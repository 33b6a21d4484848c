// API  [api] -> engine -> stores -> journal -> file
// Must not compile: a range of one key, which may be either end.
// expect: A range of one bound takes at_least(key)
#include "shelf/shelf.hpp"

auto mistake(const shelf::ordered_map<int, int>& t) { return t.range(5); }
