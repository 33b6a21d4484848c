// API  [api] -> engine -> stores -> journal -> file
// Must not compile: a key of another type than the index's.
// expect: equal takes a key of the index
#include "shelf/index.hpp"

struct user {
  int age;
};

auto mistake(const shelf::map<int, user, shelf::index<&user::age>>& users) {
  return users.equal<&user::age>("Rome");
}
