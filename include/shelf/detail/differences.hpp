// API  [api] -> engine -> stores -> journal -> file
// The border of diff: two snapshots in, differences as encoded bytes out.
#pragma once

#include "shelf/detail/core.hpp"

#include <optional>
#include <vector>

namespace shelf::detail {

/// What a key has in one snapshot and not in the other. The bytes live as long as the snapshots.
struct entry_difference {
  bytes key;
  std::optional<bytes> before;
  std::optional<bytes> after;
};

/// What became of the entries of `a`, so that `b` shows what it shows. Both are of tables of one
/// kind. Ordered tables: in key order. Throws std::bad_alloc.
[[nodiscard]] std::vector<entry_difference> find_differences(const snapshot_core& a,
                                                             const snapshot_core& b);

}  // namespace shelf::detail
