// API  [api] -> table -> journal -> file
// Must not compile: a table whose values are constant.
// expect: shelf cannot store a reference, a const or volatile member
#include "shelf/shelf.hpp"

using stored = shelf::map<int, const int>;
bool is_open(const stored& t) { return t.is_open(); }
