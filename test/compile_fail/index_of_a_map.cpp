// API  [api] -> engine -> stores -> journal -> file
// Must not compile: an index over a member whose terms are not in the order of its values.
// expect: The keys of an index are in order
#include "shelf/index.hpp"

#include <map>

struct user {
  std::map<int, int> scores;
};

auto mistake() { return shelf::map<int, user, shelf::index<&user::scores>>::in_memory(); }
