// API  [api] -> engine -> stores -> journal -> file
// A place in the sequence of changes of a database, to continue a feed from.
#pragma once

#include "shelf/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace shelf {

/// A place in the sequence of changes: behind one batch and before the next. Snapshots and feeds
/// tell theirs, and `changes({.from = position})` continues there. A value: copy it, compare it for
/// equality, keep it as text.
struct position {
  /// Which opening of which database: drawn at random by each open. 0: no position.
  std::uint64_t run = 0;
  /// The last batch that is included.
  std::uint64_t version = 0;

  /// Same place of the same run.
  friend bool operator==(const position&, const position&) = default;

  /// As text of letters, digits and '-', such as "1-9f3b5c0d2e4a6178-42". Throws std::bad_alloc.
  [[nodiscard]] std::string to_string() const;
  /// What to_string wrote. Errors: invalid_argument.
  [[nodiscard]] static result<position> parse(std::string_view text);
};

}  // namespace shelf
