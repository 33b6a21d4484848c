// API  [api] -> engine -> stores -> journal -> file
// The version of these headers; CMakeLists.txt reads it here. Only packaging/vcpkg/vcpkg.json must
// repeat it, which a test compares.
#pragma once

#include "shelf/detail/language.hpp"

#include <string_view>

namespace shelf {

/// The version of the headers as "major.minor.patch". Minor versions below 1.0 may break programs.
inline constexpr std::string_view version = "0.1.0";

}  // namespace shelf
