// TEST  crash
// A bounded table, crashed at every point of its life: every disk that a crash may leave opens, and
// shows a state that the table had, which is no larger than it may be.
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
  life<bounded_state> lived(disk);
  auto t = or_throw(bounded_table::open(config(disk, {.max_entries = most})));
  const auto acknowledged = [&] {
    if (mode == write_mode::back) or_throw(t.save());
    lived.note(state_of(t));
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
  lived.note_same();
  const auto open = [&](file::system& left) {
    // Without bounds: what the file holds is judged, not what open would make of it.
    auto c = config(left, {});
    c.opening = opening::existing;
    return bounded_table::open(std::move(c));
  };
  const auto found = lived.crash_everywhere({mode, crash, budget}, open, state_of, states);
  wrong.insert(wrong.end(), found.begin(), found.end());
  return wrong;
}

}  // namespace shelf::crash
