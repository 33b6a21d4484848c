// API  [api] -> engine -> stores -> journal -> file
// Must not compile: a function given to transact that takes nothing.
// expect: The function given to transact takes a shelf::transaction&
#include "shelf/database.hpp"

auto mistake(shelf::database& db) {
  return db.transact([] { return 1; });
}
