// TEST  crash
// A table whose entries expire, crashed at every point of its life: every disk that a crash may
// leave opens, and shows a state that the table had, deadlines included.
#pragma once

#include "crash/life.hpp"
#include "shelf/shelf.hpp"

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
  life<expiring_state> lived(disk);
  auto t = or_throw(expiring_table::open(config(disk, clock)));
  const auto acknowledged = [&] {
    if (mode == write_mode::back) or_throw(t.save());
    lived.note(state_of(t));
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
  lived.note_same();
  const manual_clock still(expiry_start);
  const auto open = [&](file::system& left) {
    auto c = config(left, still);
    c.opening = opening::existing;
    return expiring_table::open(std::move(c));
  };
  return lived.crash_everywhere({mode, crash, budget}, open, state_of, states);
}

}  // namespace shelf::crash
