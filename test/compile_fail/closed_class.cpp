// API  [api] -> table -> journal -> file
// Must not compile: a class with private members.
// expect: shelf cannot see into this class
#include "shelf/codec.hpp"

class closed {
  int hidden_ = 0;

 public:
  int shown() const { return hidden_; }
};

struct entry {
  closed inside;
};

using stored = entry;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
