// API  [api] -> engine -> stores -> journal -> file
// Must not compile: something else where an index is expected.
// expect: What follows the value type of a table is an index
#include "shelf/index.hpp"

struct user {
  int age;
};

auto mistake() { return shelf::map<int, user, std::hash<int>>::in_memory(); }
