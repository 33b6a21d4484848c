// TEST  crash
// A database whose tables are created, dropped and renamed, crashed and failed at every point of
// its life: what is left is what it was before an alteration, or after it, whole.
#pragma once

#include "shelf/database.hpp"
#include "simulation/crash_states.hpp"
#include "simulation/simulated_disk.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace shelf::crash {

using altered_table = shelf::ordered_map<std::string, std::int64_t>;
/// Every table by its name, with its entries.
using altered_state = std::map<std::string, std::vector<std::pair<std::string, std::int64_t>>>;

[[nodiscard]] inline database_config altered_config(file::system& system, write_mode mode) {
  database_config c;
  c.path = "t.shelf";
  c.mode = mode;
  c.system = &system;
  c.sync_every = std::chrono::milliseconds(0);
  c.on_error = [](const error&) {};
  return c;
}

[[nodiscard]] inline altered_state state_of(database& db) {
  altered_state all;
  for (const auto& t : db.tables()) {
    auto& entries = all[t.name];
    // What is in memory alone does not outlive a crash.
    if (t.storage == storage::disk) entries = or_throw(db.table<altered_table>(t.name)).to_vector();
  }
  return all;
}

template <class T>
[[nodiscard]] result<> without_value(const result<T>& r) {
  if (!r) return std::unexpected(r.error());
  return {};
}

/// Calls `step(is_alteration, result)` for each step.
template <class Step>
void live_altered(database& db, Step step) {
  const auto put = [&](const std::string& table, std::int64_t value) -> result<> {
    auto t = db.table<altered_table>(table);
    if (!t) return std::unexpected(t.error());
    return without_value(t->insert_range({{"k" + std::to_string(value), value}, {"last", value}}));
  };
  const auto create = [](schema& s) {
    s.create<altered_table>("red");
    s.create<altered_table>("blue");
  };
  step(true, db.alter(create));
  step(false, put("red", 1));
  step(false, put("blue", 2));
  step(true, db.alter([](schema& s) {
    s.rename("red", "between");
    s.rename("blue", "red");
    s.rename("between", "blue");
  }));
  step(false, put("red", 3));
  step(true, db.alter([](schema& s) {
    s.drop("blue");
    s.rename("red", "green");
    s.create<altered_table>("red");
  }));
  step(false, put("green", 4));
  step(false, put("red", 5));
  step(false, db.compact());
  step(true, db.alter([](schema& s) {
    s.drop("green");
    s.create<altered_table>("green");
  }));
  step(false, put("green", 6));
  step(true, db.alter([](schema& s) {
    s.drop("green");
    s.drop("red");
  }));
  step(true, db.alter(create));
  step(true,
       db.alter([](schema& s) { s.create<altered_table>("fog", {.storage = storage::memory}); }));
  const auto fog = [&](std::int64_t value) -> result<> {
    auto t = db.table<altered_table>("fog", {.storage = storage::memory});
    if (!t) return std::unexpected(t.error());
    return without_value(t->insert_range({{"a", value}, {"b" + std::to_string(value), value}}));
  };
  step(false, fog(1));
  step(true, db.alter([](schema& s) { s.store("fog", storage::disk); }));
  step(false, put("fog", 4));
  step(true, db.alter([](schema& s) { s.store("fog", storage::memory); }));
  step(false, fog(2));
  step(true, db.alter([](schema& s) {
    s.store("fog", storage::disk);
    s.rename("fog", "rain");
  }));
}

/// Plays a life and every crash of it. Returns what went wrong, a sentence each.
[[nodiscard]] inline std::vector<std::string> crash_altered_database(
    write_mode mode, simulation::crash_options::kind crash, std::size_t budget,
    std::uint64_t& states) {
  struct moment {
    altered_state is;
    std::size_t promised_at;  ///< operations of the disk after which a crash leaves no less
  };
  constexpr auto never = ~std::size_t{0};
  simulation::simulated_disk disk;
  std::vector<moment> life{{{}, never}};
  std::vector<std::string> wrong;
  {
    auto db = or_throw(database::open(altered_config(disk, mode)));
    live_altered(db, [&](bool is_alteration, const result<>& done) {
      if (!done) wrong.push_back(done.error().message());
      if (mode == write_mode::back) or_throw(db.save());
      const bool is_promised = is_alteration || mode != write_mode::through;
      life.push_back({state_of(db), is_promised ? disk.recorded().operations.size() : never});
    });
    or_throw(db.close());
  }
  const auto past = disk.recorded();
  const auto tally = simulation::for_each_crash_state(
      past, {.crash = crash, .budget = budget},
      [&](simulation::simulated_disk& left, const simulation::crash_state& which) {
        auto c = altered_config(left, mode);
        c.opening = opening::existing;
        auto again = database::open(std::move(c));
        std::size_t least = 0;
        for (std::size_t i = 0; i < life.size(); ++i) {
          if (life[i].promised_at <= which.at()) least = i;
        }
        if (!again && again.error() == errc::not_found && least == 0) return;
        if (!again) return wrong.push_back(again.error().details() + ", " + which.describe());
        const auto found = state_of(*again);
        const auto from = life.begin() + static_cast<std::ptrdiff_t>(least);
        const auto is_this = [&](const moment& m) { return m.is == found; };
        if (std::find_if(from, life.end(), is_this) == life.end()) {
          wrong.push_back("neither what it was nor what it became, " + which.describe());
        }
        if (auto more = again->alter([](schema& s) { s.create<altered_table>("more"); }); !more) {
          wrong.push_back(more.error().details() + ", " + which.describe());
        }
      });
  states += tally.states;
  return wrong;
}

/// A database in whose life one call to the disk fails, for each of them: an alteration that was
/// refused has changed nothing in memory, and once recovered the file says the same.
[[nodiscard]] inline std::vector<std::string> fail_altered_database(write_mode mode,
                                                                    simulation::call which,
                                                                    std::size_t most,
                                                                    std::uint64_t& refused) {
  std::vector<std::string> wrong;
  for (std::size_t nth = 1; nth <= most; ++nth) {
    simulation::simulated_disk disk;
    auto db = or_throw(database::open(altered_config(disk, mode)));
    disk.inject({.kind = which, .nth = nth, .error = EIO});
    auto before = state_of(db);
    bool failed = false;
    live_altered(db, [&](bool is_alteration, const result<>& done) {
      if (failed) return;
      const auto after = state_of(db);
      failed = !done;
      if (failed && is_alteration && after != before) {
        wrong.push_back("a refused alteration shows, call " + std::to_string(nth));
      }
      before = after;
      if (mode == write_mode::back && done) failed = !db.save();
    });
    if (!failed) break;
    ++refused;
    const auto was = state_of(db);
    if (!db.recover() || !db.save() || !db.close()) {
      wrong.push_back("it cannot be recovered, call " + std::to_string(nth));
      continue;
    }
    auto again = database::open(altered_config(disk, mode));
    if (!again || state_of(*again) != was) {
      wrong.push_back("the file is not what memory was, call " + std::to_string(nth));
    }
  }
  return wrong;
}

}  // namespace shelf::crash
