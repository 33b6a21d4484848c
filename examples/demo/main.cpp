// DEMO  shelf on real data
// Five chapters on one page; exit code 1 and a message if any promise is broken.
#include "kills.hpp"
#include "page.hpp"
#include "power_cuts.hpp"
#include "scratch_directory.hpp"
#include "small_saves.hpp"
#include "tellers.hpp"
#include "three_tables.hpp"
#include "transfers.hpp"
#include "verdict.hpp"
#include "writer.hpp"

#include <shelf/version.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <string_view>

namespace {

constexpr const char* unicode_file = "/usr/share/unicode/UnicodeData.txt";

void show_data(const std::filesystem::path& file, const demo::unicode_data& data,
               demo::duration took, const std::filesystem::path& place) {
  using namespace demo;
  strong(fmt::format("shelf {}: durable in-memory tables of the Unicode character database",
                     shelf::version));
  row("{}: {} lines of 15 fields, {}, read in {}", file.string(), grouped(data.lines),
      size(data.bytes), time(took));
  row("{} records, {} of which are ranges such as <CJK Ideograph, First> to <.., Last>:",
      grouped(data.records.size()), data.ranges);
  row("together {} code points.", grouped(data.code_points));
  row("The tables are in {} during the run.", place.string());
}

void run(const std::filesystem::path& file) {
  using namespace demo;
  const stopwatch all;
  const scratch_directory scratch;
  unicode_data data;
  const auto reading = timed([&] { data = read_unicode_data(file); });
  show_data(file, data, reading, scratch.path());
  show_three_tables(data, scratch.room("tables"));
  const auto kills = show_kills(file, data, scratch.room("kills"));
  const auto states = show_power_cuts(data);
  const auto transfers = show_transfers(scratch.room("bank"));
  show_small_saves(data, scratch.room("saves"));
  fmt::print("\n{} crash states, {} acknowledged transfers, no promise broken; the demo took {}.\n",
             grouped(states + transfers.states), grouped(transfers.acknowledged),
             time(all.elapsed()));
  strong(fmt::format("{}: {} acknowledged, {} found, {} of {} cut", counted(kills.kills, "kill"),
                     grouped(kills.acknowledged), grouped(kills.found),
                     counted(kills.torn_frames, "torn frame"), size(kills.torn_bytes)));
}

}  // namespace

int main(int count, char** arguments) try {
  const std::span words(arguments, static_cast<std::size_t>(count));
  if (count == 6 && std::string_view(words[1]) == "--writer") {
    return demo::run_writer({.data = words[2],
                             .directory = words[3],
                             .done = std::stoull(words[4]),
                             .pipe = std::stoi(words[5])});
  }
  if (count == 4 && std::string_view(words[1]) == "--tellers") {
    demo::run_tellers(words[2], std::stoi(words[3]));
  }
  if (count > 2) {
    fmt::print(stderr, "usage: shelf_demo [UnicodeData.txt]\n");
    return 2;
  }
  run(count == 2 ? words[1] : unicode_file);
  return 0;
} catch (const demo::broken_promise& e) {
  std::fflush(stdout);
  fmt::print(stderr, "\nA promise was broken: {}\n", e.what());
  return 1;
} catch (const std::exception& e) {
  std::fflush(stdout);
  fmt::print(stderr, "\nThe demo failed: {}\n", e.what());
  return 1;
}
