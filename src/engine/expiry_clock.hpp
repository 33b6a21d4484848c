// ENGINE  api -> [engine] -> stores -> journal -> file
// What time it is for deadlines: for reads at once, for the sweep only once it can be trusted.
#pragma once

#include "file/system.hpp"
#include "kinds/entry.hpp"
#include "shelf/expiry.hpp"

#include <atomic>
#include <chrono>
#include <optional>

namespace shelf::engine {

using kinds::deadline;
using kinds::no_deadline;

/// The clock of a database.
///
/// What is swept is gone, so a wall clock that was set wrongly must not sweep. trusted() is the
/// wall clock as long as it goes with the steady one; after a jump the earlier of the two, until
/// the new time has stood for the grace time. At first nothing is trusted.
///
/// Thread safety: from any thread; trusted() one thread at a time.
class expiry_clock {
 public:
  /// `given` may be null: then the system is asked.
  expiry_clock(const clock* given, file::system& system, std::chrono::milliseconds grace) noexcept
      : given_(given), system_(system), grace_(grace.count()) {}

  /// Milliseconds since 1970 by the wall clock; 0 before.
  [[nodiscard]] deadline now() const noexcept {
    const auto at = wall();
    return at > 0 ? static_cast<deadline>(at) : 0;
  }
  /// As far as it is certain that time has come; 0 if it is not known. To be called now and then,
  /// for it sees a jump only when it looks.
  [[nodiscard]] deadline trusted() noexcept;

  /// Some entry has or had a deadline, or is about to be written with one. Until then no write and
  /// no snapshot has to look for any.
  [[nodiscard]] bool is_needed() const noexcept {
    return is_needed_.load(std::memory_order_relaxed);
  }
  void note_need() const noexcept { is_needed_.store(true, std::memory_order_relaxed); }

 private:
  [[nodiscard]] std::int64_t wall() const noexcept;
  [[nodiscard]] std::int64_t steady() const noexcept;

  const clock* given_;
  file::system& system_;
  const std::int64_t grace_;               ///< milliseconds, as all of these
  std::optional<std::int64_t> offset_;     ///< of the wall clock from the steady one, trusted
  std::optional<std::int64_t> candidate_;  ///< another one,
  std::int64_t since_ = 0;                 ///< seen since then on the steady clock
  mutable std::atomic<bool> is_needed_{false};
};

}  // namespace shelf::engine
