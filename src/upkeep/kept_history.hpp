// UPKEEP  cli -> rows -> [upkeep] -> engine -> stores -> journal -> file
// The changes that a file keeps, for programs that write to any file and must not lose them.
#pragma once

#include "shelf/config.hpp"
#include "shelf/error.hpp"

#include <string>

namespace shelf::detail {

/// What config.history has to be so that a writer keeps every change that the file has. Nothing, if
/// its writers keep none. Errors: those of describe.
[[nodiscard]] result<history> kept_history(const std::string& path);

}  // namespace shelf::detail
