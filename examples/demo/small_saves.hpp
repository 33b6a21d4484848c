// DEMO  chapter four: small saves
// In write-back mode a save costs what changed, not what is there.
#pragma once

#include "unicode_data.hpp"

#include <filesystem>

namespace demo {

void show_small_saves(const unicode_data& data, const std::filesystem::path& directory);

}  // namespace demo
