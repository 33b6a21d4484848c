// API  [api] -> table -> journal -> file
// Must not compile: a table whose values hide their members.
// expect: shelf cannot see into this class
#include "shelf/shelf.hpp"

class account {
  int balance_ = 0;
};
using stored = shelf::map<int, account>;
bool is_open(const stored& t) { return t.is_open(); }
