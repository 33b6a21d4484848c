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
/// equality, keep it as text. A position of a table with a file names a batch in the file: it
/// counts in other processes, and after the file was closed and opened again.
struct position {
  /// Which opening of which database wrote the batch. 0: no position.
  std::uint64_t run = 0;
  /// The last batch that is included.
  std::uint64_t version = 0;
  /// parse() made it: it was kept outside of the process, where a power failure does not reach it.
  bool is_parsed = false;

  /// Same place of the same run.
  friend bool operator==(const position& a, const position& b) noexcept {
    return a.run == b.run && a.version == b.version;
  }

  /// As text of letters, digits and '-', such as "1-9f3b5c0d2e4a6178-42". Throws std::bad_alloc.
  [[nodiscard]] std::string to_string() const;
  /// What to_string wrote. A feed that starts from it tells durable batches only, unless
  /// change_options::level says otherwise. Errors: invalid_argument.
  [[nodiscard]] static result<position> parse(std::string_view text);
};

}  // namespace shelf
