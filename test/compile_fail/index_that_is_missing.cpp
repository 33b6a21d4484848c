// API  [api] -> engine -> stores -> journal -> file
// Must not compile: asking for an index that the table does not have.
// expect: The table has no index over that
#include "shelf/index.hpp"

struct user {
  std::string email, city;
};

auto mistake(const shelf::map<int, user, shelf::unique<&user::email>>& users) {
  return users.equal<&user::city>("Rome");
}
