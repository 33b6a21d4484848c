// DEMO  chapter five: small saves
// Saves the whole database once, then changes and saves fewer and fewer characters.
#include "small_saves.hpp"

#include "database.hpp"
#include "page.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace demo {
namespace {

using shelf::or_throw;

constexpr std::size_t repetitions = 7;
using times = std::array<duration, repetitions>;

duration median(times t) {
  std::ranges::nth_element(t, t.begin() + repetitions / 2);
  return t[repetitions / 2];
}

void print_save(std::string_view what, std::size_t changed, duration changing, std::uint64_t bytes,
                duration saving) {
  row("{:18}{:>10}{:>16}{:>16}{:>14}", what, grouped(changed), time(changing), size(bytes),
      time(saving));
}

/// Changes that many characters, evenly distributed.
void change(character_map& table, const unicode_data& data, std::size_t how_many,
            std::size_t round) {
  const auto stride = data.records.size() / how_many;
  for (std::size_t i = 0; i < how_many; ++i) {
    or_throw(table.update(data.records[i * stride].first, [&](character& c) {
      c.comment = fmt::format("round {} of {}", round, how_many);
    }));
  }
}

void change_and_save(character_map& table, const unicode_data& data, std::string_view what,
                     std::size_t how_many) {
  times changing;
  times saving;
  std::uint64_t written = 0;
  for (std::size_t round = 0; round < repetitions; ++round) {
    changing[round] = timed([&] { change(table, data, how_many, round); });
    const auto before = or_throw(table.stats()).file_bytes;
    saving[round] = timed([&] { or_throw(table.save()); });
    written = or_throw(table.stats()).file_bytes - before;
  }
  print_save(what, how_many, median(changing), written, median(saving));
}

/// The lower bound of a save: the same few bytes appended to a file and synced.
duration bare_sync(const std::filesystem::path& directory) {
  const auto file = (directory / "bare").string();
  const int fd = ::open(file.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  const std::array<char, 232> bytes{};
  times t;
  bool done = fd >= 0;
  for (auto& each : t) {
    each = timed([&] {
      done = done && ::write(fd, bytes.data(), bytes.size()) > 0 && ::fdatasync(fd) == 0;
    });
  }
  const int cause = errno;
  ::close(fd);
  if (!done) throw std::system_error(cause, std::generic_category(), file);
  return median(t);
}

}  // namespace

void show_small_saves(const unicode_data& data, const std::filesystem::path& directory) {
  heading("5  Saving after a small change: in write-back mode only save() writes to the file");
  row("{:18}{:>10}{:>16}{:>16}{:>14}", "", "changed", "in memory", "save writes", "save takes");
  auto table = or_throw(character_map::open(
      {.path = characters_file(directory).string(), .mode = shelf::write_mode::back}));
  const auto filling = timed([&] { or_throw(table.insert_range(data.records)); });
  const auto saving = timed([&] { or_throw(table.save()); });
  print_save("the first save", table.size(), filling, or_throw(table.stats()).file_bytes, saving);
  const auto all = table.size();
  change_and_save(table, data, "all", all);
  change_and_save(table, data, "one in 10", all / 10);
  change_and_save(table, data, "one in 100", all / 100);
  change_and_save(table, data, "one in 1,000", all / 1000);
  change_and_save(table, data, "one", 1);
  row("{:60}{:>14}", "for comparison, 232 bytes appended to a bare file and synced",
      time(bare_sync(directory)));
  row("Medians of {}. A save is one append and one sync. The bytes written are proportional to the",
      repetitions);
  row("change; the rest of the time is this disk's sync.");
  or_throw(table.close());
}

}  // namespace demo
