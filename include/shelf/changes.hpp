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

/// The changes of a table, from some position on. The latest 4 MiB of changes of the whole database
/// are kept, in memory, once somebody has asked for a feed or for the position of a snapshot. No
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

// --- bodies --------------------------------------------------------------------------------------

namespace detail {

/// A value that may be missing.
template <class V>
[[nodiscard]] std::optional<V> decode_told(const std::optional<bytes>& from,
                                           const decoding_rules& rules) {
  std::optional<V> made;
  if (from) decode_stored(*from, rules, made.emplace());
  return made;
}

/// Adds a change to what a batch has told so far.
template <class K, class V>
void add_told(const told_change& c, const decoding_rules& rules, change_batch<K, V>& to) {
  if (c.event != table_event::none) {
    to.event = c.event;
    return;
  }
  K key{};
  decode_stored(c.key, rules, key);
  to.changes.push_back({.key = std::move(key),
                        .before = decode_told<V>(c.before, rules),
                        .after = decode_told<V>(c.after, rules),
                        .cause = c.cause});
}

}  // namespace detail

template <class K, class V>
result<change_batch<K, V>> change_feed<K, V>::next(std::chrono::nanoseconds timeout) {
  change_batch<K, V> batch;
  const auto told = core_->next(
      timeout, [&](const detail::told_change& c) { detail::add_told(c, rules_, batch); });
  if (!told) return std::unexpected(told.error());
  batch.at = core_->position();
  return batch;
}

template <class K, class V, kind Kind>
auto key_watch<K, V, Kind>::wait(std::chrono::nanoseconds timeout) -> result<value_type> {
  value_type present;
  const auto waited = core_->wait(timeout, [&](bytes value) {
    if (!present) present.emplace();
    if constexpr (is_bag(Kind)) {
      detail::decode_behind(*present, value, rules_);
    } else {
      detail::decode_stored(value, rules_, *present);
    }
  });
  if (!waited) return std::unexpected(waited.error());
  changed_ = *waited;
  return present;
}

template <class Self, class K, class V, kind Kind>
result<change_feed<K, V>> observable<Self, K, V, Kind>::changes() const {
  return changes(change_options{});
}

template <class Self, class K, class V, kind Kind>
result<change_feed<K, V>> observable<Self, K, V, Kind>::changes(
    const change_options& options) const {
  using inner = detail::table_access;
  const auto& self = static_cast<const Self&>(*this);
  auto core = detail::open_feed(inner::core_of(self), options);
  if (!core) return std::unexpected(core.error());
  return change_feed<K, V>(std::move(*core), inner::rules_of(self));
}

template <class Self, class K, class V, kind Kind>
template <key_argument<K> A>
result<key_watch<K, V, Kind>> observable<Self, K, V, Kind>::watch(const A& key) const {
  using inner = detail::table_access;
  const auto& self = static_cast<const Self&>(*this);
  detail::encoder k(detail::purpose::key, inner::limits_of(self));
  detail::encode_key<K>(k, key);
  if (k.failed()) return std::unexpected(k.outcome().error());
  auto core = detail::open_watch(inner::core_of(self), k.written());
  if (!core) return std::unexpected(core.error());
  return key_watch<K, V, Kind>(std::move(*core), inner::rules_of(self));
}

}  // namespace shelf
