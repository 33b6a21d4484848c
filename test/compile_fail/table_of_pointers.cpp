// API  [api] -> table -> journal -> file
// Must not compile: a table whose values are pointers.
// expect: shelf cannot store a pointer
#include "shelf/shelf.hpp"

using stored = shelf::map<int, int*>;
bool is_open(const stored& t) { return t.is_open(); }
