// API  [api] -> engine -> stores -> journal -> file
// Must not compile: the first entry of a table without order.
// expect: no member named
#include "shelf/database.hpp"

auto mistake(shelf::transaction& tx, shelf::map<int, int>& t) { return tx(t).first(); }
