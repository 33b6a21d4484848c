// API  [api] -> engine -> stores -> journal -> file
// Must not compile: the prefix of an integer.
// expect: Only keys of text, bytes, pairs, tuples, arrays and structs have prefixes
#include "shelf/shelf.hpp"

auto mistake(const shelf::ordered_map<int, int>& t) { return t.prefix(1); }
