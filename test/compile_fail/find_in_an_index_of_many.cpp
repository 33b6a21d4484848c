// API  [api] -> engine -> stores -> journal -> file
// Must not compile: find in an index that is not unique.
// expect: find asks a unique index
#include "shelf/index.hpp"

struct user {
  int age;
};

auto mistake(const shelf::map<int, user, shelf::index<&user::age>>& users) {
  return users.find<&user::age>(30);
}
