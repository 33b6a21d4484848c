// API  [api] -> engine -> stores -> journal -> file
// Following a table: feeds of its changes, and watches of single keys.
#pragma once

#include "shelf/detail/callback.hpp"
#include "shelf/detail/feed_core.hpp"
#include "shelf/detail/table_access.hpp"
#include "shelf/table.hpp"

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>
#include "shelf/detail/clock.hpp"

namespace shelf {

/// What became of one key, or in bags of one value of it. Added: no `before`. Erased: no `after`.
template <class K, class V>
struct key_change {
  /// The key.
  K key;
  /// What was replaced or erased. Only with change_options::before, and for erased values of bags.
  std::optional<V> before;
  /// The value from here on; nothing if the key, or in bags this value of it, was erased.
  std::optional<V> after;
  /// Who did it.
  change_cause cause = change_cause::user;
};

/// What one batch changed in a table. Writes that were committed together, such as those of a
/// transaction or of threads that shared a sync, are one batch.
template <class K, class V>
struct change_batch {
  /// Behind this batch: a feed from here starts with the next one.
  position at;
  /// What happened to all entries before the changes.
  table_event event = table_event::none;
  /// In the order in which they were made; a key may be there several times.
  std::vector<key_change<K, V>> changes;

  /// Whether no batch came within the time that next() waited.
  [[nodiscard]] bool empty() const noexcept {
    return changes.empty() && event == table_event::none;
  }
};

/// The changes of a table, from some position on. They are read from memory, where the latest 4 MiB
/// of changes of the whole database are kept once somebody has asked for a feed or for the position
/// of a snapshot, and from the file, which has all since its last compaction. No
/// writer waits for a feed: one that falls further behind gets cursor_lost.
/// Thread safety: one thread at a time; many feeds may follow the same table.
template <class K, class V>
class change_feed {
 public:
  /// Made by table::changes.
  change_feed(std::unique_ptr<detail::feed_core> core, const detail::decoding_rules& rules) noexcept
      : core_(std::move(core)), rules_(rules) {}

  /// The next batch that changed this table; waits for it, up to `timeout` (0: not at all). An
  /// empty batch says that none came. Errors: cursor_lost, with the oldest version that is kept: a
  /// consumer starts over with a snapshot, and a new feed from its position. table_closed, once
  /// everything before the close was told; forked.
  [[nodiscard]] result<change_batch<K, V>> next(
      std::chrono::nanoseconds timeout = std::chrono::nanoseconds(0));
  /// Behind the last batch that next() returned, or later, if the batches since did not change this
  /// table.
  [[nodiscard]] shelf::position position() const noexcept { return core_->position(); }
  /// A descriptor that polls readable when next() has something to return, a batch or an error: for
  /// epoll, asio and the like. It belongs to the feed: do not read or close it. Once it is
  /// readable, call next() until it returns an empty batch. Now and then that is the first thing it
  /// returns. Errors: file_error (no descriptors left), forked.
  [[nodiscard]] result<int> event_fd() { return core_->event_fd(); }

 private:
  std::unique_ptr<detail::feed_core> core_;
  detail::decoding_rules rules_;
};

/// The value of one key, told whenever it is another one. A watch keeps no history, so it cannot
/// fall behind: it tells the latest value, and values in between may be left out.
/// Thread safety: one thread at a time; many watches may watch the same key.
template <class K, class V, kind Kind>
class key_watch {
 public:
  /// The value, or in bags all values, as lookup returns them; nothing if the key does not exist.
  using value_type = std::optional<std::conditional_t<is_bag(Kind), std::vector<V>, V>>;

  /// Made by table::watch.
  key_watch(std::unique_ptr<detail::watch_core> core, const detail::decoding_rules& rules) noexcept
      : core_(std::move(core)), rules_(rules) {}

  /// Returns the present value, as soon as it is another one than the last call returned, or after
  /// `timeout`. The first call returns at once. Errors: table_closed, as soon as the table is
  /// closed; forked.
  [[nodiscard]] result<value_type> wait(std::chrono::nanoseconds timeout);
  /// Whether the last wait() returned another value than the one before.
  [[nodiscard]] bool changed() const noexcept { return changed_; }

 private:
  std::unique_ptr<detail::watch_core> core_;
  detail::decoding_rules rules_;
  bool changed_ = false;
};

}  // namespace shelf

#include "shelf/detail/changes.hpp"
