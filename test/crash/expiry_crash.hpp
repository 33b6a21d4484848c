// TEST  crash
// A table whose entries expire, crashed at every point of its life: every disk that a crash may
// leave opens, and shows a state that the table had, deadlines included.
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

using expiring_table = shelf::map<std::string, std::int64_t>;
/// Value and deadline, in milliseconds, 0 for none.
using expiring_state = std::map<std::string, std::pair<std::int64_t, std::int64_t>>;

inline constexpr expiry::time expiry_start{std::chrono::milliseconds(1'767'225'600'000)};

[[nodiscard]] inline expiring_state state_of(const expiring_table& t) {
  expiring_state all;
  for (const auto& [key, value] : t) {
    const auto until = or_throw(t.expires_at(key));
    all[key] = {value, until ? until->time_since_epoch().count() : 0};
  }
  return all;
}

/// Plays a table's life and every crash of it. Returns what went wrong, a sentence each.
[[nodiscard]] inline std::vector<std::string> crash_expiring_table(
    write_mode mode, simulation::crash_options::kind crash, std::size_t budget,
    std::uint64_t& states) {
  using namespace std::chrono_literals;
  simulation::simulated_disk disk;
  manual_clock clock(expiry_start);
  const auto config = [&](file::system& system, const shelf::clock& time) {
    expiring_table::config c;
    c.path = "t.shelf";
    c.mode = mode;
    c.system = &system;
    c.clock = &time;
    c.sync_every = 0ms;
    return c;
  };
  struct moment {
    std::size_t at;  ///< operations of the disk until it was acknowledged
    expiring_state state;
  };
  std::vector<moment> life{{0, {}}};
  auto t = or_throw(expiring_table::open(config(disk, clock)));
  const auto acknowledged = [&] {
    if (mode == write_mode::back) or_throw(t.save());
    life.push_back({static_cast<std::size_t>(disk.operations()), state_of(t)});
  };
  acknowledged();
  (void)or_throw(t.insert("plain", 1));
  acknowledged();
  (void)or_throw(t.insert("a", 1, expiry::in(1h)));
  acknowledged();
  (void)or_throw(t.insert_range({{"b", 2}, {"c", 3}}, expiry::in(10min)));
  acknowledged();
  or_throw(t.touch("a", expiry::in(2h)));
  acknowledged();
  or_throw(t.persist("b"));
  acknowledged();
  (void)or_throw(t.update_counter("a", 5));
  acknowledged();
  clock.advance(11min);
  (void)or_throw(t.purge_expired());
  acknowledged();
  or_throw(t.compact());
  acknowledged();
  or_throw(t.touch("a", expiry::in(3h)));
  acknowledged();
  or_throw(t.close());
  life.push_back({static_cast<std::size_t>(disk.operations()), life.back().state});

  std::vector<std::string> wrong;
  const auto past = disk.recorded();
  const auto tally = simulation::for_each_crash_state(
      past, {.crash = crash, .budget = budget},
      [&](simulation::simulated_disk& left, const simulation::crash_state& which) {
        const manual_clock still(expiry_start);
        auto c = config(left, still);
        c.opening = opening::existing;
        const auto again = expiring_table::open(std::move(c));
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
