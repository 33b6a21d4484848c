// API  [api] -> engine -> stores -> journal -> file
// Must not compile: an entry of a bag that expires.
// expect: Entries of a bag cannot expire
#include "shelf/table.hpp"

auto mistake(shelf::bag<int, int>& t) {
  return t.insert(1, 2, shelf::expiry::in(std::chrono::seconds(1)));
}
