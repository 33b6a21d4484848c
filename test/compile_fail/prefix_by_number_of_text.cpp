// API  [api] -> engine -> stores -> journal -> file
// Must not compile: a number as the prefix of text.
// expect: The prefix of keys of text or bytes is text or bytes
#include "shelf/shelf.hpp"

auto mistake(const shelf::ordered_map<std::string, int>& t) { return t.prefix(1); }
