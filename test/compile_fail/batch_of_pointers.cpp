// API  [api] -> table -> journal -> file
// Must not compile: a batch of keys that no table can store.
// expect: shelf cannot store a pointer
#include "shelf/batch.hpp"

auto mistake() { return shelf::batch<int*, int>().size(); }
