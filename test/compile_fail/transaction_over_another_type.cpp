// API  [api] -> engine -> stores -> journal -> file
// Must not compile: a transaction over something that is no table.
// expect: A transaction works on tables of its database
#include "shelf/database.hpp"

#include <map>

void mistake(shelf::transaction& tx, std::map<int, int>& ages) { tx(ages); }
