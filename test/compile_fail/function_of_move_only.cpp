// API  [api] -> table -> journal -> file
// Must not compile: a kept callable that cannot be copied.
// expect: this one cannot be copied: let it hold what it owns in a std::shared_ptr
#include "shelf/function.hpp"

#include <memory>

shelf::function<int()> mistake() {
  return [owned = std::make_unique<int>(1)] { return *owned; };
}
