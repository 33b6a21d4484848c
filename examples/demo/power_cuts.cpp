// DEMO  chapter three: power cuts
// Inserts characters on a disk that crashes after every call.
#include "power_cuts.hpp"

#include "crash_table.hpp"
#include "database.hpp"
#include "page.hpp"
#include "verdict.hpp"

namespace demo {
namespace {

using shelf::simulation::simulated_disk;

constexpr std::size_t writes = 300;
constexpr std::size_t writes_between_syncs = 25;

void write_characters(simulated_disk& disk, shelf::write_mode mode, std::span<const record> data,
                      recorder& r) {
  auto table = shelf::or_throw(
      character_map::open({.path = "characters.shelf", .mode = mode, .system = &disk}));
  r.opened();
  for (std::size_t i = 0; i < writes; ++i) {
    shelf::or_throw(table.insert(data[i].first, data[i].second));
    r.acknowledged();
    if ((i + 1) % writes_between_syncs == 0) {
      shelf::or_throw(table.sync());
      r.synced();
    }
  }
  table.abandon();
}

crash_finding find_characters(simulated_disk& disk, std::span<const record> data,
                              std::size_t promised) {
  const auto table = character_map::open(
      {.path = "characters.shelf", .opening = shelf::opening::existing, .system = &disk});
  if (!table) throw broken_promise("a crash state is refused: " + table.error().message());
  std::vector<step> each(writes);
  for (std::size_t i = 0; i < writes; ++i) each[i] = {i, i + 1};
  return {.held = prove_characters(*table, data, each, promised),
          .torn = shelf::or_throw(table->stats()).recovery_cut_bytes != 0};
}

}  // namespace

std::uint64_t show_power_cuts(const unicode_data& data) {
  const std::span records(data.records);
  const crash_workload w{
      .write = [&](simulated_disk& disk, shelf::write_mode mode,
                   recorder& r) { write_characters(disk, mode, records, r); },
      .prove = [&](simulated_disk& disk,
                   std::size_t promised) { return find_characters(disk, records, promised); }};
  heading("3  Power failures, on a simulated disk that knows every state a crash may leave");
  row("{} inserts, with a sync after every {}. The disk crashes after every call, and leaves up to",
      writes, writes_between_syncs);
  row("{} states: 512-byte blocks lost or torn, file lengths and names reverted.",
      w.states_each_crash);
  fmt::print("\n");
  const auto states = show_crashes(w);
  row("Every state opened and held a prefix of the writes: in durable mode and after a kill all");
  row("acknowledged writes, in through mode all synced ones. \"lost\" counts acknowledged writes,");
  row("\"beyond\" writes that were not acknowledged yet, \"torn end\" states with a torn write.");
  return states;
}

}  // namespace demo
