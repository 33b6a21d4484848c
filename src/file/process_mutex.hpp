// FILE  api -> engine -> stores -> journal -> [file]
// A mutex that a forked child never waits for.
#pragma once

#include "file/system.hpp"

#include <shared_mutex>

namespace shelf::file {

/// A shared mutex of one process. In a forked child a thread of the parent may hold it for good, so
/// there it can be taken at any time and guards nothing: whoever takes it asks first of all whether
/// this is the child (process_stamp), and then touches nothing.
/// Thread safety: as std::shared_mutex.
class process_mutex {
 public:
  void lock() {
    if (!process_.is_of_parent()) mutex_.lock();
  }
  void unlock() {
    if (!process_.is_of_parent()) mutex_.unlock();
  }
  void lock_shared() {
    if (!process_.is_of_parent()) mutex_.lock_shared();
  }
  void unlock_shared() {
    if (!process_.is_of_parent()) mutex_.unlock_shared();
  }

 private:
  const process_stamp process_;
  std::shared_mutex mutex_;
};

}  // namespace shelf::file
