// SUITE  every verb over every kind, write mode and store
// Threads that work on one table until the last of those that have an end has ended.
#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

namespace shelf::suite {

/// Threads that run until the last of those that have an end has ended.
class crowd {
 public:
  ~crowd() { join(); }
  void until_stopped(std::function<void()> f) {
    endless_.emplace_back([this, f = std::move(f)] {
      while (!stop_) f();
    });
  }
  void once(std::function<void()> f) { ending_.emplace_back(std::move(f)); }
  void join() {
    for (auto& t : ending_) t.join();
    ending_.clear();
    stop_ = true;
    for (auto& t : endless_) t.join();
    endless_.clear();
  }

 private:
  std::atomic<bool> stop_ = false;
  std::vector<std::thread> ending_;
  std::vector<std::thread> endless_;
};

}  // namespace shelf::suite
