// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Rows sorted by columns, of which only the first few need be kept.
#pragma once

#include "rows/source.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace shelf::rows {

/// Sorts rows by columns, then by key, then in the order in which they were added: the same rows
/// always come out in the same order. Missing optional values come first. Memory: the rows that are
/// kept. Thread safety: one thread.
class row_order {
 public:
  /// `by`: most significant first; `most`: keeps the first so many rows of the order only;
  /// `backwards`: from the last row to the first.
  row_order(std::vector<column> by, bool backwards, std::uint64_t most)
      : by_(std::move(by)), backwards_(backwards), most_(most) {}

  void add(const term& key, const term& value, deadline until);
  /// Calls `f` with each row that is kept, in order, until it returns false. To be called once,
  /// last.
  void for_each(row_function f);

 private:
  struct row {
    std::vector<std::optional<term>> columns;  ///< nullopt: an optional without a value
    term key;
    term value;
    deadline until = no_deadline;
    std::uint64_t number = 0;
  };
  [[nodiscard]] bool is_before(const row& a, const row& b) const;

  std::vector<column> by_;
  bool backwards_;
  std::uint64_t most_;
  std::uint64_t added_ = 0;
  std::vector<row> rows_;  ///< a heap with the last row on top once there are most_
};

/// What an optional column holds, or the term itself.
[[nodiscard]] term inside_optional(const column& c, const term& t);

}  // namespace shelf::rows
