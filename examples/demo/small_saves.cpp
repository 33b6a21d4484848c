// DEMO  chapter four: small saves
// The whole database is saved once; then ever fewer characters are changed and saved.
#include "small_saves.hpp"

#include "database.hpp"
#include "page.hpp"

#include <array>

namespace demo {
namespace {

using shelf::or_throw;

/// Changes every so many-th character, so many in all.
duration change(character_map& table, const unicode_data& data, std::size_t how_many) {
  const auto stride = data.records.size() / how_many;
  return timed([&] {
    for (std::size_t i = 0; i < how_many; ++i) {
      or_throw(table.update(data.records[i * stride].first, [&](character& c) {
        c.comment = fmt::format("change {} of {}", i + 1, how_many);
      }));
    }
  });
}

void save_and_print(character_map& table, std::size_t changed, duration changing) {
  const auto before = or_throw(table.stats()).file_bytes;
  const auto took = timed([&] { or_throw(table.save()); });
  const auto written = or_throw(table.stats()).file_bytes - before;
  const auto share = 100.0 * static_cast<double>(changed) / static_cast<double>(table.size());
  row("{:>16}{:>11}{:>14}{:>16}{:>14}", grouped(changed), fmt::format("{:.3g} %", share),
      time(changing), size(written), time(took));
}

}  // namespace

void show_small_saves(const unicode_data& data, const std::filesystem::path& directory) {
  heading("4  Saving after a small change: write-back, the file hears of it at save()");
  row("         changed      share       in memory   save writes   save takes, with its fsync");
  auto table = or_throw(character_map::open(
      {.path = characters_file(directory).string(), .mode = shelf::write_mode::back}));
  const auto filled = timed([&] { or_throw(table.insert_range(data.records)); });
  save_and_print(table, data.records.size(), filled);
  for (const std::size_t part : {10U, 100U, 1000U}) {
    const auto changed = data.records.size() / part;
    save_and_print(table, changed, change(table, data, changed));
  }
  save_and_print(table, 1, change(table, data, 1));
  or_throw(table.close());
}

}  // namespace demo
