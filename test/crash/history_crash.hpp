// TEST  crash
// A table that keeps history, crashed at every point of its life: every disk that a crash may leave
// opens, every position that was durable is still known, and the changes behind it lead to what the
// table shows.
#pragma once

#include "shelf/changes.hpp"
#include "shelf/shelf.hpp"
#include "simulation/crash_states.hpp"
#include "simulation/simulated_disk.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace shelf::crash {

using kept_table = shelf::map<std::string, int>;
using kept_state = std::map<std::string, int>;

[[nodiscard]] inline kept_state state_of(const kept_table& t) {
  kept_state all;
  for (const auto& [key, value] : t) all.emplace(key, value);
  return all;
}

/// What a feed makes of a state; nothing if it does not know the position.
[[nodiscard]] inline std::optional<kept_state> replayed(const kept_table& t, const position& from,
                                                        kept_state state) {
  auto feed = t.changes({.from = from});
  if (!feed) return std::nullopt;
  for (auto b = or_throw(feed->next()); !b.empty(); b = or_throw(feed->next())) {
    if (b.event != table_event::none) state.clear();
    for (const auto& c : b.changes) {
      c.after ? void(state[c.key] = *c.after) : void(state.erase(c.key));
    }
  }
  return state;
}

/// Plays a table's life and every crash of it. Returns what went wrong, a sentence each.
[[nodiscard]] inline std::vector<std::string> crash_table_with_history(
    write_mode mode, simulation::crash_options::kind crash, std::size_t budget,
    std::uint64_t& states) {
  simulation::simulated_disk disk;
  const auto config = [&](file::system& system) {
    kept_table::config c;
    c.path = "t.shelf";
    c.mode = mode;
    c.system = &system;
    c.sync_every = std::chrono::milliseconds(0);
    c.history = {.bytes = std::uint64_t{1} << 20, .before = mode != write_mode::back};
    return c;
  };
  struct moment {
    std::size_t at;  ///< operations of the disk until it was certainly on disk
    position where;
    kept_state state;
  };
  std::vector<moment> life;
  auto t = or_throw(kept_table::open(config(disk)));
  const auto note = [&](bool sync) {
    constexpr std::size_t not_yet = ~std::size_t{0};
    if (sync) or_throw(t.save());
    life.push_back({not_yet, t.snapshot().position(), state_of(t)});
    const auto now = static_cast<std::size_t>(disk.operations());
    for (auto& m : life) m.at = sync && m.at == not_yet ? now : m.at;
  };
  const auto write = [&](const std::string& key, int value) {
    (void)or_throw(t.insert(key, value));
    note(value % 2 == 0 || mode != write_mode::through);
  };
  note(true);
  write("a", 1);
  write("b", 2);
  write("a", 3);
  write("a", 4);
  or_throw(t.compact());
  note(true);
  write("c", 5);
  (void)or_throw(t.erase("b"));
  note(true);
  or_throw(t.close());
  t = or_throw(kept_table::open(config(disk)));
  note(true);
  write("d", 6);
  or_throw(t.compact());
  write("d", 8);
  or_throw(t.close());

  std::vector<std::string> wrong;
  const auto past = disk.recorded();
  const auto tally = simulation::for_each_crash_state(
      past, {.crash = crash, .budget = budget},
      [&](simulation::simulated_disk& left, const simulation::crash_state& which) {
        auto c = config(left);
        c.opening = opening::existing;
        const auto again = kept_table::open(std::move(c));
        const bool was_created = life.front().at <= which.at();
        if (!again && again.error() == errc::not_found && !was_created) return;
        if (!again) {
          wrong.push_back(again.error().details() + ", " + which.describe());
          return;
        }
        const auto now = state_of(*again);
        for (const auto& m : life) {
          const auto led_to = replayed(*again, m.where, m.state);
          if (led_to && *led_to != now) {
            wrong.push_back("the changes do not lead to the table, " + which.describe());
          }
          if (!led_to && m.at <= which.at()) {
            wrong.push_back("a durable position is lost, " + which.describe());
          }
        }
      });
  states += tally.states;
  return wrong;
}

}  // namespace shelf::crash
