// ENGINE  api -> [engine] -> stores -> journal -> file
// Snapshots: one pinned version of a table, which outlives the handle.
#pragma once

#include "file/system.hpp"
#include "kinds/contents.hpp"
#include "shelf/detail/core.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <set>

namespace shelf::engine {

using kinds::contents;
using kinds::entry;
using kinds::held_version;
using kinds::ordered_contents;
using kinds::sequence;
using kinds::walker;

/// How old the living snapshots are. Shared by the table and its snapshots; no writer ever takes
/// its mutex. In a forked child it is left alone: a thread of the parent may hold the mutex.
class snapshot_registry {
 public:
  using ticket = std::multiset<std::chrono::nanoseconds>::const_iterator;
  [[nodiscard]] ticket enter(std::chrono::nanoseconds now);
  void leave(ticket t) noexcept;
  [[nodiscard]] std::size_t count() const;
  /// Age of the oldest, zero if there is none.
  [[nodiscard]] std::chrono::nanoseconds oldest_age(std::chrono::nanoseconds now) const;

 private:
  const file::process_stamp process_;
  mutable std::mutex mutex_;
  std::multiset<std::chrono::nanoseconds> made_;
};

/// Pins the present version of `from` and shows it.
[[nodiscard]] std::shared_ptr<const detail::snapshot_core> make_snapshot(
    std::shared_ptr<contents> from, std::shared_ptr<snapshot_registry> registry, kind what,
    std::chrono::nanoseconds now);

}  // namespace shelf::engine
