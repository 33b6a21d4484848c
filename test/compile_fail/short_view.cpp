// API  [api] -> table -> journal -> file
// Must not compile: a view with fewer fields.
// expect: This view does not fit the stored struct
#include "shelf/codec.hpp"

#include <string>

struct user {
  std::string name;
  int age = 0;
};
struct user_view {
  std::string_view name;
};

auto look(shelf::bytes b) { return shelf::detail::decode_view<user_view, user>(b); }
