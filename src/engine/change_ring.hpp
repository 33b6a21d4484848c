// ENGINE  api -> [engine] -> stores -> journal -> file
// The latest changes of a database as bytes in memory, oldest dropped first.
#pragma once

#include "journal/change.hpp"
#include "kinds/contents.hpp"
#include "shelf/detail/feed_core.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>

namespace shelf::engine {

using kinds::sequence;

class live_table;

/// What the flags of an erase say.
[[nodiscard]] constexpr change_cause cause_of(std::uint8_t flags) noexcept {
  const auto cause = flags & journal::flag::cause;
  if (cause == journal::flag::expired) return change_cause::expired;
  return cause == journal::flag::evicted ? change_cause::evicted : change_cause::user;
}

/// A change of a group, noted in the turn. Its bytes live until its tables settle.
struct noted_change {
  const live_table* of = nullptr;
  table_event event = table_event::none;  ///< then it has no key
  change_cause cause = change_cause::user;
  bytes key = {};
  std::optional<bytes> before = {};
  std::optional<bytes> after = {};
};

/// Batches as they were published, one behind the other in chunks of memory. What was appended
/// never moves and never changes, so whoever holds its chunk reads it without a lock.
///
/// Invariant: it holds every batch with a number above begin(), and none up to it.
///
/// Thread safety: none of its own; see observers.
class change_ring {
 public:
  static constexpr std::size_t capacity = std::size_t{4} << 20;  // bytes

  /// Memory of consecutive batches.
  struct chunk {
    explicit chunk(std::size_t room)
        : bytes(std::make_unique_for_overwrite<std::byte[]>(room)), size(room) {}
    const std::unique_ptr<std::byte[]> bytes;
    const std::size_t size;
    std::size_t used = 0;
    sequence last = 0;  ///< the number of its last batch
  };
  /// How far somebody has read.
  struct cursor {
    sequence seen = 0;  ///< the last batch
    std::shared_ptr<const chunk> in = nullptr;
    std::size_t at = 0;  ///< of the next batch, or the end
  };
  /// A batch that was found. The bytes live as long as the chunk that the cursor holds.
  struct found_batch {
    sequence number = 0;
    bytes changes;
  };

  /// From here on it holds every batch after `last`.
  void begin_after(sequence last) noexcept;
  /// Appends a batch, and drops what there is no more room for. One that is larger than the ring,
  /// or for which there is no memory, is dropped with all before it. Returns its size in bytes.
  std::size_t append(sequence number, std::span<const noted_change> changes) noexcept;
  /// The next batch up to number `until`. False: the batch after `c.seen` is no longer here.
  [[nodiscard]] bool find(cursor& c, sequence until, std::optional<found_batch>& found) const;
  /// Passes over the batch that was found last.
  static void pass(cursor& c, const found_batch& b) noexcept;
  /// Takes the first change off the bytes of a batch.
  [[nodiscard]] static noted_change take_change(bytes& from) noexcept;

  [[nodiscard]] sequence begin() const noexcept { return begin_; }

 private:
  [[nodiscard]] std::byte* make_room(std::size_t size);
  void drop_old() noexcept;

  std::deque<std::shared_ptr<chunk>> chunks_;
  std::size_t held_ = 0;  ///< bytes of all chunks
  sequence begin_ = 0;
};

}  // namespace shelf::engine
