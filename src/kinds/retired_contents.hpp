// KINDS  api -> engine -> [kinds] -> memory -> file
// What a table has let go of, by clear or reload, and snapshots or readers still hold.
#pragma once

#include "kinds/contents.hpp"

#include <list>
#include <memory>
#include <mutex>

namespace shelf::kinds {

/// Knows the contents that a table has let go of, but does not keep them.
/// Thread safety: all calls from any thread, collect_some in the turn of the table.
class retired_contents {
 public:
  /// Needs no memory: the room comes with the contents. Each once.
  void add(const std::shared_ptr<contents>& gone) noexcept;
  /// Bytes that those that are still held take.
  [[nodiscard]] std::size_t memory_bytes() const noexcept;
  [[nodiscard]] bool empty() const noexcept;
  /// Frees what nobody can reach any more of those that are still held. True if more is left.
  bool collect_some(std::size_t most) noexcept;

 private:
  template <class F>
  void for_each(F f) const noexcept;

  mutable std::mutex mutex_;
  mutable std::list<std::weak_ptr<contents>> gone_;  // guarded by mutex_
};

}  // namespace shelf::kinds
