// API  [api] -> engine -> stores -> journal -> file
// Pages of an ordered table, with cursors that a program may hand out.
#pragma once

#include "shelf/detail/language.hpp"

#include <string>
#include <utility>
#include <vector>

namespace shelf {

/// Some entries of an ordered table in a row, and where the next page begins.
template <class K, class V>
struct page {
  /// At most as many as were asked for; in key order, or against it.
  std::vector<std::pair<K, V>> entries;
  /// For the next call; empty after the last page. ASCII letters, digits, "-" and "_".
  std::string next;
};

}  // namespace shelf
