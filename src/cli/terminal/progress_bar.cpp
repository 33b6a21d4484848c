// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Ten times a second at most.
#include "cli/terminal/progress_bar.hpp"

#include "cli/terminal/console.hpp"
#include "cli/terminal/display_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace shelf::cli {
namespace {

using std::chrono::milliseconds;

[[nodiscard]] milliseconds patience() {
  static const char* const told = std::getenv("SHELF_PROGRESS_AFTER_MS");
  return milliseconds(told == nullptr ? 1000 : std::atoi(told));
}

/// A command of many short steps takes as long as one of a long step, so all bars count from the
/// first.
[[nodiscard]] std::chrono::steady_clock::time_point first_began() {
  static const auto first = std::chrono::steady_clock::now();
  return first;
}

}  // namespace

progress_bar::progress_bar(const std::string& doing, bool seen)
    : doing_(printable(doing)), seen_(seen), next_(first_began() + patience()) {}

progress_bar::progress_bar(progress_bar&& other) noexcept
    : doing_(std::move(other.doing_)),
      seen_(std::exchange(other.seen_, false)),
      shown_(std::exchange(other.shown_, false)),
      started_(other.started_),
      next_(other.next_) {}

void progress_bar::update(std::uint64_t done, std::uint64_t of) {
  if (!seen_) return;
  const auto now = clock::now();
  if (now < next_) return;
  if (is_dumb_terminal()) return write_plain(done, of);
  next_ = now + std::min(milliseconds(100), patience());
  shown_ = true;
  const auto seconds = std::chrono::duration<double>(now - started_).count();
  std::string line;
  if (of == 0) {
    line = fmt::format("{}: {} in {:.0f} s", doing_, done, seconds);
  } else {
    constexpr std::size_t length = 30;
    const auto part = std::min(1.0, static_cast<double>(done) / static_cast<double>(of));
    const auto full = static_cast<std::size_t>(part * length);
    const auto left = part > 0 ? seconds / part - seconds : 0.0;
    line = fmt::format("{} [{:#<{}}{:.<{}}] {:3.0f} %, {:.0f} s left", doing_, "", full, "",
                       length - full, part * 100, left);
  }
  std::fprintf(stderr, "\r%s\x1b[K", line.c_str());
  std::fflush(stderr);
}

/// Lines cannot be drawn over here, so there are few of them.
void progress_bar::write_plain(std::uint64_t done, std::uint64_t of) {
  next_ = clock::now() + 10 * patience();
  const auto far =
      of == 0
          ? fmt::format("{}", done)
          : fmt::format("{:.0f} %", 100.0 * static_cast<double>(done) / static_cast<double>(of));
  std::fprintf(stderr, "%s: %s\n", doing_.c_str(), far.c_str());
}

void progress_bar::clear() noexcept {
  if (!std::exchange(shown_, false)) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
}

void progress_bar::give_way() noexcept {
  if (!seen_) return;
  clear();
  next_ = clock::now() + patience();
}

progress told_to(progress_bar& bar) {
  return [&bar](std::uint64_t done, std::uint64_t of) { bar.update(done, of); };
}

}  // namespace shelf::cli
