// API  [api] -> table -> journal -> file
// Must not compile: a duration of fractions.
// expect: shelf cannot store a duration that counts in fractions
#include "shelf/codec.hpp"

#include <chrono>

struct entry {
  std::chrono::duration<double> length{};
};

void store(shelf::detail::encoder& out, const entry& value) { shelf::detail::encode(out, value); }
