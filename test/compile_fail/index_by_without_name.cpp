// API  [api] -> engine -> stores -> journal -> file
// Must not compile: a function of index_by without a name.
// expect: index_by takes a struct with a static constexpr std::string_view name
#include "shelf/index.hpp"

struct user {
  int age;
};
struct by_decade {
  static int key(const user& u) { return u.age / 10; }
};

auto mistake() { return shelf::map<int, user, shelf::index_by<by_decade>>::in_memory(); }
