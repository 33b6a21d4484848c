// KINDS  api -> engine -> [kinds] -> memory -> file
// Which version of a table is published, how large it is, and which versions somebody holds on to.
#pragma once

#include "kinds/contents.hpp"
#include "memory/limbo.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace shelf::kinds {

/// The number an entry bears while its batch is not published: later than any version.
inline constexpr sequence unpublished = sequence{1} << 62;

/// Published version, sizes, pins.
///
/// Invariant: a pin first says which version it wants, then sees that it is still published; the
/// writer publishes first, then looks at the pins. So a writer that meets no pin below its version
/// may free what only older versions show.
///
/// Thread safety: publish and scan belong to the writer, all else to anyone.
class version_board {
 public:
  explicit version_board(sequence first) noexcept : published_(first) {
    sizes_[0].number.store(first, std::memory_order_relaxed);
  }
  ~version_board();
  version_board(const version_board&) = delete;
  version_board& operator=(const version_board&) = delete;

  [[nodiscard]] sequence published() const noexcept {
    return published_.load(std::memory_order_acquire);
  }
  /// `latest` means what is published now. Call it after what it is to be compared with was loaded.
  [[nodiscard]] sequence bound(sequence at) const noexcept {
    return at == latest ? published() : at;
  }
  /// Entries at the published version, in one step with publishing it: no reader that has seen a
  /// version is told the size of an older one.
  [[nodiscard]] std::size_t size() const noexcept;
  /// The same, for the writer.
  [[nodiscard]] std::size_t size_to_writer() const noexcept {
    return sizes_[current_].size.load(std::memory_order_relaxed);
  }
  void publish(sequence number, std::size_t size) noexcept;

  [[nodiscard]] contents::pinned pin();
  void unpin(std::size_t slot) noexcept;
  [[nodiscard]] std::size_t pin_count() const noexcept {
    return pins_.load(std::memory_order_acquire);
  }

  struct held_versions {
    sequence oldest = latest;   ///< the oldest pinned version
    sequence newest_older = 0;  ///< the newest pinned version below the published one
    bool any_older = false;     ///< there is one below the published one
  };
  [[nodiscard]] held_versions scan() const noexcept;
  /// A version from `from` on and before `until` is pinned.
  [[nodiscard]] bool any_pin_in(sequence from, sequence until) const noexcept;
  /// How often a pin was taken back.
  [[nodiscard]] std::size_t unpin_count() const noexcept {
    return unpins_.load(std::memory_order_acquire);
  }

 private:
  static constexpr sequence nobody = latest;
  static constexpr std::size_t per_chunk = 63;
  struct chunk {
    chunk() noexcept {
      for (auto& slot : at) slot.store(nobody, std::memory_order_relaxed);
    }
    std::array<std::atomic<sequence>, per_chunk> at;
    std::atomic<chunk*> next{nullptr};
  };
  struct size_at {
    std::atomic<sequence> number{nobody};
    std::atomic<std::size_t> size{0};
  };

  /// Finds a free slot and writes `wanted` into it.
  std::atomic<sequence>* claim(sequence wanted, std::size_t& index);
  [[nodiscard]] bool read_size(sequence number, std::size_t& size) const noexcept;

  std::atomic<sequence> published_;
  /// Sizes of the published version and of the one before or after it, by turns: a reader takes the
  /// size from the one that bears its number, and the writer touches only the other.
  std::array<size_at, 2> sizes_;
  std::size_t current_ = 0;  ///< the writer's own
  std::atomic<std::size_t> pins_{0};
  std::atomic<std::size_t> unpins_{0};
  chunk first_;
};

/// What size, pins and bytes are to all kinds alike. Border is contents or ordered_contents.
template <class Border>
class versioned : public Border {
 public:
  [[nodiscard]] std::size_t size() const noexcept final { return board_.size(); }
  [[nodiscard]] sequence published() const noexcept final { return board_.published(); }
  [[nodiscard]] std::size_t memory_bytes() const noexcept final { return held_.value(); }
  [[nodiscard]] std::size_t payload_bytes() const noexcept final { return payload_.value(); }
  [[nodiscard]] contents::pinned pin() final { return board_.pin(); }
  void unpin(const contents::pinned& p) noexcept final { board_.unpin(p.slot); }
  [[nodiscard]] std::size_t pin_count() const noexcept final { return board_.pin_count(); }
  [[nodiscard]] std::size_t waiting() const noexcept final { return limbo_.waiting(); }

 protected:
  explicit versioned(sequence first) : board_(first), limbo_(held_) {}
  ~versioned() override { this->note_released(held_.value()); }

  /// Blocks freed a publish: more than a publish takes out of sight, so that the queue shrinks.
  static constexpr std::size_t freed_a_change = 4;
  /// A batch of more changes gives back the room it needed.
  static constexpr std::size_t large_batch = 1024;

  version_board board_;
  memory::byte_count held_;     ///< rounded bytes of all blocks of this table
  memory::byte_count payload_;  ///< key and value bytes of the published entries
  memory::limbo limbo_;
};

}  // namespace shelf::kinds
