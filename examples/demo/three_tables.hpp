// DEMO  chapter one: three tables
// The database goes into a map, a bag and an ordered map; then they are asked.
#pragma once

#include "unicode_data.hpp"

#include <filesystem>

namespace demo {

void show_three_tables(const unicode_data& data, const std::filesystem::path& directory);

}  // namespace demo
