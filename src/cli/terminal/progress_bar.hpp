// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// A line on a terminal that says how far a long command is.
#pragma once

#include "shelf/progress.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace shelf::cli {

/// Shows itself on standard error once the command has taken a second, if that is a terminal, and
/// takes itself away in the end. SHELF_PROGRESS_AFTER_MS in the environment is another time than a
/// second: tests wait for none. On a dumb terminal it is a plain line now and then. Thread safety:
/// one thread.
class progress_bar {
 public:
  /// `doing`: what is done, such as "reading words.shelf". `seen`: whether anybody looks.
  progress_bar(const std::string& doing, bool seen);
  [[nodiscard]] static progress_bar none() { return {{}, false}; }
  progress_bar(progress_bar&& other) noexcept;
  progress_bar& operator=(progress_bar&&) = delete;
  ~progress_bar() { clear(); }

  /// How much of how much is done; `of` 0: nobody knows how much there is.
  void update(std::uint64_t done, std::uint64_t of);
  void clear() noexcept;
  /// Makes room for a line on the same terminal, and stays away for the next second.
  void give_way() noexcept;

 private:
  using clock = std::chrono::steady_clock;
  void write_plain(std::uint64_t done, std::uint64_t of);

  std::string doing_;
  bool seen_;
  bool shown_ = false;
  clock::time_point started_ = clock::now();
  clock::time_point next_;
};

/// What tells a bar, as long as it is there, how far the library is.
[[nodiscard]] progress told_to(progress_bar& bar);

/// Counts what a walk looks at, and tells of every 256th: to ask for the time costs more than to
/// look.
class walk_count {
 public:
  walk_count(const progress& tell, std::uint64_t of) : tell_(tell), of_(of) {}
  void one_more() {
    if ((++seen_ & 0xFF) == 0 && tell_) tell_(seen_, of_);
  }

 private:
  const progress& tell_;
  std::uint64_t of_;
  std::uint64_t seen_ = 0;
};

}  // namespace shelf::cli
