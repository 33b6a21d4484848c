// API  [api] -> engine -> stores -> journal -> file
// Must not compile: a transaction whose function returns a reference.
// expect: The function of a transaction returns a value, not a reference
#include "shelf/database.hpp"

auto mistake(shelf::database& db, int& n) {
  return db.transact([&](shelf::transaction&) -> int& { return n; });
}
