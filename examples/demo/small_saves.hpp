// DEMO  chapter five: small saves
// In write-back mode the cost of a save depends on what changed, not on the table's size.
#pragma once

#include "unicode_data.hpp"

#include <filesystem>

namespace demo {

void show_small_saves(const unicode_data& data, const std::filesystem::path& directory);

}  // namespace demo
