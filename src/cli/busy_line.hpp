// CLI  [cli] -> api -> table -> journal -> file
// A line on a terminal for a long step that cannot say how far it is.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

namespace shelf::cli {

/// Says what is done and for how long, once a second has passed, and takes itself away in the end.
/// A thread of its own draws it, because the one that works is busy.
class busy_line {
 public:
  /// `doing`: what is done, such as "writing words.shelf". `seen`: whether anybody looks.
  busy_line(std::string doing, bool seen);
  busy_line(const busy_line&) = delete;
  busy_line& operator=(const busy_line&) = delete;

 private:
  void draw(const std::stop_token& ended);

  std::string doing_;
  std::mutex mutex_;
  std::condition_variable_any waiting_;
  std::jthread drawing_;  ///< last: it ends before what it uses
};

}  // namespace shelf::cli
