// API  [api] -> table -> journal -> file
// Must not compile: a time of the steady clock.
// expect: shelf cannot store a time of this clock
#include "shelf/codec.hpp"

#include <chrono>

struct entry {
  std::chrono::steady_clock::time_point at{};
};

using stored = entry;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
