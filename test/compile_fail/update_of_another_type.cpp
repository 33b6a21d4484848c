// API  [api] -> table -> journal -> file
// Must not compile: an update whose function does not take the value.
// expect: The function given to update must take the table's value type
#include "shelf/shelf.hpp"

auto mistake(shelf::map<int, int>& t) {
  return t.update(1, [](const std::string& text) { return text; });
}
