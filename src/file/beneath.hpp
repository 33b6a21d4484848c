// FILE  api -> engine -> stores -> journal -> [file]
// Opening a directory without ever leaving the one we start from.
#pragma once

#include "file/system.hpp"

#include <string_view>

namespace shelf::file {

/// Opens directory `path` below `base` with openat2(RESOLVE_BENEATH): EXDEV if it leads out, ENOSYS
/// on kernels before 5.6.
os_result<int> open_beneath_by_kernel(int base, std::string_view path);

/// The same by hand, one component at a time, each opened without following links and each link
/// read and walked in turn. Holds every directory from `base` down to where it stands, so ".." is a
/// step back along the way it came and never a question to the file system: whatever is renamed
/// meanwhile, it cannot climb out.
os_result<int> open_beneath_by_hand(int base, std::string_view path);

}  // namespace shelf::file
