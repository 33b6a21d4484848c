// DEMO  chapter one: three tables
// Stores the database in a map, a bag and an ordered map, and queries them.
#pragma once

#include "unicode_data.hpp"

#include <filesystem>

namespace demo {

void show_three_tables(const unicode_data& data, const std::filesystem::path& directory);

}  // namespace demo
