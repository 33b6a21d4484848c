// KINDS  api -> engine -> [kinds] -> memory -> file
// Which version is published, how large a table is at each, and which somebody holds on to.
#pragma once

#include "kinds/contents.hpp"
#include "kinds/expiry_wheel.hpp"
#include "kinds/residents.hpp"
#include "kinds/unsaved_list.hpp"
#include "memory/limbo.hpp"

#include <array>
#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace shelf::kinds {

/// The number an entry bears while its batch is not published: later than any version.
inline constexpr sequence unpublished = sequence{1} << 62;

/// What is published, and what somebody holds on to; the tables of a database share one.
///
/// Invariant: a pin first says which version it wants, then sees that it is still published; the
/// writer publishes first, then looks at the pins. So a writer that meets no pin below its version
/// may free what only older versions show.
///
/// Thread safety: publish and scan belong to the writer, all else to anyone.
class version_board {
 public:
  explicit version_board(sequence first) noexcept : published_(first) {}
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
  /// Every table that the version changes has been stamped with its number.
  void publish(sequence number) noexcept {
    assert(number > published() && number < unpublished && "versions only grow");
    published_.store(number, std::memory_order_seq_cst);
  }

  struct pin_place {
    sequence at = 0;
    std::size_t slot = 0;
  };
  /// Pins the last published version; never waits. Throws std::bad_alloc.
  [[nodiscard]] pin_place pin();
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

  /// Finds a free slot and writes `wanted` into it.
  std::atomic<sequence>* claim(sequence wanted, std::size_t& index);

  // Readers of every table look at the first, which the writer alone changes; those who pin write
  // the others, which the writer reads. No lock guards them: see the invariant.
  alignas(64) std::atomic<sequence> published_;
  alignas(64) std::atomic<std::size_t> pins_{0};  ///< slots taken or about to be
  std::atomic<std::size_t> unpins_{0};            ///< only grows
  alignas(64) chunk first_;
};

/// How many entries a table has at each version that somebody may ask for.
///
/// Two places by turns: the newest size, and the one before it or the one to come. A size that
/// makes room for a new one is kept aside as long as a pin may ask for it.
///
/// Thread safety: set, reserve and size_to_writer belong to the writer, the others to anyone.
class size_history {
 public:
  /// The size of the table at `published`, 0 so far, and at all versions before.
  size_history() noexcept { places_[0].number.store(0, std::memory_order_relaxed); }

  /// At the version `at`, published or pinned.
  [[nodiscard]] std::size_t at(sequence at) const noexcept;
  /// At the last published version: no reader that has seen a version is told an older size.
  [[nodiscard]] std::size_t latest(const version_board& board) const noexcept;
  [[nodiscard]] std::size_t size_to_writer() const noexcept {
    return places_[current_].size.load(std::memory_order_relaxed);
  }
  /// The number of the last set(). For the writer.
  [[nodiscard]] sequence changed_at() const noexcept {
    return places_[current_].number.load(std::memory_order_relaxed);
  }
  /// The next set() will need no memory.
  void reserve() {
    if (kept_.size() == kept_.capacity()) grow();
  }
  /// From version `number` on, which comes next, there are `change` entries more.
  void set(sequence number, std::ptrdiff_t change, const version_board& board) noexcept {
    const auto& now = places_[current_];
    auto& next = places_[current_ ^ 1];
    assert(number > now.number.load() && "versions only grow");
    assert((change >= 0 || now.size.load() >= static_cast<std::size_t>(-change)) &&
           "no less than 0");
    if (board.pin_count() != 0) keep(next, now.number.load(std::memory_order_relaxed), board);
    const auto size = now.size.load(std::memory_order_relaxed) + static_cast<std::size_t>(change);
    next.number.store(nobody, std::memory_order_release);
    next.size.store(size, std::memory_order_release);
    next.number.store(number, std::memory_order_release);
    current_ ^= 1;
  }
  /// The newest size counts for every version there is.
  void rebase() noexcept;

 private:
  static constexpr sequence nobody = ~sequence{0};
  struct place {
    std::atomic<sequence> number{nobody};
    std::atomic<std::size_t> size{0};
  };
  struct kept_size {
    sequence from;
    sequence until;
    std::size_t size;
  };

  void grow();
  void keep(const place& old, sequence until, const version_board& board) noexcept;
  [[nodiscard]] bool find(sequence at, std::size_t& size) const noexcept;

  std::array<place, 2> places_;  ///< the writer writes, in its turn; anyone reads, and looks twice
  std::size_t current_ = 0;      ///< the writer's own
  mutable std::mutex mutex_;
  std::vector<kept_size> kept_;  ///< guarded by mutex_; only the writer changes it
};

/// What size, pins, bytes and the list of unsaved changes are to all kinds alike. Border is
/// contents or ordered_contents.
template <class Border>
class versioned : public Border {
 public:
  [[nodiscard]] std::size_t size() const noexcept final { return sizes_.latest(*this->board_); }
  [[nodiscard]] std::size_t size_at(sequence at) const noexcept final { return sizes_.at(at); }
  [[nodiscard]] sequence changed_at() const noexcept final { return sizes_.changed_at(); }
  [[nodiscard]] std::size_t memory_bytes() const noexcept final { return held_.value(); }
  [[nodiscard]] std::size_t payload_bytes() const noexcept final { return payload_.value(); }
  [[nodiscard]] std::size_t waiting() const noexcept final { return limbo_.waiting(); }
  [[nodiscard]] expiry_wheel& wheel() noexcept final { return wheel_; }
  [[nodiscard]] const expiry_wheel& wheel() const noexcept final { return wheel_; }
  void track_unsaved(bool wanted) noexcept final {
    assert(wanted || unsaved_.count() + taken_.count() == 0);
    track_unsaved_ = wanted;
    keeps_lists_ = wanted || residents_ != nullptr;
  }
  [[nodiscard]] std::size_t unsaved_count() const noexcept final { return unsaved_.count(); }
  void join(std::shared_ptr<version_board> board) noexcept final {
    assert(this->staged_count() == 0 && this->board_->pin_count() == 0);
    sizes_.rebase();
    this->board_ = std::move(board);
  }

 protected:
  /// `share`: bytes of its index that an entry takes.
  versioned(const contents::options& o, std::size_t share)
      : Border(o),
        limbo_(held_),
        wheel_(held_),
        track_unsaved_(o.track_unsaved),
        keeps_lists_(o.track_unsaved || o.is_bounded),
        unsaved_(held_),
        taken_(held_) {
    wheel_.advance(o.now, 0);
    if (!o.is_bounded) return;
    residents_ = std::make_unique<residents>(held_, share, o.evicts);
    this->population_ = residents_.get();
  }
  ~versioned() override { this->note_released(held_.value()); }

  /// Blocks freed a publish: more than a publish takes out of sight, so that the queue shrinks.
  static constexpr std::size_t freed_a_change = 4;
  /// A batch of more changes gives back the room it needed.
  static constexpr std::size_t large_batch = 1024;

  /// Before an entry is staged: so many are then staged.
  void expect_deadline(const entry& e, std::size_t staged) {
    if (!e.expires()) [[likely]]
      return;
    wheel_.reserve(staged);
    this->has_deadlines_.store(true, std::memory_order_relaxed);
  }
  /// A change is published.
  void relink(entry* before, entry* now) noexcept {
    if (before != nullptr && before->expires()) wheel_.unlink(before);
    if (now != nullptr && now->expires()) wheel_.link(now);
  }

  size_history sizes_;
  memory::byte_count held_;     ///< rounded bytes of all blocks of this table
  memory::byte_count payload_;  ///< key and value bytes of the published entries
  memory::limbo limbo_;
  expiry_wheel wheel_;
  std::unique_ptr<residents> residents_;  ///< of a bounded table
  bool track_unsaved_;
  bool keeps_lists_;      ///< of unsaved changes, or of residents
  unsaved_list unsaved_;  ///< changes since the last save
  unsaved_list taken_;    ///< those that a save is writing
};

}  // namespace shelf::kinds
