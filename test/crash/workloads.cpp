// TEST  crash
// The workloads: each shows one way in which a crash could hurt.
#include "crash/workloads.hpp"

#include "can_keep.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>

namespace shelf::crash {
namespace {

using enum flavour;

std::string text(char c, std::size_t size) { return std::string(size, c); }

void single_inserts(player& p) {
  p.open();
  for (std::int64_t key = 1; key <= 5; ++key) p.insert(key, text('a', 20));
  p.close();
}

void overwrites(player& p) {
  p.open();
  for (int round = 0; round < 3; ++round) {
    p.insert(1, text(static_cast<char>('a' + round), 30));
    p.insert(2, text(static_cast<char>('A' + round), 300));
  }
  p.sync();
  p.insert(1, "z");
  p.save();
  p.insert(2, "y");
  p.close();
}

void erases(player& p) {
  p.open();
  p.insert_range({{1, "a"}, {2, "b"}, {3, "c"}});
  p.erase(2);
  p.erase(7);
  p.save();
  p.erase(1, "a");
  p.insert(2, "again");
  p.erase(2);
  p.sync();
  p.erase(3);
  p.close();
}

void batches(player& p) {
  p.open();
  p.insert_range({{1, text('a', 200)}, {2, text('b', 400)}, {3, text('c', 600)}});
  p.insert_range({{1, text('d', 900)}, {4, text('e', 100)}});
  p.sync();
  p.insert_range({{2, "f"}, {3, "g"}, {4, "h"}, {5, "i"}});
  p.close();
}

/// Inserts and erases in one step, some of them on top of others.
void mixed_batches(player& p) {
  p.open();
  p.insert_range({{1, "a"}, {2, text('b', 300)}, {3, "c"}});
  p.write_batch({{1}, {4, text('d', 500)}, {2, "e"}});
  p.sync();
  p.write_batch({{4}, {5, "f"}, {4, "g"}, {3}});
  p.save();
  p.write_batch({{2}, {5}, {6, text('h', 40)}});
  p.close();
}

/// Mostly garbage at close: the file is written anew on the way.
void compacting_at_close(player& p) {
  const subject::how h{.compaction = {.close_min_bytes = 1}};
  p.open(h);
  p.insert(1, text('a', 9000));
  p.insert(2, "b");
  p.save();
  p.erase(1);
  p.insert(3, "c");
  p.close();
  p.open(h);
  p.insert(1, text('d', 20'000));
  p.sync();
  p.insert(1, "e");
  p.close();
  p.open(h);
  p.close();
}

/// More than a frame holds: the batch is one all the same.
void batch_of_many_frames(player& p) {
  p.open();
  p.insert(1, "before");
  p.insert_range({{1, text('a', 600'000)}, {2, text('b', 600'000)}, {3, text('c', 20)}});
  p.insert(4, "after");
  p.close();
}

void counting(player& p) {
  p.open();
  for (int i = 0; i < 4; ++i) {
    p.add(1, 1);
    p.add(2, -1000 * i);
    if (i == 2) p.sync();
  }
  p.save();
  p.add(1, 1);
  p.close();
}

void bag_values(player& p) {
  p.open();
  for (const auto* value : {"a", "b", "a", "c"}) p.insert(1, value);
  p.insert(2, "a");
  p.save();
  p.erase(1, "a");
  p.insert_range({{1, "b"}, {1, "d"}, {2, "a"}, {2, "b"}});
  p.insert(1, "a");
  p.sync();
  p.erase(2);
  p.insert(2, "last");
  p.close();
}

void clearing(player& p) {
  p.open();
  p.insert_range({{1, "a"}, {2, "b"}});
  p.save();
  p.clear();
  p.insert(3, "c");
  p.clear();
  p.insert(1, "d");
  p.sync();
  p.save();
  p.clear();
  p.close();
}

void cycles(player& p) {
  p.open();
  p.insert(1, "a");
  p.save();
  p.insert(2, "b");
  p.reload();
  p.insert(3, "c");
  p.close();
  p.open();
  p.insert(1, "d");
  p.sync();
  p.reload();
  p.save();
  p.close();
  p.open();
  p.close();
}

void compacting(player& p) {
  p.open();
  for (int i = 0; i < 4; ++i) p.insert(i % 2, text(static_cast<char>('a' + i), 200));
  p.save();
  p.insert(3, "unsaved in write-back");
  p.compact();
  p.insert(4, "after");
  p.save();
  p.erase(1);
  p.compact();
  p.close();
  p.open();
  p.compact();
  p.close();
}

void failed_sync(player& p) {
  p.open();
  p.insert(1, "kept");
  p.save();
  p.insert(2, "also kept");
  p.disk().inject(
      {.kind = p.saves_beside() ? simulation::call::sync : simulation::call::sync_data, .nth = 1});
  p.expect(p.saves_beside() ? errc::file_error : errc::indeterminate);
  if (p.mode() == write_mode::durable) {
    p.insert(3, "in doubt");
  } else {
    p.save();
  }
  if (p.saves_beside()) {
    p.save();
  } else {
    p.recover();
  }
  p.insert(4, "after");
  p.insert(2, "changed");
  p.close();
}

/// Room for a few sectors more; with a file beside, if that is how it is saved.
std::uint64_t nearly_full(const player& p) {
  constexpr std::uint64_t headers = 8192;
  const auto files = p.format() == file_format::native
                         ? headers
                         : (p.saves_beside() ? 2 : 1) * p.disk().read_all(file_name)->size();
  return files + 4 * 512;
}

/// A multiple of what there is room for: some writes fit, some do not.
void full_disk(player& p) {
  auto options = p.disk().options();
  p.open();
  p.insert(1, text('a', 100));
  p.save();
  options.capacity = nearly_full(p);
  p.disk().set_options(options);
  p.expect(errc::no_space);
  p.insert(2, text('b', 4000));
  p.insert(3, text('c', 50));
  if (p.mode() == write_mode::back) {
    p.expect(errc::no_space);
    p.save();
    p.erase(2);
  }
  p.insert(1, text('d', 60));
  p.save();
  p.expect(errc::no_space);
  p.compact();
  options.capacity = ~std::uint64_t{0};
  p.disk().set_options(options);
  p.insert(2, text('e', 700));
  p.close();
}

/// Durable tables fill the file with zeros ahead of the end: here they run through more than one
/// portion.
void written_ahead(player& p) {
  p.open();
  for (std::int64_t key = 1; key <= 3; ++key) p.insert(key, text('w', 120'000));
  p.insert(1, "small");
  p.close();
  p.open();
  p.insert(2, "small");
  p.abandon();
  p.open();
  p.close();
}

void extended_schema(player& p) {
  p.open({.extended = false});
  p.insert(1, "old");
  p.insert(2, "old too");
  p.close();
  p.open({.extended = true});
  p.insert(2, "new");
  p.insert(3, "new too");
  p.close();
}

void one_writer(player& p) {
  const subject::how h{.access = access::one_writer};
  p.open(h);
  p.insert(1, "a");
  p.insert_range({{2, "b"}, {3, "c"}});
  p.sync();
  p.erase(1);
  p.close();
  p.open(h);
  p.insert(1, "d");
  p.close();
}

/// The program ends without closing, again and again.
void abandoned(player& p) {
  for (int round = 0; round < 3; ++round) {
    p.open();
    p.insert(round, "a");
    if (round == 1) p.save();
    p.insert(round + 10, text('b', 40));
    p.abandon();
  }
  p.open();
  p.close();
}

/// Values over many sectors, neither end on a sector.
void large_values(player& p) {
  p.open();
  p.insert(1, text('l', 5000));
  p.insert(2, text('m', 9000));
  p.sync();
  p.insert(1, text('n', 3000));
  p.erase(2);
  p.insert(2, text('o', 2500));
  p.save();
  p.close();
}

/// A bit of everything, by chance.
void mixed(player& p) {
  std::uint64_t state = 7;
  const auto below = [&](std::uint64_t end) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (state >> 33) % end;
  };
  p.open();
  for (int i = 0; i < 40; ++i) {
    const auto key = static_cast<std::int64_t>(below(6));
    const auto value = text(static_cast<char>('a' + below(26)), below(90));
    switch (below(12)) {
      case 0: p.erase(key); break;
      case 1: p.erase(key, value); break;
      case 2: p.insert_range({{key, value}, {key + 1, "x"}, {key, "y"}}); break;
      case 3: p.sync(); break;
      case 4: p.save(); break;
      case 5: p.compact(); break;
      case 6:
        p.close();
        p.open();
        break;
      case 7:
        p.abandon();
        p.open();
        break;
      case 8: p.reload(); break;
      default: p.insert(key, value);
    }
  }
  p.close();
}

const std::vector<flavour> maps{map, ordered_map};
const std::vector<flavour> kinds{map, ordered_map, bag, duplicate_bag};
const std::vector<flavour> bags{bag, duplicate_bag};
const std::vector<flavour> several{map, ordered_map, bag, duplicate_bag, flavour::database};
const std::vector<write_mode> only_durable{write_mode::durable};

const auto& all_workloads() {
  static const std::array all{
      workload{.name = "single_inserts",
               .flavours = {map, flavour::database},
               .play = single_inserts,
               .least_states = 11'000},
      workload{.name = "overwrites", .flavours = maps, .play = overwrites, .least_states = 30'000},
      workload{.name = "erases", .flavours = several, .play = erases, .least_states = 49'500},
      workload{.name = "batches", .flavours = several, .play = batches, .least_states = 43'000},
      workload{.name = "mixed_batches",
               .flavours = several,
               .play = mixed_batches,
               .least_states = 64'500},
      workload{.name = "compacting_at_close",
               .flavours = {map, bag},
               .play = compacting_at_close,
               .least_states = 51'500,
               .budget = 100,
               .errnos = 5},
      workload{.name = "batch_of_many_frames",
               .flavours = {map, flavour::database},
               .play = batch_of_many_frames,
               .least_states = 1'500,
               .budget = 12,
               .for_faults = false},
      workload{
          .name = "counting", .flavours = {counters}, .play = counting, .least_states = 14'500},
      workload{.name = "bag_values", .flavours = bags, .play = bag_values, .least_states = 30'000},
      workload{.name = "clearing", .flavours = several, .play = clearing, .least_states = 51'500},
      workload{.name = "cycles",
               .flavours = {map, duplicate_bag},
               .play = cycles,
               .least_states = 28'000},
      workload{.name = "compacting",
               .flavours = several,
               .play = compacting,
               .least_states = 112'500,
               .budget = 100,
               .errnos = 5},
      workload{.name = "failed_sync",
               .flavours = {map, bag},
               .play = failed_sync,
               .least_states = 54'000,
               .for_faults = false},
      workload{.name = "full_disk",
               .flavours = {map},
               .play = full_disk,
               .modes = {write_mode::through, write_mode::back, write_mode::durable},
               .least_states = 16'000,
               .for_faults = false},
      workload{.name = "written_ahead",
               .flavours = {map},
               .play = written_ahead,
               .modes = only_durable,
               .least_states = 3'500,
               .budget = 60,
               .for_faults = false},
      workload{.name = "extended_schema",
               .flavours = {records},
               .play = extended_schema,
               .least_states = 31'500},
      workload{.name = "one_writer", .flavours = {map}, .play = one_writer, .least_states = 14'500},
      workload{
          .name = "abandoned", .flavours = {map, bag}, .play = abandoned, .least_states = 36'000},
      workload{
          .name = "large_values", .flavours = {map}, .play = large_values, .least_states = 12'000},
      workload{.name = "mixed",
               .flavours = kinds,
               .play = mixed,
               .least_states = 145'500,
               .budget = 80,
               .errnos = 2},
      workload{.name = "mixed_deadlines",
               .flavours = {flavour::expiring},
               .play = mixed,
               .least_states = 38'000,
               .budget = 60,
               .errnos = 2},
      workload{.name = "compacting_deadlines",
               .flavours = {flavour::expiring},
               .play = compacting,
               .least_states = 25'000,
               .budget = 60,
               .errnos = 2},
      workload{.name = "mixed_history",
               .flavours = {flavour::audited},
               .play = mixed,
               .least_states = 46'000,
               .budget = 60,
               .errnos = 2},
      workload{.name = "compacting_history",
               .flavours = {flavour::audited},
               .play = compacting,
               .least_states = 34'000,
               .budget = 60,
               .errnos = 2},
  };
  return all;
}

}  // namespace

std::span<const workload> workloads() { return all_workloads(); }

std::vector<workload> workloads_on(file_format format) {
  std::vector<workload> found;
  std::ranges::copy_if(workloads(), std::back_inserter(found), [&](const workload& w) {
    return format == file_format::native || !std::ranges::all_of(w.flavours, is_native_only);
  });
  return found;
}

const workload& workload_named(std::string_view name) {
  const auto found = std::ranges::find(workloads(), name, &workload::name);
  if (found == workloads().end()) std::abort();
  return *found;
}

std::vector<playing> playings(const workload& w, file_format format, bool few) {
  std::vector<flavour> flavours;
  for (const auto what : w.flavours) {
    if (!is_native_only(what) || test::can_keep(format, stores::capability::ordered_map)) {
      flavours.push_back(what);
    }
  }
  std::vector<playing> all;
  for (std::size_t f = 0; f < flavours.size(); ++f) {
    for (std::size_t m = 0; m < w.modes.size(); ++m) {
      if (!few || m == f % w.modes.size()) all.push_back({flavours[f], w.modes[m]});
    }
  }
  return all;
}

}  // namespace shelf::crash
