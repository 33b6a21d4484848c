// API  [api] -> engine -> stores -> journal -> file
// Must not compile: an index over a member of another struct.
// expect: An index is over members of the table's value type
#include "shelf/index.hpp"

struct user {
  std::string email;
};
struct order {
  std::string number;
};

auto mistake() { return shelf::map<int, user, shelf::unique<&order::number>>::in_memory(); }
