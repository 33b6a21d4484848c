// API  [api] -> table -> journal -> file
// Must not compile: a duration of fractions.
// expect: shelf cannot store a duration that counts in fractions
#include "shelf/codec.hpp"

#include <chrono>

struct entry {
  std::chrono::duration<double> length{};
};

using stored = entry;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
