// API  [api] -> engine -> stores -> journal -> file
// Must not compile: index_each over something that is no list.
// expect: index_each takes a member that is a list
#include "shelf/index.hpp"

struct user {
  int age;
};

auto mistake() { return shelf::map<int, user, shelf::index_each<&user::age>>::in_memory(); }
