// TEST  crash
// A bounded table, crashed at every point of its life: every disk that a crash may leave opens, and
// shows a state that the table had, which is no larger than it may be.
#pragma once

#include "shelf/shelf.hpp"
#include "simulation/crash_states.hpp"
#include "simulation/simulated_disk.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace shelf::crash {

using bounded_table = shelf::map<std::string, std::int64_t>;
using bounded_state = std::map<std::string, std::int64_t>;

/// Plays a table's life and every crash of it. Returns what went wrong, a sentence each.
[[nodiscard]] inline std::vector<std::string> crash_bounded_table(
    write_mode mode, simulation::crash_options::kind crash, std::size_t budget,
    std::uint64_t& states) {
  constexpr std::size_t most = 5;
  simulation::simulated_disk disk;
  std::vector<std::string> wrong;
  const auto config = [&](file::system& system, size_bounds bounds) {
    bounded_table::config c;
    c.path = "t.shelf";
    c.mode = mode;
    c.system = &system;
    c.sync_every = std::chrono::milliseconds(0);
    c.bounds = bounds;
    return c;
  };
  const auto state_of = [](const bounded_table& t) {
    bounded_state all;
    for (const auto& [key, value] : t) all.emplace(key, value);
    return all;
  };
  struct moment {
    std::size_t at;  ///< operations of the disk until it was acknowledged
    bounded_state state;
  };
  std::vector<moment> life{{0, {}}};
  auto t = or_throw(bounded_table::open(config(disk, {.max_entries = most})));
  const auto acknowledged = [&] {
    if (mode == write_mode::back) or_throw(t.save());
    life.push_back({static_cast<std::size_t>(disk.operations()), state_of(t)});
    if (t.size() > most) wrong.push_back(std::to_string(t.size()) + " entries are shown");
  };
  acknowledged();
  for (std::int64_t i = 0; i < 12; ++i) {
    (void)or_throw(t.insert("key" + std::to_string(i), i));
    (void)t.lookup("key1");
    acknowledged();
  }
  (void)or_throw(t.insert_range(bounded_state{{"a", 1}, {"b", 2}, {"c", 3}}));
  acknowledged();
  or_throw(t.compact());
  acknowledged();
  (void)or_throw(t.update_counter("fresh", 5, {.initial = 0}));
  acknowledged();
  or_throw(t.close());
  life.push_back({static_cast<std::size_t>(disk.operations()), life.back().state});

  const auto past = disk.recorded();
  const auto tally = simulation::for_each_crash_state(
      past, {.crash = crash, .budget = budget},
      [&](simulation::simulated_disk& left, const simulation::crash_state& which) {
        // Without bounds: what the file holds is judged, not what open would make of it.
        auto c = config(left, {});
        c.opening = opening::existing;
        const auto again = bounded_table::open(std::move(c));
        std::size_t sure = 0;  // the last moment that was acknowledged
        while (sure + 1 < life.size() && life[sure + 1].at <= which.at()) ++sure;
        if (!again && again.error() == errc::not_found && sure == 0) return;
        if (!again) {
          wrong.push_back(again.error().details() + ", " + which.describe());
          return;
        }
        const auto found = state_of(*again);
        const bool keeps_all =
            mode != write_mode::through || crash == simulation::crash_options::kind::kill;
        bool is_right = false;
        for (std::size_t i = keeps_all ? sure : 0; i < life.size() && i <= sure + 1; ++i) {
          is_right = is_right || found == life[i].state;
        }
        if (!is_right) wrong.push_back("a state that the table never had, " + which.describe());
      });
  states += tally.states;
  return wrong;
}

}  // namespace shelf::crash
