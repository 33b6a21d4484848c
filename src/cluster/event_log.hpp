// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// What has happened to a replica, for those who ask.
#pragma once

#include "shelf/cluster.hpp"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

namespace shelf::cluster {

/// The last events. Thread safety: all calls from any thread.
class event_log {
 public:
  void add(event e);
  /// Nobody waits any more.
  void close();
  /// The number of the next event.
  [[nodiscard]] std::uint64_t end() const;
  /// The first event that is kept from that number on, which becomes the one behind it. Nothing, if
  /// there is none in time.
  [[nodiscard]] std::optional<event> next(std::uint64_t& number,
                                          std::chrono::steady_clock::time_point until);

 private:
  mutable std::mutex mutex_;
  std::condition_variable added_;
  std::deque<event> events_;  ///< guarded by mutex_, as are the next
  std::uint64_t first_ = 0;   ///< the number of the first of them
  bool is_closed_ = false;
};

/// A place in the log.
class event_reader {
 public:
  explicit event_reader(std::shared_ptr<event_log> from)
      : from_(std::move(from)), number_(from_->end()) {}
  [[nodiscard]] std::optional<event> next(std::chrono::milliseconds wait) {
    return from_->next(number_, std::chrono::steady_clock::now() + wait);
  }

 private:
  std::shared_ptr<event_log> from_;
  std::uint64_t number_;
};

}  // namespace shelf::cluster
