// API  [api] -> table -> journal -> file
// Must not compile: a table whose values have 128 bits.
// expect: shelf cannot store a long double or a 128-bit number
#include "shelf/shelf.hpp"

using stored = shelf::map<int, __int128>;
bool is_open(const stored& t) { return t.is_open(); }
