// DEMO  the three tables
// The characters themselves, and two ways to find them: by general category and by name.
#pragma once

#include "unicode_data.hpp"

#include <shelf/shelf.hpp>

#include <filesystem>
#include <span>
#include <vector>

namespace demo {

using character_map = shelf::map<char32_t, character>;
using category_bag = shelf::bag<std::string, char32_t>;
using name_index = shelf::ordered_map<std::string, char32_t>;

/// One atomic write: records [from, to) of the data.
struct step {
  std::size_t from = 0;
  std::size_t to = 0;

  [[nodiscard]] std::size_t count() const { return to - from; }
};

/// The order in which the records are written: many single ones, then a large batch, and so on.
[[nodiscard]] std::vector<step> steps_over(std::size_t records);

/// Three tables in three files, written through: what is acknowledged survives a kill.
struct database {
  character_map characters;
  category_bag categories;
  name_index names;

  [[nodiscard]] static database open(const std::filesystem::path& directory);

  /// Writes these records to all three tables: one record as single inserts, more as one atomic
  /// batch per table. Returns once all three have acknowledged. Throws shelf::exception.
  void write(std::span<const record> some);
  void close();
};

/// The path of the table of characters.
[[nodiscard]] std::filesystem::path characters_file(const std::filesystem::path& directory);

}  // namespace demo
