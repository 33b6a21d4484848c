// DEMO  chapter three: power cuts
// A crash may keep or lose each unsynced block of 512 bytes, tear one at any byte, and lose a
// file's length or name. The simulated disk generates these states from a recording.
#include "power_cuts.hpp"

#include "database.hpp"
#include "file/crash_states.hpp"
#include "page.hpp"
#include "verdict.hpp"

#include <algorithm>
#include <future>
#include <limits>

namespace demo {
namespace {

using shelf::file::crash_options;
using shelf::file::simulated_disk;

constexpr std::size_t writes = 300;
constexpr std::size_t writes_between_syncs = 25;
constexpr std::size_t states_each_crash = 64;

struct scenario {
  std::string_view name;
  shelf::write_mode mode;
  crash_options::kind crash;
};

/// The disk's operations, and after which of them each write was acknowledged and synced.
struct recording {
  shelf::file::history past;
  std::size_t opened = 0;                 // operations until the table was open
  std::vector<std::size_t> acknowledged;  // per write: operations when insert returned
  std::vector<std::size_t> synced;        // per write: operations when it was synced, if ever
};

struct outcome {
  std::uint64_t crashes = 0;
  std::uint64_t states = 0;
  std::uint64_t torn = 0;  // states with torn bytes at the end of the file
  std::size_t most_lost = 0;
  std::size_t most_beyond = 0;
  duration took{};
};

recording record_writes(const scenario& s, std::span<const record> data) {
  simulated_disk disk;
  recording r;
  auto table = shelf::or_throw(
      character_map::open({.path = "characters.shelf", .mode = s.mode, .system = &disk}));
  r.opened = disk.operations();
  for (const auto& [code, c] : data.first(writes)) {
    shelf::or_throw(table.insert(code, c));
    r.acknowledged.push_back(disk.operations());
    if (r.acknowledged.size() % writes_between_syncs == 0) {
      shelf::or_throw(table.sync());
      r.synced.resize(r.acknowledged.size(), disk.operations());
    }
  }
  r.past = disk.recorded();
  r.synced.resize(writes, std::numeric_limits<std::size_t>::max());
  table.abandon();
  return r;
}

/// How many of the times are at or before `at`.
std::size_t count_until(const std::vector<std::size_t>& times, std::size_t at) {
  return static_cast<std::size_t>(std::ranges::upper_bound(times, at) - times.begin());
}

/// Opens one state and checks that it holds a prefix of the writes with at least `promised` of
/// them.
void visit(simulated_disk& disk, std::span<const record> data, std::size_t promised,
           std::size_t acknowledged, outcome& o) {
  const auto table = character_map::open(
      {.path = "characters.shelf", .opening = shelf::opening::existing, .system = &disk});
  if (!table) throw broken_promise("a crash state is refused: " + table.error().message());
  std::vector<step> each(writes);
  for (std::size_t i = 0; i < writes; ++i) each[i] = {i, i + 1};
  const auto held = prove_characters(*table, data, each, promised);
  o.torn += shelf::or_throw(table->stats()).recovery_cut_bytes != 0;
  o.most_lost = std::max(o.most_lost, acknowledged - std::min(acknowledged, held));
  o.most_beyond = std::max(o.most_beyond, held - std::min(acknowledged, held));
}

outcome play(const scenario& s, std::span<const record> data) {
  const stopwatch watch;
  const auto r = record_writes(s, data);
  outcome o;
  o.crashes = r.past.operations.size() - r.opened + 1;
  const bool keeps_all =
      s.mode == shelf::write_mode::durable || s.crash == crash_options::kind::kill;
  o.states = for_each_crash_state(
                 r.past, {.crash = s.crash, .budget = states_each_crash},
                 [&](simulated_disk& disk, const shelf::file::crash_state& state) {
                   const auto acknowledged = count_until(r.acknowledged, state.at());
                   const auto promised =
                       keeps_all ? acknowledged : count_until(r.synced, state.at());
                   visit(disk, data, promised, acknowledged, o);
                 },
                 r.opened)
                 .states;
  o.took = watch.elapsed();
  return o;
}

}  // namespace

std::uint64_t show_power_cuts(const unicode_data& data) {
  heading("3  Power failures, on a simulated disk that knows every state a crash may leave");
  row("{} inserts, with a sync after every {}. The disk crashes after every call, and leaves up to",
      writes, writes_between_syncs);
  row("{} states: 512-byte blocks lost or torn, file lengths and names reverted.",
      states_each_crash);
  fmt::print("\n");
  row("mode      crash   crash points    states   torn end   most lost   most beyond      time");
  constexpr std::array scenarios{
      scenario{"durable   power", shelf::write_mode::durable, crash_options::kind::power},
      scenario{"through   power", shelf::write_mode::through, crash_options::kind::power},
      scenario{"through   kill", shelf::write_mode::through, crash_options::kind::kill}};
  std::uint64_t states = 0;
  const std::span records(data.records);
  std::array<std::future<outcome>, scenarios.size()> outcomes;
  for (std::size_t i = 0; i < scenarios.size(); ++i) {
    outcomes[i] = std::async(std::launch::async, [&, i] { return play(scenarios[i], records); });
  }
  for (std::size_t i = 0; i < scenarios.size(); ++i) {
    const auto o = outcomes[i].get();
    row("{:15}{:>13}{:>10}{:>11}{:>12}{:>14}{:>10}", scenarios[i].name, grouped(o.crashes),
        grouped(o.states), grouped(o.torn), grouped(o.most_lost), grouped(o.most_beyond),
        time(o.took));
    states += o.states;
  }
  fmt::print("\n");
  row("Every state opened and held a prefix of the writes: in durable mode and after a kill all");
  row("acknowledged writes, in through mode all synced ones. \"lost\" counts acknowledged writes,");
  row("\"beyond\" writes that were not acknowledged yet, \"torn end\" states with a torn write.");
  return states;
}

}  // namespace demo
