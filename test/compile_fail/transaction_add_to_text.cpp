// API  [api] -> engine -> stores -> journal -> file
// Must not compile: a step added to text.
// expect: counter_value
#include "shelf/database.hpp"

auto mistake(shelf::transaction& tx, shelf::map<int, std::string>& t) { return tx(t).add(1, 1); }
