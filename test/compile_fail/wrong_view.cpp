// API  [api] -> table -> journal -> file
// Must not compile: a view whose fields are in another order.
// expect: This view does not fit the stored struct
#include "shelf/codec.hpp"

#include <string>

struct user {
  std::string name;
  int age = 0;
};
struct user_view {
  int age = 0;
  std::string_view name;
};

auto look(shelf::bytes b) { return shelf::detail::decode_view<user_view, user>(b); }
