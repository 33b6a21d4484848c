// API  [api] -> engine -> stores -> journal -> file
// A table of keys without values.
#pragma once

#include "shelf/table.hpp"

#include <variant>

namespace shelf {

/// Keys, each once, hashed: insert(key), contains(key), erase(key), keys(). It is a map to nothing,
/// so all that takes a table takes it, and its file is that of a `map<K, std::monostate>`.
template <class K>
using set = map<K, std::monostate>;
/// The same in key order.
template <class K>
using ordered_set = ordered_map<K, std::monostate>;

}  // namespace shelf
