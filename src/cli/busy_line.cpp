// CLI  [cli] -> api -> table -> journal -> file
// Drawn once a second.
#include "cli/busy_line.hpp"

#include <chrono>
#include <cstdio>

namespace shelf::cli {

busy_line::busy_line(std::string doing, bool seen) : doing_(std::move(doing)) {
  if (seen) drawing_ = std::jthread([this](const std::stop_token& ended) { draw(ended); });
}

void busy_line::draw(const std::stop_token& ended) {
  std::unique_lock lock(mutex_);
  for (int seconds = 1;; ++seconds) {
    waiting_.wait_for(lock, ended, std::chrono::seconds(1), [] { return false; });
    if (ended.stop_requested()) {
      if (seconds > 1) std::fputs("\r\x1b[K", stderr);
      return;
    }
    std::fprintf(stderr, "\r%s: %d s\x1b[K", doing_.c_str(), seconds);
    std::fflush(stderr);
  }
}

}  // namespace shelf::cli
