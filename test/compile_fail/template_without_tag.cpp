// API  [api] -> table -> journal -> file
// Must not compile: a template without a tag.
// expect: shelf needs a name for this type
#include "shelf/codec.hpp"

template <class T>
struct box {
  T inside{};
};

using stored = box<int>;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
