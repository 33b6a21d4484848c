// FILE  api -> engine -> stores -> journal -> [file]
// Who holds the flock of a file, as far as /proc tells.
#pragma once

#include <cstdint>

namespace shelf::file {

/// The process that took the flock of the file `fd` is open on; 0 if none is known. Advice only: it
/// may have ended.
std::int64_t flock_holder(int fd);

}  // namespace shelf::file
