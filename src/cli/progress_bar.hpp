// CLI  [cli] -> api -> table -> journal -> file
// A line on a terminal that says how far a long command is.
#pragma once

#include "shelf/progress.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace shelf::cli {

/// Shows itself on standard error once a second has passed, if that is a terminal, and takes itself
/// away in the end. Thread safety: one thread.
class progress_bar {
 public:
  /// `doing`: what is done, such as "reading words.shelf". `seen`: whether anybody looks.
  progress_bar(std::string doing, bool seen);
  [[nodiscard]] static progress_bar none() { return {{}, false}; }
  progress_bar(progress_bar&& other) noexcept;
  progress_bar& operator=(progress_bar&&) = delete;
  ~progress_bar() { clear(); }

  /// How much of how much is done; `of` 0: nobody knows how much there is.
  void update(std::uint64_t done, std::uint64_t of);
  void clear() noexcept;

 private:
  using clock = std::chrono::steady_clock;
  std::string doing_;
  bool seen_;
  bool shown_ = false;
  clock::time_point started_ = clock::now();
  clock::time_point next_ = started_ + std::chrono::seconds(1);
};

/// What tells a bar, as long as it is there, how far the library is.
[[nodiscard]] progress told_to(progress_bar& bar);

}  // namespace shelf::cli
