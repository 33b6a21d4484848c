// FILE  api -> engine -> stores -> journal -> [file]
// Raising and lowering an eventfd.
#include "file/event_descriptor.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace shelf::file {

os_result<event_descriptor> event_descriptor::make() noexcept {
  const int raw = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (raw < 0) return std::unexpected(errno);
  return event_descriptor(raw);
}

event_descriptor::~event_descriptor() {
  if (raw_ >= 0) (void)::close(raw_);
}

void event_descriptor::raise() noexcept {
  if (!std::exchange(is_up_, true)) (void)::eventfd_write(raw_, 1);
}

void event_descriptor::lower() noexcept {
  eventfd_t ignored = 0;
  if (std::exchange(is_up_, false)) (void)::eventfd_read(raw_, &ignored);
}

}  // namespace shelf::file
