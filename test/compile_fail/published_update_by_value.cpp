// API  [api] -> engine -> stores -> journal -> file
// Must not compile: an update of a published value that changes a copy.
// expect: The function given to update takes the value by reference
#include "shelf/published.hpp"

void mistake(shelf::published<int>& p) {
  p.update([](int v) { v += 100; });
}
