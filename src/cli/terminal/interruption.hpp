// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Ctrl-C put off until what was made has been cleared away.
#pragma once

#include <array>
#include <atomic>
#include <csignal>

namespace shelf::cli {

/// While it lives, SIGINT, SIGTERM and SIGHUP are only noted. The destructor lets them through: a
/// process that was told to end then ends as it would have. One at a time.
class interruption {
 public:
  interruption();
  ~interruption();
  interruption(const interruption&) = delete;
  interruption& operator=(const interruption&) = delete;

  /// True once one of them has come. Any thread.
  [[nodiscard]] bool has_come() const noexcept { return noted_ != 0; }

 private:
  static constexpr std::array<int, 3> signals{SIGINT, SIGTERM, SIGHUP};
  static void note(int signal) { noted_ = signal; }

  inline static std::atomic<int> noted_ = 0;
  static_assert(std::atomic<int>::is_always_lock_free);
  std::array<struct sigaction, signals.size()> before_{};
};

}  // namespace shelf::cli
