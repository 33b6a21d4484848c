// API  [api] -> engine -> stores -> journal -> file
// Must not compile: a database that is to hold something that is no table.
// expect: A database holds shelf tables
#include "shelf/database.hpp"

#include <map>

auto mistake() {
  return shelf::database::open("shop.shelf", shelf::declare<std::map<int, int>>("ages"));
}
