// API  [api] -> table -> journal -> file
// Must not compile: a table whose keys are lone characters.
// expect: shelf cannot store a lone char
#include "shelf/shelf.hpp"

using stored = shelf::map<char, int>;
bool is_open(const stored& t) { return t.is_open(); }
