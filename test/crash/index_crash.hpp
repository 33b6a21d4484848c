// TEST  crash
// A table with indexes, crashed and failed at every point of its life: whatever is left, and
// whatever is retried, each index equals one built anew.
#pragma once

#include "shelf/index.hpp"
#include "shelf/upkeep.hpp"
#include "simulation/crash_states.hpp"
#include "simulation/simulated_disk.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace shelf::crash {

struct inhabitant {
  std::string email;
  std::string city;
  std::vector<std::string> tags;
  friend auto operator<=>(const inhabitant&, const inhabitant&) = default;
};
struct by_initial {
  static constexpr std::string_view name = "initial";
  static std::string key(const inhabitant& i) { return i.city.substr(0, 1); }
};
using indexed_table =
    shelf::map<std::string, inhabitant, unique<&inhabitant::email>, index<&inhabitant::city>,
               index_each<&inhabitant::tags>, index_by<by_initial>>;
using inhabitants = std::vector<std::pair<std::string, inhabitant>>;

[[nodiscard]] inline inhabitants state_of(const indexed_table& t) {
  auto all = t.to_vector();
  std::ranges::sort(all);
  return all;
}

/// What an index shows that is another thing than it should; nothing if all is well.
template <class Range, class F>
[[nodiscard]] std::string judge_index(const Range& shown, const inhabitants& all,
                                      const std::string& name, F keys_of) {
  if (shown.size() > 1000) return name + " is far too large";
  std::vector<std::tuple<std::string, std::string, inhabitant>> wanted;
  for (const auto& [key, i] : all) {
    for (const auto& ik : keys_of(i)) wanted.push_back({ik, key, i});
  }
  std::ranges::sort(wanted);
  if (shown.size() != wanted.size()) return name + " has another size";
  auto at = wanted.begin();
  for (const auto& [key, i] : shown) {
    if (key != std::get<1>(*at) || i != std::get<2>(*at)) return name + " differs at " + key;
    ++at;
  }
  return {};
}

/// What is wrong with the indexes; nothing if each equals one built anew.
[[nodiscard]] inline std::string judge_indexes(const indexed_table& t) {
  using one = std::vector<std::string>;
  const auto moment = t.snapshot();
  inhabitants all;
  for (const auto& e : moment) all.push_back(e);
  auto wrong = judge_index(moment.range<&inhabitant::email>(), all, "email",
                           [](const inhabitant& i) { return one{i.email}; });
  wrong += judge_index(moment.range<&inhabitant::city>(), all, "city",
                       [](const inhabitant& i) { return one{i.city}; });
  wrong += judge_index(moment.range<&inhabitant::tags>(), all, "tags", [](const inhabitant& i) {
    return std::set<std::string>(i.tags.begin(), i.tags.end());
  });
  wrong += judge_index(moment.range<by_initial>(), all, "initial",
                       [](const inhabitant& i) { return one{by_initial::key(i)}; });
  return wrong;
}

[[nodiscard]] inline indexed_table::config index_config(file::system& system, write_mode mode) {
  indexed_table::config c;
  c.path = "t.shelf";
  c.mode = mode;
  c.system = &system;
  c.sync_every = std::chrono::milliseconds(0);
  c.on_error = [](const error&) {};
  return c;
}

/// The life of a table, write by write. `done(i)` is told of each that went well.
template <class F>
void live(indexed_table& t, F done) {
  const inhabitant ann{"ann@x", "Rome", {"a", "b"}};
  const inhabitant bob{"bob@x", "Bonn", {"b"}};
  std::size_t i = 0;
  const auto step = [&](const auto& r) { done(i++, r.has_value()); };
  step(t.insert("ann", ann));
  step(t.insert_range({{"bob", bob}, {"cid", {"cid@x", "Rome", {}}}}));
  step(t.assign<&inhabitant::city>("bob", "Rimini"));
  step(t.erase("ann"));
  batch<std::string, inhabitant> b;
  b.erase("bob");
  b.insert("dot", bob);
  step(t.write(b));
  step(t.insert("eve", {"bob@x", "Oslo", {}}));  // clashes
  step(t.insert("ann", ann));
  step(t.update_if([](const std::string&, const inhabitant& p) { return p.city == "Rome"; },
                   [](inhabitant& p) { p.tags.push_back("r"); }));
  step(t.clear());
  step(t.insert_range({{"bob", bob}, {"ann", ann}}));
}

/// Plays a life and every crash of it. Returns what went wrong, a sentence each.
[[nodiscard]] inline std::vector<std::string> crash_indexed_table(
    write_mode mode, simulation::crash_options::kind crash, std::size_t budget,
    std::uint64_t& states) {
  simulation::simulated_disk disk;
  std::vector<inhabitants> life{{}};
  std::vector<std::string> wrong;
  {
    auto t = or_throw(indexed_table::open(index_config(disk, mode)));
    live(t, [&](std::size_t, bool) {
      if (mode == write_mode::back) or_throw(t.save());
      life.push_back(state_of(t));
      if (auto why = judge_indexes(t); !why.empty()) wrong.push_back(why);
    });
    or_throw(t.close());
  }
  const auto past = disk.recorded();
  const auto tally = simulation::for_each_crash_state(
      past, {.crash = crash, .budget = budget},
      [&](simulation::simulated_disk& left, const simulation::crash_state& which) {
        auto c = index_config(left, mode);
        c.opening = opening::existing;
        const auto again = indexed_table::open(std::move(c));
        if (!again && again.error() == errc::not_found) return;
        if (!again) return wrong.push_back(again.error().details() + ", " + which.describe());
        const auto found = state_of(*again);
        if (std::ranges::find(life, found) == life.end()) {
          wrong.push_back("a state that the table never had, " + which.describe());
        }
        if (auto why = judge_indexes(*again); !why.empty()) {
          wrong.push_back(why + ", " + which.describe());
        }
      });
  states += tally.states;
  return wrong;
}

/// The lives of a table under versions of a program that have other indexes.
template <class F>
void live_as_versions(file::system& system, write_mode mode, F settle) {
  using plain = shelf::map<std::string, inhabitant>;
  using by_email = shelf::map<std::string, inhabitant, unique<&inhabitant::email>>;
  using by_city = shelf::map<std::string, inhabitant, index<&inhabitant::city>>;
  const auto as = [&]<class T>(std::type_identity<T>, auto f) {
    const auto c = index_config(system, mode);
    auto t = or_throw(
        T::open({.path = c.path, .mode = mode, .sync_every = c.sync_every, .system = &system}));
    f(t);
    settle(t);
    or_throw(t.close());
  };
  const inhabitant ann{"ann@x", "Rome", {}};
  as(std::type_identity<by_email>{}, [&](auto& t) { or_throw(t.insert("ann", ann)); });
  as(std::type_identity<plain>{}, [&](auto& t) {
    or_throw(t.insert("eve", ann));  // has the address of another one
    settle(t);
    or_throw(t.erase("eve"));
  });
  as(std::type_identity<by_city>{}, [&](auto& t) { or_throw(t.compact()); });
  as(std::type_identity<by_email>{}, [&](auto& t) { or_throw(t.insert("bob", {"b@x", "", {}})); });
  as(std::type_identity<by_city>{}, [&](auto& t) { or_throw(t.insert("eve", ann)); });
}

/// On every disk that a crash leaves of them, what the file records of unique indexes holds.
/// Returns what went wrong; `recorded`: on how many disks there was such an index.
[[nodiscard]] inline std::vector<std::string> crash_versions(write_mode mode,
                                                             simulation::crash_options::kind crash,
                                                             std::size_t budget,
                                                             std::uint64_t& recorded) {
  simulation::simulated_disk disk;
  live_as_versions(disk, mode, [&](auto& t) { or_throw(t.save()); });
  std::vector<std::string> wrong;
  const auto past = disk.recorded();
  (void)simulation::for_each_crash_state(
      past, {.crash = crash, .budget = budget},
      [&](simulation::simulated_disk& left, const simulation::crash_state& which) {
        const auto checked = check("t.shelf", {.system = &left});
        if (!checked && checked.error() == errc::not_found) return;
        if (!checked) return wrong.push_back(checked.error().details() + ", " + which.describe());
        const auto& all = checked->of.indexes;
        if (all.size() == 1 && all.front().what == index_form::unique) ++recorded;
      });
  return wrong;
}

/// A table in whose life one write to the disk fails, for each of them: after every write to the
/// table, whether it was refused or not, its indexes equal those built anew.
[[nodiscard]] inline std::vector<std::string> fail_indexed_table(write_mode mode, std::size_t most,
                                                                 std::uint64_t& refused) {
  std::vector<std::string> wrong;
  for (std::size_t nth = 1; nth <= most; ++nth) {
    simulation::simulated_disk disk;
    auto t = or_throw(indexed_table::open(index_config(disk, mode)));
    disk.inject({.kind = simulation::call::write, .nth = nth, .error = ENOSPC});
    bool failed = false;
    live(t, [&](std::size_t i, bool done) {
      constexpr std::size_t clashing = 5;
      failed = failed || (!done && i != clashing);
      if (auto why = judge_indexes(t); !why.empty()) {
        wrong.push_back(why + ", call " + std::to_string(nth) + ", write " + std::to_string(i));
      }
    });
    t.abandon();
    if (!failed) break;
    ++refused;
  }
  return wrong;
}

/// What is wrong with the indexes after an erase that the disk refused, and another write. (Of an
/// insert that is not discarded, the indexes would show freed memory.)
[[nodiscard]] inline std::string fail_an_erase(write_mode mode) {
  simulation::simulated_disk disk;
  auto t = or_throw(indexed_table::open(index_config(disk, mode)));
  (void)or_throw(
      t.insert_range({{"ann", {"ann@x", "Rome", {"a"}}}, {"bob", {"bob@x", "Bonn", {}}}}));
  disk.inject({.kind = simulation::call::write, .nth = 1, .error = ENOSPC});
  if (t.erase("ann")) return "the disk did not refuse the erase";
  (void)or_throw(t.insert("cid", {"cid@x", "Rome", {}}));
  return judge_indexes(t);
}

}  // namespace shelf::crash
