// KINDS  api -> engine -> [kinds] -> memory -> file
// How the keys of an ordered table compare.
#pragma once

#include "shelf/detail/bytes.hpp"

#include <compare>
#include <cstdint>

namespace shelf::kinds {

/// An order of encoded keys, with a shortcut: the prefixes of two keys never contradict their
/// order, so keys are compared in full only where the prefixes are equal.
struct key_order {
  using compare_keys = std::weak_ordering (*)(bytes, bytes);
  using prefix_of_key = std::uint64_t (*)(bytes);
  compare_keys compare = nullptr;
  prefix_of_key prefix = nullptr;
};

}  // namespace shelf::kinds
