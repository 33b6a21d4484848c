// KINDS  api -> engine -> [kinds] -> memory -> file
// Where contents have their indexes: those of now, and those that a pinned version was shown with.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>

namespace shelf::kinds {

using sequence = std::uint64_t;
class index_set;
class version_board;

/// The indexes of contents, which an alteration may replace by others while readers go on.
/// Thread safety: now() and what stands for it in the turn, or inside an epoch guard; at() from any
/// thread that has that version pinned; all else in the turn, or before the contents are shown.
class index_place {
 public:
  index_place();
  index_place(const index_place&) = delete;
  index_place& operator=(const index_place&) = delete;
  ~index_place();

  /// Null if there are none.
  [[nodiscard]] index_set* now() const noexcept { return now_.load(std::memory_order_acquire); }
  [[nodiscard]] index_set* operator->() const noexcept { return now(); }
  [[nodiscard]] index_set& operator*() const noexcept { return *now(); }
  [[nodiscard]] explicit operator bool() const noexcept { return now() != nullptr; }
  /// Whether there are some now, or were before: a look that costs next to nothing.
  [[nodiscard]] bool is_used() const noexcept { return now() != nullptr || has_past(); }
  /// Those with which a version was shown; null if it had none.
  [[nodiscard]] std::shared_ptr<index_set> at(sequence version) const;

  /// From the beginning on, before there are readers. Null: none.
  void set(std::shared_ptr<index_set> first) noexcept;
  /// From version `from` on, which comes next. Null: none. `room` is of make_room().
  struct span {
    std::shared_ptr<index_set> set;
    sequence from = 0;
  };
  using room = std::list<span>;
  [[nodiscard]] static room make_room() { return room(1); }
  void replace(std::shared_ptr<index_set> by, sequence from, room&& at) noexcept;
  /// Lets go of what no pin may ask for, and what was replaced.
  void release_unpinned(const version_board& board) noexcept;
  /// Something was replaced that a pin may ask for.
  [[nodiscard]] bool has_past() const noexcept { return has_past_.load(std::memory_order_relaxed); }

 private:
  std::atomic<index_set*> now_{nullptr};
  std::atomic<bool> has_past_{false};
  mutable std::mutex mutex_;
  room all_;  ///< oldest first; never empty. Guarded by mutex_, and changed in the turn alone
};

}  // namespace shelf::kinds
