// KINDS  api -> engine -> [kinds] -> memory -> file
// What two versions of a tree do not have in common.
#pragma once

#include "kinds/contents.hpp"
#include "shelf/detail/function_ref.hpp"

namespace shelf::kinds {

/// A version of an ordered table. It is pinned.
struct ordered_version {
  const ordered_contents& of;
  sequence at;
};

/// Calls `f(before, after)` for each key, in order, whose value in `to` is another than in `from`;
/// null where it has none. Nodes that both versions have are not looked at: the cost follows the
/// nodes that differ, each with the path to it.
void each_difference(const ordered_version& from, const ordered_version& to,
                     detail::function_ref<void(const entry* before, const entry* after)> f);

}  // namespace shelf::kinds
