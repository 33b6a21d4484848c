// API  [api] -> table -> journal -> file
// Must not compile: a level that zstd does not have.
// expect: The level of shelf::compressed is from -7 to 22.
#include "shelf/compressed.hpp"
#include "shelf/shelf.hpp"

using stored = shelf::map<int, shelf::compressed<std::string, shelf::compression{.level = 23}>>;
bool is_open(const stored& t) { return t.is_open(); }
