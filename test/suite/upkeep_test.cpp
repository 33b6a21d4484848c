// SUITE  every verb over every kind, write mode and store
// Files looked after without their types: described, checked, copied, salvaged.
#include "suite/ground.hpp"

#include <algorithm>
#include <cerrno>

namespace shelf::suite {
namespace {

using ages_map = map<std::string, std::int64_t>;

constexpr auto rescued = "rescued.shelf";

/// A disk with a closed table of ten batches, one entry each, and where each batch begins.
struct ten_batches {
  ten_batches() {
    auto t = or_throw(ages_map::open({.path = path, .system = &disk}));
    for (int i = 0; i < 10; ++i) {
      begins.push_back(or_throw(t.stats()).file_bytes);
      (void)or_throw(t.insert("key" + std::to_string(i), i));
    }
    begins.push_back(or_throw(t.stats()).file_bytes);
    or_throw(t.close());
  }
  void damage(std::uint64_t at) { disk.flip_bit(path, at * 8); }
  [[nodiscard]] result<salvage_report> salvage(std::optional<kind> what = {}) {
    salvage_options o;
    o.where.system = &disk;
    o.what = what;
    return shelf::salvage(path, rescued, o);
  }
  /// What the rescued file holds, as the types it was made with.
  [[nodiscard]] std::map<std::string, std::int64_t> kept() {
    auto t =
        or_throw(ages_map::open({.path = rescued, .opening = opening::read_only, .system = &disk}));
    std::map<std::string, std::int64_t> all;
    for (const auto& [key, value] : t.snapshot()) all[key] = value;
    return all;
  }

  simulation::simulated_disk disk;
  std::vector<std::uint64_t> begins;
};

/// A new file is there, with ten entries, if and only if the call that makes it said so.
void expect_all_or_nothing(ten_batches& f, bool said_ok, std::uint64_t nth) {
  const auto names = f.disk.files();
  const bool there = std::ranges::find(names, rescued) != names.end();
  EXPECT_EQ(there, said_ok) << nth;
  EXPECT_EQ(names.size(), there ? 2u : 1u) << nth;
  if (there) {
    EXPECT_EQ(f.kept().size(), 10u) << nth;
  }
  EXPECT_EQ(f.disk.open_descriptors(), 0u) << nth;
}

// --- describe ------------------------------------------------------------------------------------

TEST(Describe, SaysKindTypesAndThatTheFileWasClosed) {
  ten_batches f;
  const auto d = or_throw(describe(path, {.system = &f.disk}));
  EXPECT_EQ(d.what, kind::set);
  EXPECT_EQ(d.name, "main");
  EXPECT_EQ(d.key_schema, "binary");
  EXPECT_EQ(d.value_schema, "integer");
  EXPECT_EQ(d.file_bytes, f.disk.read_all(path)->size());
  EXPECT_TRUE(d.closed);
  EXPECT_EQ(d.held_by, 0);
}

TEST(Describe, WorksBesideAWriterAndNamesIt) {
  simulation::simulated_disk disk;
  const auto t = or_throw(ages_map::open({.path = path, .system = &disk}));
  const auto d = or_throw(describe(path, {.system = &disk}));
  EXPECT_FALSE(d.closed);
  EXPECT_EQ(d.held_by, disk.process_id());
}

TEST(Describe, TellsNoFileFromNoTable) {
  simulation::simulated_disk disk;
  EXPECT_EQ(describe(path, {.system = &disk}).error(), errc::not_found);
  disk.put(path, as_bytes("hello"));
  EXPECT_EQ(describe(path, {.system = &disk}).error(), errc::not_a_table);
}

// --- check ---------------------------------------------------------------------------------------

TEST(Check, ASoundFileIsSoundAndStaysAsItIs) {
  ten_batches f;
  const auto before = f.disk.read_all(path);
  const auto found = or_throw(check(path, {.system = &f.disk}));
  EXPECT_EQ(found.entries, 10u);
  EXPECT_EQ(found.torn_bytes, 0u);
  EXPECT_EQ(f.disk.read_all(path), before);
}

TEST(Check, EveryDamagedBatchIsNoticedAndNamed) {
  const ten_batches whole;
  for (std::size_t i = 0; i < 10; ++i) {
    ten_batches f;
    f.damage(f.begins[i] + 48);
    const auto found = check(path, {.system = &f.disk});
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error(), errc::corrupt);
    EXPECT_THAT(found.error().message(), testing::HasSubstr(std::to_string(whole.begins[i])));
  }
}

TEST(Check, AnEntryThatIsNotOfTheTypesTheFileNamesIsToldWithItsPath) {
  struct pair_of_numbers {
    std::int64_t x = 0;
    std::int64_t y = 0;
  };
  simulation::simulated_disk disk;
  {
    auto t = or_throw(map<std::string, pair_of_numbers>::open({.path = path, .system = &disk}));
    (void)or_throw(t.insert("right", {1, 2}));
    // Any program that takes every term can put in what does not fit.
    or_throw(t.close());
  }
  auto any = or_throw(map<term, term>::open({.path = path, .system = &disk}));
  const auto wrong =
      term::tuple({or_throw(term::atom("pair_of_numbers")), term::integer(1), term::binary("two")});
  (void)or_throw(any.insert(term::binary("wrong"), wrong));
  or_throw(any.close());
  const auto found = check(path, {.system = &disk});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error(), errc::type_mismatch);
  EXPECT_THAT(found.error().message(), testing::HasSubstr(".y: expected integer, found binary"));
}

// --- copy ----------------------------------------------------------------------------------------

TEST(Copy, HoldsTheSameEntriesUnderTheSameTypes) {
  ten_batches f;
  const auto made = or_throw(copy(path, rescued, {.system = &f.disk}));
  EXPECT_EQ(made.bytes, f.disk.read_all(rescued)->size());
  EXPECT_EQ(f.kept().size(), 10u);
  EXPECT_TRUE(or_throw(describe(rescued, {.system = &f.disk})).closed);
  EXPECT_EQ(or_throw(check(rescued, {.system = &f.disk})).entries, 10u);
}

TEST(Copy, IsTakenBesideAWriterWhoGoesOn) {
  ten_batches f;
  auto t = or_throw(ages_map::open({.path = path, .system = &f.disk}));
  (void)or_throw(t.insert("key10", 10));
  (void)or_throw(copy(path, rescued, {.system = &f.disk}));
  (void)or_throw(t.insert("key11", 11));
  EXPECT_EQ(f.kept().size(), 11u);
  EXPECT_EQ(t.size(), 12u);
}

TEST(Copy, IsATableOfItsOwnThatCanBeWritten) {
  ten_batches f;
  (void)or_throw(copy(path, rescued, {.system = &f.disk}));
  auto t = or_throw(ages_map::open({.path = rescued, .system = &f.disk}));
  (void)or_throw(t.insert("key10", 10));
  or_throw(t.close());
  EXPECT_EQ(f.kept().size(), 11u);
  EXPECT_EQ(or_throw(check(path, {.system = &f.disk})).entries, 10u);
}

TEST(Copy, NeverReplacesAFile) {
  ten_batches f;
  f.disk.put(rescued, as_bytes("precious"));
  const auto made = copy(path, rescued, {.system = &f.disk});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().os_error(), EEXIST);
  EXPECT_EQ(as_text(bytes(*f.disk.read_all(rescued))), "precious");
}

TEST(Copy, LeavesNoFileWhenAnyCallFails) {
  const auto calls = [] {
    ten_batches f;
    const auto before = f.disk.calls(simulation::call::changing);
    (void)or_throw(copy(path, rescued, {.system = &f.disk}));
    return f.disk.calls(simulation::call::changing) - before;
  }();
  for (std::uint64_t nth = 1; nth <= calls; ++nth) {
    ten_batches f;
    f.disk.inject({.kind = simulation::call::changing, .nth = nth, .error = ENOSPC});
    const auto made = copy(path, rescued, {.system = &f.disk});
    f.disk.clear_faults();
    expect_all_or_nothing(f, made.has_value(), nth);
  }
}

// --- built from entries --------------------------------------------------------------------------

detail::entry_types ages_types(kind what = kind::set) {
  return {.what = what,
          .key_schema = "binary",
          .value_schema = "integer",
          .check = {},
          .accept = {},
          .reencode = {}};
}

/// Entries `from` to `to` for a table that is not in memory: a new one, or one that is there.
result<> fill(simulation::simulated_disk& disk, decltype(&detail::build_file) begin,
              const char* name, std::int64_t from, std::int64_t to,
              const detail::entry_types& types = ages_types()) {
  detail::core_config config;
  config.path = name;
  config.system = &disk;
  auto made = begin(config, types);
  if (!made) return std::unexpected(made.error());
  for (std::int64_t i = from; i < to; ++i) {
    const auto key = term::binary("key" + std::to_string(i));
    const auto value = term::integer(i);
    if (auto added = (*made)->add(key.encoded(), value.encoded()); !added) return added;
  }
  return (*made)->publish();
}
result<> build(simulation::simulated_disk& disk, std::int64_t count) {
  return fill(disk, &detail::build_file, rescued, 0, count);
}
result<> extend(simulation::simulated_disk& disk, std::int64_t from, std::int64_t to) {
  return fill(disk, &detail::extend_file, path, from, to);
}

TEST(Build, HoldsWhatWasAddedHoweverManyBatchesThatTakes) {
  for (const std::int64_t count : {0, 1, 4095, 4096, 4097, 10'000}) {
    ten_batches f;
    ASSERT_TRUE(ok(build(f.disk, count)));
    const auto kept = f.kept();
    ASSERT_EQ(kept.size(), static_cast<std::size_t>(count));
    for (const auto& [key, value] : kept) EXPECT_EQ(key, "key" + std::to_string(value));
    EXPECT_TRUE(ok(check(rescued, {.system = &f.disk})));
    EXPECT_TRUE(or_throw(describe(rescued, {.system = &f.disk})).closed);
  }
}

TEST(Build, LeavesNoFileWhenAnyCallFails) {
  const auto calls = [] {
    ten_batches f;
    const auto before = f.disk.calls(simulation::call::changing);
    or_throw(build(f.disk, 10));
    return f.disk.calls(simulation::call::changing) - before;
  }();
  for (std::uint64_t nth = 1; nth <= calls; ++nth) {
    ten_batches f;
    f.disk.inject({.kind = simulation::call::changing, .nth = nth, .error = ENOSPC});
    const auto made = build(f.disk, 10);
    f.disk.clear_faults();
    expect_all_or_nothing(f, made.has_value(), nth);
  }
}

TEST(Build, NeverReplacesAFile) {
  ten_batches f;
  ASSERT_TRUE(ok(build(f.disk, 3)));
  const auto again = build(f.disk, 5);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error(), std::errc::file_exists);
  EXPECT_EQ(f.kept().size(), 3u);
}

TEST(Extend, AddsBehindWhatIsThereAndCloses) {
  ten_batches f;
  ASSERT_TRUE(ok(extend(f.disk, 5, 5)));
  ASSERT_TRUE(ok(extend(f.disk, 5, 50'000)));
  EXPECT_TRUE(or_throw(describe(path, {.system = &f.disk})).closed);
  const auto batches = or_throw(check(path, {.system = &f.disk})).batches;
  EXPECT_LE(batches, 15u);  // ten, a seal, the many entries, a note, a seal
  const auto t = or_throw(ages_map::open({.path = path, .system = &f.disk}));
  EXPECT_EQ(t.size(), 50'000u);
  for (const auto& [key, value] : t.snapshot()) EXPECT_EQ(key, "key" + std::to_string(value));
}

TEST(Extend, ShowsNobodyAnythingBeforeAll) {
  ten_batches f;
  detail::core_config config;
  config.path = path;
  config.system = &f.disk;
  const auto seen = [&] {
    const auto t =
        or_throw(ages_map::open({.path = path, .opening = opening::read_only, .system = &f.disk}));
    return t.size();
  };
  const auto key = term::binary("late");
  const auto value = term::binary(std::string(std::size_t{3} << 20, 'x'));
  {
    auto more = or_throw(detail::extend_file(config, ages_types()));
    EXPECT_TRUE(refuses(ages_map::open({.path = path, .system = &f.disk}), errc::already_open));
    for (int i = 0; i < 3; ++i) or_throw(more->add(key.encoded(), value.encoded()));
    EXPECT_EQ(seen(), 10u);
  }
  EXPECT_EQ(seen(), 10u);
  EXPECT_TRUE(or_throw(describe(path, {.system = &f.disk})).closed);
}

TEST(Extend, OfOtherTypesIsRefusedAndChangesNothing) {
  ten_batches f;
  const auto before = *f.disk.read_all(path);
  EXPECT_TRUE(refuses(fill(f.disk, &detail::extend_file, path, 0, 1, ages_types(kind::bag)),
                      errc::type_mismatch));
  EXPECT_EQ(*f.disk.read_all(path), before);
}

TEST(Extend, AddsAllOrNothingWhenAnyCallFails) {
  const auto calls = [] {
    ten_batches f;
    const auto before = f.disk.calls(simulation::call::changing);
    or_throw(extend(f.disk, 10, 20));
    return f.disk.calls(simulation::call::changing) - before;
  }();
  for (const int cause : {ENOSPC, EIO}) {
    for (std::uint64_t nth = 1; nth <= calls; ++nth) {
      SCOPED_TRACE(testing::Message() << cause << " at call " << nth);
      ten_batches f;
      f.disk.inject({.kind = simulation::call::changing, .nth = nth, .error = cause});
      const auto done = extend(f.disk, 10, 20);
      f.disk.clear_faults();
      EXPECT_EQ(f.disk.open_descriptors(), 0u);
      const auto size = or_throw(ages_map::open({.path = path, .system = &f.disk})).size();
      const bool in_doubt = !done && done.error() == errc::indeterminate;
      EXPECT_TRUE(size == (done ? 20u : 10u) || (in_doubt && size == 20u)) << size;
    }
  }
}

// --- salvage -------------------------------------------------------------------------------------

TEST(Salvage, OfASoundFileLosesNothing) {
  ten_batches f;
  const auto report = or_throw(f.salvage());
  EXPECT_EQ(report.lost_places, 0u);
  EXPECT_EQ(report.lost_bytes, 0u);
  EXPECT_EQ(report.changes, 10u);
  EXPECT_EQ(f.kept().size(), 10u);
}

TEST(Salvage, OfADamagedBatchLosesThatBatchAndSaysWhereAndWhich) {
  for (std::size_t i = 0; i < 10; ++i) {
    ten_batches f;
    const auto before = f.disk.read_all(path);
    f.damage(f.begins[i] + 48);
    const auto damaged = f.disk.read_all(path);
    EXPECT_EQ(ages_map::open({.path = path, .system = &f.disk}).error(), errc::corrupt);
    const auto report = or_throw(f.salvage());
    ASSERT_EQ(report.lost.size(), 1u);
    EXPECT_EQ(report.lost[0].from, f.begins[i]);
    EXPECT_EQ(report.lost[0].to, f.begins[i + 1]);
    EXPECT_EQ(report.lost[0].first_sequence, i + 2);  // the catalogue is batch 1
    EXPECT_EQ(report.lost[0].last_sequence, i + 2);
    EXPECT_TRUE(report.lost[0].promised);
    EXPECT_TRUE(report.partial.empty());
    auto wanted = std::map<std::string, std::int64_t>();
    for (int k = 0; k < 10; ++k) {
      if (k != static_cast<int>(i)) wanted["key" + std::to_string(k)] = k;
    }
    EXPECT_EQ(f.kept(), wanted);
    EXPECT_EQ(f.disk.read_all(path), damaged);  // the source is only read
  }
}

TEST(Salvage, OfALargeBatchThatLostAFrameKeepsTheRestOfIt) {
  simulation::simulated_disk disk;
  constexpr std::size_t count = 40'000;
  std::uint64_t middle = 0;
  {
    auto t = or_throw(ages_map::open({.path = path, .system = &disk}));
    std::vector<std::pair<std::string, std::int64_t>> all;
    for (std::size_t i = 0; i < count; ++i) {
      all.emplace_back("a key that takes some room " + std::to_string(i), i);
    }
    middle = or_throw(t.stats()).file_bytes + (std::uint64_t{3} << 19);
    (void)or_throw(t.insert_range(all));
    or_throw(t.close());
  }
  disk.flip_bit(path, middle * 8);
  salvage_options o;
  o.where.system = &disk;
  const auto report = or_throw(shelf::salvage(path, rescued, o));
  ASSERT_EQ(report.lost.size(), 1u);
  EXPECT_EQ(report.partial, std::vector<std::uint64_t>{2});
  EXPECT_LE(report.lost[0].from, middle);
  EXPECT_GT(report.lost[0].to, middle);
  EXPECT_LE(report.lost_bytes, std::uint64_t{1} << 20);
  const auto kept = or_throw(check(rescued, {.system = &disk})).entries;
  EXPECT_EQ(kept, report.changes);
  EXPECT_GT(kept, count / 4);
  EXPECT_LT(kept, count);
}

TEST(Salvage, OfAFileWhoseFirstBatchIsLostWantsToBeToldWhatItWas) {
  ten_batches f;
  f.damage(8192 + 60);
  const auto untold = f.salvage();
  ASSERT_FALSE(untold);
  EXPECT_EQ(untold.error(), errc::invalid_argument);
  EXPECT_EQ(f.disk.files().size(), 1u);
  salvage_options told;
  told.where.system = &f.disk;
  told.what = kind::set;
  told.key_schema = "binary";
  told.value_schema = "integer";
  const auto report = or_throw(shelf::salvage(path, rescued, told));
  EXPECT_EQ(report.lost[0].from, 8192u);
  EXPECT_EQ(f.kept().size(), 10u);
}

TEST(Salvage, OfAFileCutShortKnowsWhichBatchesWereBehind) {
  ten_batches f;
  const auto size = f.disk.read_all(path)->size();
  f.disk.resize(path, f.begins[7] + 8);
  const auto report = or_throw(f.salvage());
  ASSERT_EQ(report.lost.size(), 1u);
  EXPECT_EQ(report.lost[0].from, f.begins[7]);
  EXPECT_EQ(report.lost[0].to, size);
  EXPECT_EQ(report.lost[0].first_sequence, 9u);
  EXPECT_EQ(report.lost[0].last_sequence, 11u);
  EXPECT_EQ(f.kept().size(), 7u);
}

TEST(Salvage, OfATornEndLosesNothingThatWasPromised) {
  simulation::simulated_disk disk;
  {
    auto t = or_throw(ages_map::open({.path = path, .system = &disk}));
    (void)or_throw(t.insert("alice", 30));
    (void)or_throw(t.insert("bob", 40));
    t.abandon();
  }
  disk.resize(path, disk.read_all(path)->size() - 8);
  salvage_options o;
  o.where.system = &disk;
  const auto report = or_throw(shelf::salvage(path, rescued, o));
  ASSERT_EQ(report.lost.size(), 1u);
  EXPECT_FALSE(report.lost[0].promised);
  EXPECT_EQ(report.lost[0].last_sequence, 0u);
  EXPECT_EQ(report.changes, 1u);
}

TEST(Salvage, WithoutAnyHeaderRefusesBecauseNothingCanBeVerified) {
  ten_batches f;
  f.damage(100);
  f.damage(4096 + 100);
  const auto report = f.salvage(kind::set);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error(), errc::corrupt);
  EXPECT_EQ(f.disk.files().size(), 1u);
}

/// One bit after the other: what comes out is always a sound table whose entries were all written
/// once, and never fewer than all but two.
TEST(Salvage, OfAnyFlippedBitGivesASoundTableOfEntriesThatWereWritten) {
  const auto size = ten_batches().disk.read_all(path)->size();
  for (std::uint64_t at = 8192; at < size; at += 5) {
    ten_batches f;
    f.damage(at);
    const auto report = f.salvage(kind::set);
    ASSERT_TRUE(report) << at;
    EXPECT_EQ(report->lost_places, 1u) << at;

    const auto found = check(rescued, {.system = &f.disk});
    ASSERT_TRUE(found) << at;
    EXPECT_GE(found->entries, 9u) << at;
  }
}

// --- other formats -------------------------------------------------------------------------------

TEST(Upkeep, OfAFileOfAnotherFormatIsRefusedAndChangesNothing) {
  for (const auto format : test::every_format) {
    if (can_keep(format, capability::upkeep)) continue;
    simulation::simulated_disk disk;
    {
      auto t = or_throw(ages_map::open({.path = path, .format = format, .system = &disk}));
      (void)or_throw(t.insert("a", 1));
    }
    const auto before = *disk.read_all(path);
    salvage_options o;
    o.where.system = &disk;
    EXPECT_TRUE(refuses(describe(path, o.where), errc::not_a_table, {path}));
    EXPECT_TRUE(refuses(check(path, o.where), errc::not_a_table, {path}));
    EXPECT_TRUE(refuses(copy(path, rescued, o.where), errc::not_a_table, {path}));
    EXPECT_TRUE(refuses(shelf::salvage(path, rescued, o), errc::not_a_table, {path}));
    EXPECT_EQ(*disk.read_all(path), before);
    EXPECT_THAT(disk.files(), testing::ElementsAre(path));
  }
}

}  // namespace
}  // namespace shelf::suite
