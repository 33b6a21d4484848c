// KINDS  api -> engine -> [kinds] -> memory -> file
// The values of one key of a bag, in insertion order, each with the versions that show it.
#pragma once

#include "kinds/versions.hpp"

#include <algorithm>
#include <cassert>

namespace shelf::kinds {

/// When a value died. Readers of version S see it if it was born at or before S and died after.
inline constexpr sequence still_alive = ~sequence{0};
/// Erased by the batch that is being staged: alive to readers, gone to later changes of the batch.
inline constexpr sequence dying = ~sequence{0} - 1;

/// One value. Its birth is the stamp of its entry.
/// Invariant: readers look at `died` first, at the entry only if it died after their version: the
/// entries of the dead are freed without another word.
struct value_slot {
  std::atomic<entry*> which{nullptr};
  std::atomic<sequence> died{still_alive};

  [[nodiscard]] bool is_alive() const noexcept {
    return died.load(std::memory_order_relaxed) == still_alive;
  }
  [[nodiscard]] entry* get() const noexcept { return which.load(std::memory_order_relaxed); }
};

/// Slots that never move; all chunks of a list before the last are full.
struct value_chunk {
  std::atomic<value_chunk*> next{nullptr};
  std::atomic<std::uint32_t> filled{0};
  std::uint32_t capacity = 0;

  [[nodiscard]] static std::size_t bytes(std::size_t capacity) noexcept {
    return sizeof(value_chunk) + capacity * sizeof(value_slot);
  }
  [[nodiscard]] value_slot* slots() noexcept { return reinterpret_cast<value_slot*>(this + 1); }
  [[nodiscard]] const value_slot* slots() const noexcept {
    return reinterpret_cast<const value_slot*>(this + 1);
  }
  [[nodiscard]] std::uint32_t count() const noexcept {
    return filled.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool is_full() const noexcept { return count() == capacity; }
};

/// Readers walk from `first`; the other members are the writer's own.
struct value_list {
  std::atomic<value_chunk*> first{nullptr};
  value_chunk* last = nullptr;  ///< where the next value goes
  std::size_t slots = 0;        ///< in use, the dead included
  std::size_t live = 0;         ///< as the staged changes leave it
  std::size_t chunks = 0;
  std::size_t unburied = 0;    ///< dead whose entries are still kept
  bool has_pairs = false;      ///< its values are in the index of pairs
  std::uint32_t key_size = 0;  ///< the key's bytes follow

  static constexpr std::size_t header_bytes = 64;
  [[nodiscard]] static std::size_t bytes(std::size_t key_size) noexcept {
    return header_bytes + key_size;
  }
  [[nodiscard]] shelf::bytes key() const noexcept {
    return {reinterpret_cast<const std::byte*>(this) + header_bytes, key_size};
  }

  /// Calls f(slot) for each slot in use, in order, until it says true. The writer's.
  template <class F>
  void each_slot(F&& f) {
    for (auto* c = first.load(std::memory_order_relaxed); c != nullptr;
         c = c->next.load(std::memory_order_relaxed)) {
      for (std::uint32_t i = 0; i < c->count(); ++i) {
        if (f(c->slots()[i])) return;
      }
    }
  }

  /// Calls f(entry) for each value that `at` shows, in order, until it says true. Inside an epoch
  /// guard. The version is fixed only after the list was entered: what was compacted away before
  /// was dead by then.
  template <class F>
  void each_visible(const version_board& board, sequence at, F&& f) const {
    const auto* c = first.load(std::memory_order_acquire);
    const sequence seen = board.bound(at);
    for (; c != nullptr; c = c->next.load(std::memory_order_acquire)) {
      const auto count = c->filled.load(std::memory_order_acquire);
      for (std::uint32_t i = 0; i < count; ++i) {
        const value_slot& slot = c->slots()[i];
        if (slot.died.load(std::memory_order_acquire) <= seen) continue;
        const entry* const e = slot.which.load(std::memory_order_acquire);
        if (e->stamp.load(std::memory_order_acquire) >> 1 <= seen && f(e)) return;
      }
    }
  }
};
static_assert(sizeof(value_list) <= value_list::header_bytes);

}  // namespace shelf::kinds
