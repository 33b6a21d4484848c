// API  [api] -> table -> journal -> file
// Must not compile: an update that returns something else than the value.
// expect: The function given to update must return the new value
#include "shelf/shelf.hpp"

auto mistake(shelf::map<int, std::string>& t) {
  return t.update(1, [](std::string& text) {
    text += "!";
    return true;
  });
}
