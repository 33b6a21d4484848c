// API  [api] -> table -> journal -> file
// Must not compile: a table whose keys are views.
// expect: shelf cannot store a view (std::string_view, std::span)
#include "shelf/shelf.hpp"

using stored = shelf::map<std::string_view, int>;
bool is_open(const stored& t) { return t.is_open(); }
