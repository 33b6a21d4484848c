// ENGINE  api -> [engine] -> stores -> journal -> file
// Snapshots: one pinned version of a database, and what its tables show of it.
#pragma once

#include "engine/observers.hpp"
#include "file/system.hpp"
#include "kinds/contents.hpp"
#include "kinds/versions.hpp"
#include "shelf/detail/core.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <set>

namespace shelf::engine {

using kinds::contents;
using kinds::deadline;
using kinds::entry;
using kinds::ordered_contents;
using kinds::sequence;
using kinds::walker;

/// How old the living snapshots are. Shared by the database and its snapshots; no writer ever takes
/// its mutex. In a forked child it is left alone: a thread of the parent may hold the mutex.
class snapshot_registry {
 public:
  /// `observed_by`: whom positions are for; null where there are no changes.
  explicit snapshot_registry(std::shared_ptr<observers> observed_by = nullptr) noexcept
      : observers_(std::move(observed_by)) {}
  [[nodiscard]] shelf::position position_at(sequence version) const noexcept;
  using ticket = std::multiset<std::chrono::nanoseconds>::const_iterator;
  [[nodiscard]] ticket enter(std::chrono::nanoseconds now);
  void leave(ticket t) noexcept;
  [[nodiscard]] std::size_t count() const;
  /// Age of the oldest, zero if there is none.
  [[nodiscard]] std::chrono::nanoseconds oldest_age(std::chrono::nanoseconds now) const;

 private:
  const std::shared_ptr<observers> observers_;
  const file::process_stamp process_;
  mutable std::mutex mutex_;
  std::multiset<std::chrono::nanoseconds> made_;
};

/// A version of all tables, pinned and registered as long as this lives; outlives the database.
class pinned_version {
 public:
  /// Throws std::bad_alloc.
  pinned_version(std::shared_ptr<kinds::version_board> board,
                 std::shared_ptr<snapshot_registry> registry, std::chrono::nanoseconds now);
  pinned_version(const pinned_version&) = delete;
  pinned_version& operator=(const pinned_version&) = delete;
  ~pinned_version();
  [[nodiscard]] sequence at() const noexcept { return pin_.at; }
  [[nodiscard]] shelf::position position() const noexcept { return registry_->position_at(at()); }
  /// What time it is for its entries. Before it is shared.
  void set_now(deadline now) noexcept { now_ = now; }
  [[nodiscard]] deadline now() const noexcept { return now_; }

 private:
  const std::shared_ptr<kinds::version_board> board_;
  const std::shared_ptr<snapshot_registry> registry_;
  snapshot_registry::ticket ticket_;
  kinds::version_board::pin_place pin_;
  deadline now_ = 0;
};

/// The first entry from there on, in the direction of `where`, that has not expired; nullptr if
/// there is none. As ordered_contents::seek.
[[nodiscard]] const entry* seek_live(const ordered_contents& in, ordered_contents::place where,
                                     bytes key, sequence at, deadline now) noexcept;

/// Shows a walker's entries; without a time, those too that have expired. Null: there are none.
[[nodiscard]] std::unique_ptr<detail::snapshot_core::walk> show_walk(std::unique_ptr<walker> under,
                                                                     std::optional<deadline> now);

/// What a table shows at a pinned version.
class table_snapshot final : public detail::snapshot_core,
                             public std::enable_shared_from_this<table_snapshot> {
 public:
  /// `identity`: of the table.
  table_snapshot(std::shared_ptr<const pinned_version> at, std::shared_ptr<contents> of, kind what,
                 std::uint64_t identity)
      : pin_(std::move(at)),
        contents_(std::move(of)),
        at_(pin_->at()),
        kind_(what),
        identity_(identity) {}

  [[nodiscard]] const contents& held() const noexcept { return *contents_; }
  [[nodiscard]] sequence version() const noexcept { return at_; }
  [[nodiscard]] kind what() const noexcept { return kind_; }

  std::size_t size() const noexcept override { return contents_->size_at(at_); }
  std::size_t lookup(const detail::sought_key& key,
                     detail::function_ref<void(bytes)> f) const override;
  shelf::position position() const noexcept override { return pin_->position(); }
  std::unique_ptr<walk> entries() const override;
  std::size_t rank(bytes key, bool behind) const override;
  std::unique_ptr<walk> entries(std::size_t from, std::size_t to) const override;
  std::unique_ptr<walk> ranked(std::size_t from, std::size_t to) const override;
  std::uint64_t now() const noexcept override { return pin_->now(); }
  bool seek(detail::place where, bytes key,
            detail::function_ref<void(bytes, bytes)> f) const override;
  bool nth(std::size_t index, detail::function_ref<void(bytes, bytes)> f) const override;
  std::uint64_t identity() const noexcept override { return identity_; }
  std::shared_ptr<const snapshot_core> by_index(const detail::asked_index& index) const override;

 private:
  [[nodiscard]] const ordered_contents& ordered() const noexcept;

  const std::shared_ptr<const pinned_version> pin_;
  const std::shared_ptr<contents> contents_;
  const sequence at_;
  const kind kind_;
  const std::uint64_t identity_;
};

/// Of a table that is closed: nothing is in it. `nothing` is empty, on a board of its own.
[[nodiscard]] std::shared_ptr<const detail::snapshot_core> empty_snapshot(
    kind what, std::shared_ptr<contents> nothing, std::uint64_t identity);

}  // namespace shelf::engine
