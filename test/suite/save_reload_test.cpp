// SUITE  every verb over every kind, write mode and store
// save, sync, reload, compact, and what the file has after each.
#include "suite/ground.hpp"

#include "engine/instance.hpp"

#include <algorithm>
#include <chrono>

namespace shelf::suite {
namespace {

template <class Kind>
class SaveReload : public each_kind<Kind> {};
TYPED_TEST_SUITE(SaveReload, all_kinds, kind_names);

/// What a process that opens the file now would find, the writer's work left as it is.
template <kind Kind>
entries in_file(ground<Kind>& g) {
  auto c = g.config();
  c.opening = opening::read_only;
  auto reader = or_throw(ground<Kind>::table::open(c));
  return contents(reader);
}

template <class Table>
void work(Table& t) {
  (void)static_cast<engine::live_table&>(t.untyped()).database().work();
}

// T48, T53, T58, T59, T61
TYPED_TEST(SaveReload, CloseAloneKeepsEverything) {
  this->in_every_file([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    ASSERT_TRUE(ok(t.insert_range({{"b", 2}, {"a", 3}, {"a", 1}})));
    const auto expected = contents(t);
    ASSERT_TRUE(ok(t.close()));
    auto again = g.open();
    EXPECT_EQ(contents(again), expected);
    EXPECT_TRUE(again.stats()->recovered_clean);
  });
}

// T32, T46, T49, T96
TYPED_TEST(SaveReload, WhatCameBeforeAndAfterASaveIsThereAfterClose) {
  this->in_every_file([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    ASSERT_TRUE(ok(t.save()));
    EXPECT_EQ(in_file(g), (entries{{"a", 1}}));
    ASSERT_TRUE(ok(t.insert("b", 2)));
    ASSERT_TRUE(ok(t.insert("c", 3)));
    g.reopen(t);
    EXPECT_EQ(contents(t), (entries{{"a", 1}, {"b", 2}, {"c", 3}}));
  });
}

// T33, T47, T50, T51, T99
TYPED_TEST(SaveReload, ReloadDropsWhatWasNotSavedAndKeepsWhatReachedTheFile) {
  this->in_every_file([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    ASSERT_TRUE(ok(t.save()));
    ASSERT_TRUE(ok(t.erase("a")));
    ASSERT_TRUE(ok(t.insert("a", 2)));
    ASSERT_TRUE(ok(t.save()));
    const auto saved = contents(t);
    ASSERT_TRUE(ok(t.insert("b", 3)));
    ASSERT_TRUE(ok(t.erase("a")));
    const auto now = contents(t);
    ASSERT_TRUE(ok(t.reload()));
    EXPECT_EQ(contents(t), g.how == keeping::back ? saved : now);
    EXPECT_EQ(t.stats()->unsaved_changes, 0u);
    g.reopen(t);
    EXPECT_EQ(contents(t), g.how == keeping::back ? saved : now);
  });
}

TYPED_TEST(SaveReload, ReloadTakesBackAClear) {
  this->in_every_format(keeping::back, [&](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}})));
    ASSERT_TRUE(ok(t.save()));
    ASSERT_TRUE(ok(t.clear()));
    EXPECT_GE(t.stats()->unsaved_changes, 1u);
    ASSERT_TRUE(ok(t.reload()));
    EXPECT_EQ(contents(t), (entries{{"a", 1}, {"b", 2}}));
    ASSERT_TRUE(ok(t.save()));
    g.reopen(t);
    EXPECT_EQ(contents(t), (entries{{"a", 1}, {"b", 2}}));
  });
}

TYPED_TEST(SaveReload, NothingReachesTheFileInBackModeUntilItIsSaved) {
  this->in_every_format(keeping::back, [&](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}})));
    ASSERT_TRUE(ok(t.sync()));
    ASSERT_TRUE(ok(t.compact()));
    EXPECT_TRUE(in_file(g).empty());
    EXPECT_EQ(t.stats()->unsaved_changes, 2u);
    ASSERT_TRUE(ok(t.save()));
    EXPECT_EQ(in_file(g), (entries{{"a", 1}, {"b", 2}}));
    EXPECT_EQ(t.stats()->unsaved_changes, 0u);
  });
}

TYPED_TEST(SaveReload, EveryWriteIsInTheFileWhenItReturnsInTheOtherModes) {
  this->where_writes_reach_the_file([](auto& g) {
    auto t = g.open();
    const auto same = [&] { return in_file(g) == contents(t); };
    ASSERT_TRUE(ok(t.insert("a", 1)));
    EXPECT_TRUE(same());
    ASSERT_TRUE(ok(t.insert_range({{"b", 2}, {"b", 3}, {"b", 3}, {"c", 4}})));
    EXPECT_TRUE(same());
    ASSERT_TRUE(ok(t.erase("b", 3)));
    EXPECT_TRUE(same());
    if constexpr (!is_bag(TypeParam::value)) {
      ASSERT_TRUE(ok(t.insert_new("n", 1)));
      ASSERT_TRUE(ok(t.update_counter("n", 5)));
      ASSERT_TRUE(ok(t.update("n", [](std::int64_t v) { return v * 2; })));
      EXPECT_TRUE(same());
    }
    ASSERT_TRUE(ok(t.erase("a")));
    EXPECT_TRUE(same());
    ASSERT_TRUE(ok(t.clear()));
    EXPECT_TRUE(same());
  });
}

// T95
TYPED_TEST(SaveReload, NoOtherFileIsLeftAbout) {
  this->in_every_file([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    ASSERT_TRUE(ok(t.save()));
    ASSERT_TRUE(ok(t.compact()));
    EXPECT_THAT(g.disk.files(), testing::ElementsAre(path));
    ASSERT_TRUE(ok(t.close()));
    EXPECT_THAT(g.disk.files(), testing::ElementsAre(path));
    EXPECT_EQ(g.disk.open_descriptors(), 0u);
    EXPECT_EQ(g.disk.locks_held(), 0u);
  });
}

// T97
TYPED_TEST(SaveReload, ManyEntriesSurvive) {
  this->in_every_file([](auto& g) {
    auto t = g.open();
    entries expected;
    for (int i = 0; i < 1000; ++i) {
      expected.emplace_back("key" + std::to_string(10'000 + i), i * i);
      ASSERT_TRUE(ok(t.insert(expected.back().first, expected.back().second)));
    }
    ASSERT_TRUE(ok(t.save()));
    g.reopen(t);
    EXPECT_EQ(contents(t), expected);
  });
}

// T131, T132, T133
TYPED_TEST(SaveReload, SyncIsWelcomeAnyTime) {
  this->in_every_file([](auto& g) {
    auto t = g.open();
    EXPECT_TRUE(ok(t.sync()));
    ASSERT_TRUE(ok(t.insert("a", 1)));
    EXPECT_TRUE(ok(t.sync()));
    EXPECT_EQ(t.stats()->unsynced_bytes, 0u);
    EXPECT_TRUE(ok(t.sync()));
  });
}

// T98
TYPED_TEST(SaveReload, AReloadOfADamagedFileIsAnErrorAndMemoryKeepsWhatItHad) {
  this->in_every_file([](auto& g) {
    if (g.lacks(capability::checksums)) return;
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}})));
    ASSERT_TRUE(ok(t.save()));
    const auto whole = *g.disk.read_all(path);
    g.disk.flip_bit(path, (t.stats()->file_bytes - 100) * 8);
    const auto reloaded = t.reload();
    EXPECT_TRUE(refuses(reloaded, errc::corrupt, {path, "byte"}))
        << testing::PrintToString(reloaded);
    EXPECT_EQ(contents(t), (entries{{"a", 1}, {"b", 2}}));
    g.disk.put(path, whole);
    EXPECT_TRUE(ok(t.reload()));
    EXPECT_TRUE(ok(t.insert("c", 3)));
    g.reopen(t);
    EXPECT_EQ(contents(t), (entries{{"a", 1}, {"b", 2}, {"c", 3}}));
  });
}

TYPED_TEST(SaveReload, AFailedSaveLosesNothingAndTheNextOneSavesAll) {
  this->in_every_format(keeping::back, [&](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}})));
    ASSERT_TRUE(ok(t.save()));
    ASSERT_TRUE(ok(t.erase("a")));
    ASSERT_TRUE(ok(t.insert_range({{"c", 3}, {"c", 4}, {"b", 5}})));
    const auto unsaved = t.stats()->unsaved_changes;
    g.disk.inject({.kind = simulation::call::write, .error = ENOSPC});
    EXPECT_TRUE(refuses(t.save(), errc::no_space, {path, "space"}));
    EXPECT_EQ(t.stats()->unsaved_changes, unsaved);
    EXPECT_EQ(in_file(g), (entries{{"a", 1}, {"b", 2}}));
    ASSERT_TRUE(ok(t.erase("b")));
    ASSERT_TRUE(ok(t.insert("a", 6)));
    const auto expected = contents(t);
    ASSERT_TRUE(ok(t.save()));
    EXPECT_EQ(in_file(g), expected);
    g.reopen(t);
    EXPECT_EQ(contents(t), expected);
  });
}

TYPED_TEST(SaveReload, AClearBeforeAndAfterAFailedSaveIsSavedByTheNext) {
  for (const bool clear_before : {true, false}) {
    this->in_every_format(keeping::back, [&](auto& g) {
      auto t = g.open();
      ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}})));
      ASSERT_TRUE(ok(t.save()));
      if (clear_before) {
        ASSERT_TRUE(ok(t.clear()));
      }
      ASSERT_TRUE(ok(t.insert("c", 3)));
      g.disk.inject({.kind = simulation::call::write, .error = ENOSPC});
      EXPECT_TRUE(refuses(t.save(), errc::no_space));
      if (!clear_before) {
        ASSERT_TRUE(ok(t.clear()));
      }
      ASSERT_TRUE(ok(t.insert("d", 4)));
      const auto expected = contents(t);
      ASSERT_TRUE(ok(t.save()));
      EXPECT_EQ(in_file(g), expected);
    });
  }
}

TYPED_TEST(SaveReload, ACompactionKeepsTheContentsTheOrderAndTheUnsavedChanges) {
  this->in_every_file([](auto& g) {
    auto t = g.open();
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(ok(t.insert("k" + std::to_string(i % 7), i % 20)));
      if (i % 5 == 4) {
        ASSERT_TRUE(ok(t.erase("k" + std::to_string(i % 3), i % 20)));
      }
    }
    ASSERT_TRUE(ok(t.save()));
    const auto saved = contents(t);
    ASSERT_TRUE(ok(t.insert("later", 1)));
    const auto all = contents(t);
    ASSERT_TRUE(ok(t.compact()));
    EXPECT_EQ(contents(t), all);
    EXPECT_EQ(in_file(g), g.how == keeping::back ? saved : all);
    ASSERT_TRUE(ok(t.insert("latest", 2)));
    const auto in_the_end = contents(t);
    g.reopen(t);
    EXPECT_EQ(contents(t), in_the_end);
  });
}

TYPED_TEST(SaveReload, ACompactionTellsHowManyOfTheEntriesAreWritten) {
  this->in_every_file([](auto& g) {
    auto t = g.open();
    std::vector<std::pair<std::string, std::int64_t>> many;
    const std::string long_key(400, 'k');
    for (int i = 0; i < 5000; ++i) many.emplace_back(long_key + std::to_string(i), i);
    ASSERT_TRUE(ok(t.insert_range(many)));
    ASSERT_TRUE(ok(t.save()));
    std::vector<std::uint64_t> told;
    ASSERT_TRUE(ok(t.compact([&](std::uint64_t done, std::uint64_t of) {
      EXPECT_EQ(of, 5000u);
      told.push_back(done);
    })));
    ASSERT_FALSE(told.empty());
    EXPECT_TRUE(std::ranges::is_sorted(told));
    EXPECT_LE(told.back(), 5000u);
    EXPECT_EQ(t.size(), 5000u);
  });
}

TYPED_TEST(SaveReload, AFailedCompactionLeavesTheOldFileInUse) {
  this->in_every_file([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}})));
    ASSERT_TRUE(ok(t.save()));
    const auto descriptors = g.disk.open_descriptors();
    for (const auto kind : {simulation::call::create, simulation::call::write,
                            simulation::call::any_sync, simulation::call::rename}) {
      g.disk.inject({.kind = kind, .error = ENOSPC});
      EXPECT_TRUE(refuses(t.compact(), errc::no_space, {path}));
      g.disk.clear_faults();
      EXPECT_THAT(g.disk.files(), testing::ElementsAre(path));
      EXPECT_EQ(g.disk.open_descriptors(), descriptors);
      EXPECT_EQ(g.disk.locks_held(), 1u);
      ASSERT_TRUE(ok(t.insert("c", static_cast<int>(kind))));
    }
    const auto expected = contents(t);
    g.reopen(t);
    EXPECT_EQ(contents(t), expected);
  });
}

TYPED_TEST(SaveReload, SequenceNumbersNeverGoBack) {
  this->in_every_file([](auto& g) {
    auto t = g.open();
    std::uint64_t last = 0;
    const auto grows = [&] {
      const auto now = t.stats()->sequence;
      const bool grown = now >= last;
      last = now;
      return grown;
    };
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(ok(t.insert("a", i)));
      EXPECT_TRUE(grows());
      ASSERT_TRUE(ok(t.save()));
      ASSERT_TRUE(ok(t.insert("b", i)));
      EXPECT_TRUE(grows());
      ASSERT_TRUE(ok(t.reload()));
      EXPECT_TRUE(grows());
      ASSERT_TRUE(ok(t.clear()));
      EXPECT_TRUE(grows());
      ASSERT_TRUE(ok(t.compact()));
      EXPECT_TRUE(grows());
      g.reopen(t);
      if (g.lacks(capability::sequence_numbers)) last = 0;
      EXPECT_TRUE(grows());
    }
  });
}

TYPED_TEST(SaveReload, BackgroundWorkSavesWhenMuchWasWritten) {
  this->in_every_format(keeping::back, [&](auto& g) {
    auto c = g.config();
    c.save_at_bytes = 1000;
    auto t = or_throw(ground<TypeParam::value>::table::open(c));
    ASSERT_TRUE(ok(t.insert(std::string(400, 'a'), 1)));
    work(t);
    EXPECT_EQ(t.stats()->unsaved_changes, 1u);
    ASSERT_TRUE(ok(t.insert(std::string(400, 'b'), 2)));
    ASSERT_TRUE(ok(t.insert(std::string(400, 'c'), 3)));
    g.disk.inject({.kind = simulation::call::write, .error = ENOSPC, .sticky = true});
    work(t);
    EXPECT_EQ(t.stats()->unsaved_changes, 3u) << "it failed, and is still due";
    g.disk.clear_faults();
    work(t);
    EXPECT_EQ(t.stats()->unsaved_changes, 0u);
    ASSERT_TRUE(ok(t.insert(std::string(400, 'd'), 4)));
    work(t);
    EXPECT_EQ(t.stats()->unsaved_changes, 1u) << "it counts from the last save";
    t.abandon();
    t = g.open();
    EXPECT_EQ(t.size(), 3u);
  });
}

TYPED_TEST(SaveReload, BackgroundWorkSavesAndSyncsOnTime) {
  this->run(std::array{keeping::back, keeping::through}, [&](auto& g) {
    auto c = g.config();
    c.save_every = std::chrono::seconds(10);
    c.sync_every = std::chrono::seconds(10);
    auto t = or_throw(ground<TypeParam::value>::table::open(c));
    work(t);
    ASSERT_TRUE(ok(t.insert("a", 1)));
    work(t);
    EXPECT_TRUE(t.stats()->unsaved_changes + t.stats()->unsynced_bytes > 0);
    g.disk.advance(std::chrono::seconds(11));
    work(t);
    EXPECT_EQ(t.stats()->unsaved_changes, 0u);
    EXPECT_EQ(in_file(g), (entries{{"a", 1}}));
    g.disk.inject({.kind = simulation::call::write, .error = ENOSPC, .sticky = true});
    ASSERT_TRUE(g.how == keeping::through || ok(t.insert("b", 2)));
    g.disk.advance(std::chrono::seconds(11));
    work(t);
    g.disk.advance(std::chrono::seconds(11));
    work(t);
    if (g.how == keeping::back) {
      ASSERT_EQ(g.told.size(), 1u);  // once, not at every visit
      EXPECT_TRUE(says(g.told[0], errc::no_space, {path}));
      EXPECT_EQ(t.stats()->last_error->code(), errc::no_space);
    }
    g.disk.clear_faults();
    g.disk.advance(std::chrono::seconds(11));
    work(t);
    EXPECT_FALSE(t.stats()->last_error);
    EXPECT_EQ(in_file(g), contents(t));
  });
}

TYPED_TEST(SaveReload, StatsTellWhatTheTableHolds) {
  this->in_every_file([](auto& g) {
    auto t = g.open();
    EXPECT_FALSE(t.stats()->last_save);
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}})));
    ASSERT_TRUE(ok(t.save()));
    const auto s = *t.stats();
    EXPECT_EQ(s.entries, 2u);
    EXPECT_EQ(s.payload_bytes, 2 * (6u + 2u));
    EXPECT_GE(s.memory_bytes, s.payload_bytes);
    EXPECT_LE(s.file_bytes, g.disk.read_all(path)->size());
    EXPECT_TRUE(s.last_save);
    EXPECT_FALSE(s.fenced);
    EXPECT_FALSE(s.last_error);
    EXPECT_EQ(s.recovery_cut_bytes, 0u);
    ASSERT_TRUE(ok(t.erase("a")));
    ASSERT_TRUE(ok(t.save()));
    const bool is_new = g.saves_beside();
    EXPECT_EQ(t.stats()->garbage_bytes > 0u, !is_new);
    const auto before = t.stats()->file_bytes;
    ASSERT_TRUE(ok(t.compact()));
    EXPECT_EQ(t.stats()->file_bytes < before, !is_new);
    ASSERT_TRUE(ok(t.close()));
    EXPECT_TRUE(refuses(t.stats(), errc::table_closed, {path}));
  });
}

TYPED_TEST(SaveReload, ATableInMemoryHasNothingToSave) {
  auto t = SaveReload<TypeParam>::table_of_kind::in_memory("scores");
  EXPECT_TRUE(refuses(t.save(), errc::invalid_argument, {"scores", "memory"}));
  EXPECT_TRUE(refuses(t.sync(), errc::invalid_argument, {"scores", "memory"}));
  EXPECT_TRUE(refuses(t.reload(), errc::invalid_argument, {"scores", "memory"}));
  EXPECT_TRUE(refuses(t.compact(), errc::invalid_argument, {"scores", "memory"}));
  EXPECT_TRUE(refuses(t.recover(), errc::invalid_argument, {"scores", "memory"}));
  ASSERT_TRUE(ok(t.insert("a", 1)));
  EXPECT_EQ(t.stats()->entries, 1u);
  EXPECT_EQ(t.stats()->file_bytes, 0u);
  EXPECT_EQ(t.stats()->unsaved_changes, 0u);
  EXPECT_TRUE(ok(t.close()));
  EXPECT_TRUE(refuses(t.lookup("a"), errc::table_closed, {"scores"}));
}

TYPED_TEST(SaveReload, OneKeyMayHaveAHundredThousandValues) {
  if constexpr (is_bag(TypeParam::value)) {
    this->run(std::array{keeping::back, keeping::through}, [](auto& g) {
      auto t = g.open();
      std::vector<std::int64_t> expected;
      // A DETS file keeps all values of a key in one bucket, which each write writes anew.
      const bool is_slow = g.format == file_format::dets && g.how == keeping::through;
      const int count = is_slow ? 2'000 : 100'000;
      for (int i = 0; i < count; ++i) {
        expected.push_back(i * 7919 % 100'003);
        ASSERT_EQ(t.insert("k", expected.back()), written::added);
      }
      EXPECT_EQ(t.lookup("k"), expected);
      ASSERT_TRUE(ok(t.save()));
      for (std::size_t i = 0; i < 20; ++i) ASSERT_EQ(t.erase("k", expected[i]), 1u);
      expected.erase(expected.begin(), expected.begin() + 20);
      ASSERT_TRUE(ok(t.save()));
      ASSERT_TRUE(ok(t.compact()));
      g.reopen(t);
      EXPECT_EQ(t.lookup("k"), expected);
    });
  }
}

}  // namespace
}  // namespace shelf::suite
