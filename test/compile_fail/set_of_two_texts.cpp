// API  [api] -> table -> journal -> file
// Must not compile: a pair of braces too many, which would make one text of two literals.
// expect: listed_key
#include "shelf/shelf.hpp"

auto mistake(shelf::set<std::string>& t) { return t.insert_range({{"a", "b"}}); }
