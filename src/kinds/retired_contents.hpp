// KINDS  api -> engine -> [kinds] -> memory -> file
// What a table has let go of, by clear or reload, and pins, snapshots or readers still want.
#pragma once

#include "kinds/contents.hpp"

#include <atomic>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>

namespace shelf::kinds {

/// Knows the contents that a table has let go of, and keeps those that a pinned version shows.
/// Thread safety: all calls from any thread, add and collect_some in the turn of the table.
class retired_contents {
 public:
  /// The table shows something else from version `until` on. Needs no memory: the room comes with
  /// the contents. Each once.
  void add(const std::shared_ptr<contents>& gone, sequence until) noexcept;
  /// It keeps some: a look that costs next to nothing.
  [[nodiscard]] bool holds_any() const noexcept {
    return held_.load(std::memory_order_relaxed) > 0;
  }
  /// What the table showed at a version that is pinned; null if it is none of these.
  [[nodiscard]] std::shared_ptr<contents> at(sequence version) const noexcept;
  /// Lets go of what no pin may ask for.
  void release_unpinned() noexcept;
  /// Lets go of all of it, whoever may ask.
  void release_all() noexcept;
  /// Bytes that those that are still held take.
  [[nodiscard]] std::size_t memory_bytes() const noexcept;
  [[nodiscard]] bool empty() const noexcept;
  /// Frees what nobody can reach any more of those that are still held. True if more is left.
  bool collect_some(std::size_t most) noexcept;

 private:
  template <class F>
  void release_if(F is_to_go) noexcept;
  template <class F>
  void for_each(F f) const noexcept;

  std::atomic<std::size_t> held_{0};
  mutable std::mutex mutex_;
  mutable std::list<contents::retirement_place> gone_;  // guarded by mutex_
};

}  // namespace shelf::kinds
