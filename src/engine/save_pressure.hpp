// ENGINE  api -> [engine] -> stores -> journal -> file
// How much a write-back database may have unsaved before the background saves, and before writers
// have to.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace shelf::engine {

/// From `save_at` unsaved bytes on a save is due; from twice as many on writers save before they
/// write more. After a save that failed they go on for another `save_at` bytes.
///
/// Thread safety: is_high from any thread; all else by the holder of the turn.
class save_pressure {
 public:
  /// 0: there is no limit.
  explicit save_pressure(std::size_t save_at) noexcept
      : save_at_(save_at), high_at_(above(save_at)) {}

  [[nodiscard]] bool has_limit() const noexcept { return save_at_ != 0; }
  [[nodiscard]] bool is_high() const noexcept { return is_high_.load(std::memory_order_relaxed); }

  enum class news : std::uint8_t {
    none,
    save_is_due,  ///< since this write
  };
  /// So much more is unsaved. `unsaved` counts what is, which this does not know exactly.
  template <class Count>
  [[nodiscard]] news add(std::size_t bytes, Count unsaved) noexcept {
    about_ += bytes;
    if (about_ < save_at_) [[likely]]
      return news::none;
    about_ = unsaved();
    if (about_ >= high_at_) is_high_.store(true, std::memory_order_relaxed);
    if (about_ < save_at_ || is_due_) return news::none;
    is_due_ = true;
    return news::save_is_due;
  }
  /// A save has ended, and so much is unsaved now.
  void settle(std::size_t unsaved, bool is_saved) noexcept {
    about_ = unsaved;
    high_at_ = above(is_saved ? save_at_ : unsaved);
    is_due_ = false;
    is_high_.store(unsaved >= high_at_, std::memory_order_relaxed);
  }

 private:
  /// `bytes` and the limit together.
  [[nodiscard]] std::size_t above(std::size_t bytes) const noexcept {
    constexpr auto most = std::numeric_limits<std::size_t>::max();
    return bytes > most - save_at_ ? most : bytes + save_at_;
  }

  const std::size_t save_at_;
  std::size_t high_at_;
  std::size_t about_ = 0;  ///< unsaved
  bool is_due_ = false;
  std::atomic<bool> is_high_{false};
};

}  // namespace shelf::engine
