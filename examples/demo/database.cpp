// DEMO  the three tables
// Opening and writing them.
#include "database.hpp"

#include <algorithm>

namespace demo {
namespace {

constexpr std::size_t singles_between_batches = 400;
constexpr std::size_t batch_size = 4000;

template <class Table>
Table open_table(const std::filesystem::path& file) {
  return shelf::or_throw(Table::open({.path = file.string()}));
}

}  // namespace

std::vector<step> steps_over(std::size_t records) {
  std::vector<step> steps;
  std::size_t singles = 0;
  for (std::size_t at = 0; at < records;) {
    const bool is_batch = singles == singles_between_batches;
    singles = is_batch ? 0 : singles + 1;
    const auto to = std::min(records, at + (is_batch ? batch_size : 1));
    steps.push_back({at, to});
    at = to;
  }
  return steps;
}

std::filesystem::path characters_file(const std::filesystem::path& directory) {
  return directory / "characters.shelf";
}

database database::open(const std::filesystem::path& directory) {
  return {.characters = open_table<character_map>(characters_file(directory)),
          .categories = open_table<category_bag>(directory / "categories.shelf"),
          .names = open_table<name_index>(directory / "names.shelf")};
}

void database::write(std::span<const record> some) {
  using shelf::or_throw;
  if (some.size() == 1) {
    const auto& [code, c] = some.front();
    or_throw(characters.insert(code, c));
    or_throw(categories.insert(c.category, code));
    or_throw(names.insert(c.name, code));
    return;
  }
  std::vector<std::pair<std::string, char32_t>> by_category;
  std::vector<std::pair<std::string, char32_t>> by_name;
  for (const auto& [code, c] : some) {
    by_category.emplace_back(c.category, code);
    by_name.emplace_back(c.name, code);
  }
  or_throw(characters.insert_range(some));
  or_throw(categories.insert_range(by_category));
  or_throw(names.insert_range(by_name));
}

void database::close() {
  shelf::or_throw(characters.close());
  shelf::or_throw(categories.close());
  shelf::or_throw(names.close());
}

}  // namespace demo
