// API  [api] -> engine -> stores -> journal -> file
// The border of feeds and watches: changes as encoded bytes.
#pragma once

#include "shelf/detail/core.hpp"
#include "shelf/detail/database_core.hpp"
#include "shelf/position.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include "shelf/detail/clock.hpp"

namespace shelf {

/// When a feed shows a batch.
enum class change_level : std::uint8_t {
  written,  ///< as soon as readers of the table see it
  durable,  ///< as soon as it also survives a power failure; write_mode::back: once it is saved
};

/// Who made a change.
enum class change_cause : std::uint8_t {
  user,     ///< a call of the program
  expired,  ///< the entry had expired, and was swept
  evicted,  ///< the entry made room for another; see size_bounds
};

/// What a batch did to all entries of a table at once, before its changes.
enum class table_event : std::uint8_t {
  none,
  cleared,  ///< clear() erased everything there was
  reset,    ///< reload() replaced everything there was, by what only a snapshot can tell
};

/// Where a feed starts: at a position, with the next batch, or with the oldest batch that is kept.
class change_start {
 public:
  /// Behind this position: the first batch is the one after it.
  constexpr change_start(const position& behind) noexcept
      : behind_(behind) {}  // NOLINT: it is a start
  /// The first batch is the next one that is written.
  static const change_start now;
  /// The first batch is the oldest one that is kept, in the file or in memory.
  static const change_start oldest;

  /// Empty: now or oldest.
  [[nodiscard]] const std::optional<position>& behind() const noexcept { return behind_; }
  /// Whether it is `oldest`.
  [[nodiscard]] bool is_oldest() const noexcept { return is_oldest_; }

 private:
  explicit constexpr change_start(bool is_oldest) noexcept : is_oldest_(is_oldest) {}

  std::optional<position> behind_;
  bool is_oldest_ = false;
};
inline constexpr change_start change_start::now{false};
inline constexpr change_start change_start::oldest{true};

/// Options of changes().
struct change_options {
  /// Where to start.
  change_start from = change_start::now;
  /// When to show a batch. Empty: durable if `from` is a position that parse() made (tables in
  /// memory: written), otherwise written. What was durable is never rolled back, so a consumer
  /// that keeps its position outside of the process wants no other.
  std::optional<change_level> level = std::nullopt;
  /// Whether to tell the value that a change replaced or erased, where it is known: changes that
  /// are read from the file have it only with config::history. Erased values of bags are always
  /// told by name.
  bool before = false;
};

namespace detail {

/// One change as a feed tells it. The bytes live as long as the call that tells it.
struct told_change {
  const core* table = nullptr;
  table_event event = table_event::none;  ///< then there is no key
  change_cause cause = change_cause::user;
  bytes key = {};
  std::optional<bytes> before = {};
  std::optional<bytes> after = {};
};

/// A feed over encoded bytes. Thread safety: one thread at a time.
class feed_core {
 public:
  virtual ~feed_core() = default;
  /// Waits for the next batch that concerns the feed, and calls `f` with each change of it. False
  /// after `timeout`. Errors: cursor_lost, table_closed, forked. std::bad_alloc out of `f` leaves
  /// the batch to be told again.
  [[nodiscard]] virtual result<bool> next(std::chrono::nanoseconds timeout,
                                          function_ref<void(const told_change&)> f) = 0;
  /// Behind the last batch that was told or passed over.
  [[nodiscard]] virtual shelf::position position() const noexcept = 0;
  [[nodiscard]] virtual result<int> event_fd() = 0;
};

/// A feed of one table, or of all tables of a database. Errors: table_closed, forked, cursor_lost,
/// invalid_argument.
[[nodiscard]] result<std::unique_ptr<feed_core>> open_feed(const core& of,
                                                           const change_options& options);
[[nodiscard]] result<std::unique_ptr<feed_core>> open_feed(database_core& of,
                                                           const change_options& options);

/// What a key has. Thread safety: one thread at a time.
class watch_core {
 public:
  virtual ~watch_core() = default;
  /// Waits until the key has other values than the last call showed; then, or after `timeout`,
  /// calls `f` with each value it has. Whether they are others. Errors: table_closed, forked.
  [[nodiscard]] virtual result<bool> wait(std::chrono::nanoseconds timeout,
                                          function_ref<void(bytes)> f) = 0;
};

/// Errors: table_closed, forked.
[[nodiscard]] result<std::unique_ptr<watch_core>> open_watch(const core& of, bytes key);

}  // namespace detail
}  // namespace shelf
