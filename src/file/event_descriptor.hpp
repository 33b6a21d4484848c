// FILE  api -> engine -> stores -> journal -> [file]
// A descriptor that polls readable while it is raised: how a program's event loop hears of changes.
#pragma once

#include "file/system.hpp"

namespace shelf::file {

/// An eventfd, closed with this. Not a file: a simulated disk has no part in it.
/// Thread safety: one thread at a time.
class event_descriptor {
 public:
  /// The error is an errno.
  [[nodiscard]] static os_result<event_descriptor> make() noexcept;
  event_descriptor(event_descriptor&& other) noexcept : raw_(other.raw_), is_up_(other.is_up_) {
    other.raw_ = -1;
  }
  event_descriptor& operator=(event_descriptor&&) = delete;
  ~event_descriptor();

  /// Costs a system call if it is not raised already.
  void raise() noexcept;
  /// Costs a system call if it is raised.
  void lower() noexcept;
  [[nodiscard]] int raw() const noexcept { return raw_; }

 private:
  explicit event_descriptor(int raw) noexcept : raw_(raw) {}

  int raw_;
  bool is_up_ = false;
};

}  // namespace shelf::file
