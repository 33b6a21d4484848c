// KINDS  api -> engine -> [kinds] -> memory -> file
// The entries of a table that is bounded: how much room they take, and which go first.
#pragma once

#include "kinds/entry.hpp"
#include "memory/byte_count.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace shelf::kinds {

/// Prints of keys that were evicted, so that one that comes back soon is known again.
///
/// Buckets of four, the oldest print of a bucket makes room. A print that two keys share, or one
/// that was pushed out early, costs a worse choice and no more.
class ghost_list {
 public:
  explicit ghost_list(memory::byte_count& held) noexcept : held_(held) {}
  ghost_list(const ghost_list&) = delete;
  ghost_list& operator=(const ghost_list&) = delete;
  ~ghost_list();

  /// Room for about so many prints. What it holds is forgotten if it grows. Throws std::bad_alloc.
  void reserve(std::size_t count);
  void add(std::uint64_t hash) noexcept;
  /// Whether the print was there; it is not any more.
  [[nodiscard]] bool take(std::uint64_t hash) noexcept;

 private:
  static constexpr std::size_t ways = 4;
  [[nodiscard]] std::uint32_t* bucket_of(std::uint64_t hash) noexcept {
    return prints_.data() + (hash % (prints_.size() / ways)) * ways;
  }

  memory::byte_count& held_;
  std::vector<std::uint32_t> prints_;  ///< 0: none
};

/// Entries in the order of their coming, in a ring that knows the place of each. Taking one out
/// leaves a hole.
class entry_ring {
 public:
  explicit entry_ring(memory::byte_count& held) noexcept : held_(held) {}
  entry_ring(const entry_ring&) = delete;
  entry_ring& operator=(const entry_ring&) = delete;
  ~entry_ring();

  /// Room for so many entries in all, and not much more. Throws std::bad_alloc.
  void reserve(std::size_t count);
  /// Needs room.
  void push(entry* e) noexcept;
  void take_out(entry* e) noexcept;
  /// Another entry in the place of one.
  void replace(entry* old, entry* now) noexcept;
  /// The oldest. There is one.
  [[nodiscard]] entry* front() const noexcept { return slots_[first_]; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  void close_holes() noexcept;
  void move_to(std::vector<entry*> slots) noexcept;

  memory::byte_count& held_;
  std::vector<entry*> slots_;  ///< null: a hole, or not in use
  std::size_t first_ = 0;      ///< in use from here on, round the end
  std::size_t used_ = 0;       ///< holes included; the first is none
  std::size_t size_ = 0;
};

/// What a bounded table holds, changes that are staged included.
///
/// Which entry goes first is decided by S3-FIFO (Yang et al., "FIFO queues are all you need for
/// cache eviction", SOSP 2023) with one bit per entry and a small queue of a fifth: what comes
/// enters the small queue; at its end, it moves to the main queue if it was read meanwhile, and
/// else goes and leaves its print. What comes back while its print is kept enters the main queue at
/// once. At the end of the main queue, an entry that was read goes round again. So one sweep over
/// keys that are read once passes through the small queue, and leaves the main one alone.
///
/// Thread safety: the writer's own; readers only set the bit (entry::note_read).
class residents {
 public:
  /// `share`: bytes of the index that an entry takes. Without `orders` it only counts.
  residents(memory::byte_count& held, std::size_t share, bool orders) noexcept;

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool orders() const noexcept { return orders_; }
  /// What it would count for the entry.
  [[nodiscard]] std::size_t bytes_of(const entry& e) const noexcept;

  /// Room for one more. Throws std::bad_alloc.
  void reserve_one();
  /// Needs room. Entries of a table that orders are resident (entry.hpp).
  void add(entry* e) noexcept;
  /// The place stays; a write counts as a read.
  void replace(entry* old, entry* now) noexcept;
  void remove(entry* e) noexcept;
  /// Takes back: removes `now`, adds `before`, which was there; either may be null. Always has
  /// room.
  void take_back(entry* now, entry* before) noexcept;

  /// The entry that is to go next, other than `spared`; it leaves its print, and whoever asks
  /// erases it. Null: there is none. `is_large`: whether that many entries and bytes are more than
  /// the small queue's share.
  template <class IsLarge>
  [[nodiscard]] entry* next(const entry* spared, const IsLarge& is_large) noexcept {
    for (std::size_t looked = 0;; ++looked) {
      const auto small = small_.size() - (is_in(small_, spared) ? 1 : 0);
      const auto main = main_.size() - (is_in(main_, spared) ? 1 : 0);
      if (small + main == 0) return nullptr;
      const bool from_small = main == 0 || (small != 0 && is_large(small_.size(), small_bytes_));
      auto& queue = from_small ? small_ : main_;
      entry* const e = queue.front();
      // Readers may set bits as fast as they are cleared: once round is enough.
      const bool stays = e == spared || (e->was_read() && looked <= count_);
      if (!stays) {
        if (from_small) leave_print(*e);
        return e;
      }
      if (e != spared) e->forget_read();
      e == spared ? move(e, from_small) : move(e, false);
    }
  }

 private:
  [[nodiscard]] bool is_in(const entry_ring& queue, const entry* e) const noexcept {
    return e != nullptr && e->has_place() && e->is_in_small() == (&queue == &small_);
  }
  void move(entry* e, bool to_small) noexcept;
  void link(entry* e, bool to_small) noexcept;
  void unlink(entry* e) noexcept;
  void leave_print(const entry& e) noexcept;

  const std::size_t share_;
  const bool orders_;
  bool has_evicted_ = false;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
  std::size_t small_bytes_ = 0;
  entry_ring small_;
  entry_ring main_;
  ghost_list ghosts_;
};

}  // namespace shelf::kinds
