// API  [api] -> engine -> stores -> journal -> file
// Must not compile: an update in a transaction that changes a copy.
// expect: The function given to update changes a copy of the value
#include "shelf/database.hpp"

auto mistake(shelf::transaction& tx, shelf::map<int, int>& t) {
  return tx(t).update(1, [](int v) { v += 100; });
}
