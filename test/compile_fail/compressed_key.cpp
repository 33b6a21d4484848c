// API  [api] -> table -> journal -> file
// Must not compile: a table whose keys are compressed.
// expect: A key is found by its bytes, and a compressed value may have several
#include "shelf/compressed.hpp"
#include "shelf/shelf.hpp"

using stored = shelf::map<shelf::compressed<std::string>, int>;
bool is_open(const stored& t) { return t.is_open(); }
