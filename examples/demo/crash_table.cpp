// DEMO  power cuts: how they are played
// A crash may keep or lose each unsynced block of 512 bytes, tear one at any byte, and lose a
// file's length or name. The simulated disk generates these states from a recording.
#include "crash_table.hpp"

#include "page.hpp"
#include "simulation/crash_states.hpp"

#include <algorithm>
#include <array>
#include <future>

namespace demo {
namespace {

using shelf::simulation::crash_options;
using shelf::simulation::simulated_disk;

struct scenario {
  std::string_view name;
  shelf::write_mode mode;
  crash_options::kind crash;
};

constexpr std::array scenarios{
    scenario{"durable   power", shelf::write_mode::durable, crash_options::kind::power},
    scenario{"through   power", shelf::write_mode::through, crash_options::kind::power},
    scenario{"through   kill", shelf::write_mode::through, crash_options::kind::kill}};

struct outcome {
  std::uint64_t crashes = 0;
  std::uint64_t states = 0;
  std::uint64_t torn = 0;  // states with torn bytes at the end of the file
  std::size_t most_lost = 0;
  std::size_t most_beyond = 0;
  duration took{};
};

/// How many of the times are at or before `at`.
std::size_t count_until(const std::vector<std::size_t>& times, std::size_t at) {
  return static_cast<std::size_t>(std::ranges::upper_bound(times, at) - times.begin());
}

void note(outcome& o, const crash_finding& f, std::size_t acknowledged) {
  o.torn += f.torn;
  o.most_lost = std::max(o.most_lost, acknowledged - std::min(acknowledged, f.held));
  o.most_beyond = std::max(o.most_beyond, f.held - std::min(acknowledged, f.held));
}

outcome play(const scenario& s, const crash_workload& w) {
  const stopwatch watch;
  simulated_disk disk;
  recorder r(disk);
  w.write(disk, s.mode, r);
  const auto past = disk.recorded();
  outcome o;
  o.crashes = past.operations.size() - r.first_crash() + 1;
  const bool keeps_all =
      s.mode == shelf::write_mode::durable || s.crash == crash_options::kind::kill;
  o.states = for_each_crash_state(
                 past, {.crash = s.crash, .budget = w.states_each_crash},
                 [&](simulated_disk& left, const shelf::simulation::crash_state& state) {
                   const auto acknowledged = r.acknowledged_at(state.at());
                   const auto promised = keeps_all ? acknowledged : r.synced_at(state.at());
                   note(o, w.prove(left, promised), acknowledged);
                 },
                 r.first_crash())
                 .states;
  o.took = watch.elapsed();
  return o;
}

}  // namespace

std::size_t recorder::acknowledged_at(std::size_t operations) const {
  return count_until(acknowledged_, operations);
}

std::size_t recorder::synced_at(std::size_t operations) const {
  return count_until(synced_, operations);
}

std::uint64_t show_crashes(const crash_workload& w) {
  row("mode      crash   crash points    states   torn end   most lost   most beyond      time");
  std::uint64_t states = 0;
  std::array<std::future<outcome>, scenarios.size()> outcomes;
  for (std::size_t i = 0; i < scenarios.size(); ++i) {
    outcomes[i] = std::async(std::launch::async, [&, i] { return play(scenarios[i], w); });
  }
  for (std::size_t i = 0; i < scenarios.size(); ++i) {
    const auto o = outcomes[i].get();
    row("{:15}{:>13}{:>10}{:>11}{:>12}{:>14}{:>10}", scenarios[i].name, grouped(o.crashes),
        grouped(o.states), grouped(o.torn), grouped(o.most_lost), grouped(o.most_beyond),
        time(o.took));
    states += o.states;
  }
  fmt::print("\n");
  return states;
}

}  // namespace demo
