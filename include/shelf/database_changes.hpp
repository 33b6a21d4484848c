// API  [api] -> engine -> stores -> journal -> file
// Following all tables of a database at once: batches over several tables, in commit order.
#pragma once

#include "shelf/changes.hpp"
#include "shelf/database.hpp"

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace shelf {

/// What one batch changed, in all tables of a database. A transaction is in one batch.
class database_change_batch {
 public:
  /// Behind this batch: a feed from here starts with the next one.
  position at;

  /// Whether no batch came within the time that next() waited.
  [[nodiscard]] bool empty() const noexcept { return told_.empty(); }
  /// Whether it changed this table.
  template <class K, class V, kind Kind>
  [[nodiscard]] bool touches(const table<K, V, Kind>& which) const noexcept;
  /// What it changed in this table.
  template <class K, class V, kind Kind>
  [[nodiscard]] change_batch<K, V> of(const table<K, V, Kind>& which) const;

 private:
  friend class database_feed;

  /// A change and its bytes.
  struct kept_change {
    detail::told_change told;
    std::unique_ptr<std::byte[]> held;
  };
  void keep(const detail::told_change& c);

  std::vector<kept_change> told_;
};

/// The changes of all tables of a database. See change_feed.
/// Thread safety: one thread at a time; many feeds may follow the same database.
class database_feed {
 public:
  /// Made by database::changes.
  explicit database_feed(std::unique_ptr<detail::feed_core> core) noexcept
      : core_(std::move(core)) {}

  /// As change_feed::next, for the batches that changed any table.
  [[nodiscard]] result<database_change_batch> next(
      std::chrono::nanoseconds timeout = std::chrono::nanoseconds(0));
  /// Behind the last batch that next() returned.
  [[nodiscard]] shelf::position position() const noexcept { return core_->position(); }
  /// As change_feed::event_fd.
  [[nodiscard]] result<int> event_fd() { return core_->event_fd(); }

 private:
  std::unique_ptr<detail::feed_core> core_;
};

// --- bodies --------------------------------------------------------------------------------------

template <class K, class V, kind Kind>
bool database_change_batch::touches(const table<K, V, Kind>& which) const noexcept {
  for (const auto& c : told_) {
    if (c.told.table == &detail::table_access::core_of(which)) return true;
  }
  return false;
}

template <class K, class V, kind Kind>
change_batch<K, V> database_change_batch::of(const table<K, V, Kind>& which) const {
  using inner = detail::table_access;
  change_batch<K, V> batch{.at = at, .event = table_event::none, .changes = {}};
  for (const auto& c : told_) {
    if (c.told.table != &inner::core_of(which)) continue;
    detail::add_told(c.told, inner::rules_of(which), batch);
  }
  return batch;
}

/// Copies the bytes, which live no longer than the call.
inline void database_change_batch::keep(const detail::told_change& c) {
  const auto size_of = [](const std::optional<bytes>& b) { return b ? b->size() : 0; };
  const auto size = c.key.size() + size_of(c.before) + size_of(c.after);
  kept_change kept{.told = c, .held = std::make_unique<std::byte[]>(size)};
  auto* to = kept.held.get();
  const auto move_in = [&to](bytes& piece) {
    for (std::size_t i = 0; i < piece.size(); ++i) to[i] = piece[i];
    piece = bytes(to, piece.size());
    to += piece.size();
  };
  move_in(kept.told.key);
  if (kept.told.before) move_in(*kept.told.before);
  if (kept.told.after) move_in(*kept.told.after);
  told_.push_back(std::move(kept));
}

inline result<database_change_batch> database_feed::next(std::chrono::nanoseconds timeout) {
  database_change_batch batch;
  const auto told = core_->next(timeout, [&](const detail::told_change& c) { batch.keep(c); });
  if (!told) return std::unexpected(told.error());
  batch.at = core_->position();
  return batch;
}

inline result<database_feed> database::changes() const { return changes(change_options{}); }

inline result<database_feed> database::changes(const change_options& options) const {
  auto core = detail::open_feed(*core_, options);
  if (!core) return std::unexpected(core.error());
  return database_feed(std::move(*core));
}

}  // namespace shelf
