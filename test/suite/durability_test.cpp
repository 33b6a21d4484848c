// SUITE  every verb over every kind, write mode and store
// What survives what: each cell of the table in docs/durability.md.
#include "file/scratch.hpp"
#include "simulation/crash_states.hpp"
#include "suite/ground.hpp"

#include <csignal>
#include <set>
#include <stdexcept>
#include <thread>

namespace shelf::suite {
namespace {

using simulation::crash_options;
using power = crash_options::kind;

template <class Kind>
class Durability : public each_kind<Kind> {
 protected:
  using ground_type = ground<Kind::value>;

  /// What every legal state of the disk after a crash now holds when it is opened again.
  static std::set<entries> after(ground_type& g, power what) {
    std::set<entries> seen;
    const auto past = g.disk.recorded();
    const bool tears = what == power::kill || !g.lacks(capability::torn_sectors);
    for_each_crash_state(
        past, past.operations.size(), {.crash = what, .torn_pieces = tears, .budget = 200},
        [&](simulation::simulated_disk& disk, const simulation::crash_state& state) {
          auto c = g.config();
          c.system = &disk;
          auto t = ground_type::table::open(c);
          ASSERT_TRUE(ok(t)) << state.describe();
          seen.insert(contents(*t));
        });
    return seen;
  }
  static entries in_file(ground_type& g) {
    auto c = g.config();
    c.opening = opening::read_only;
    return contents(or_throw(ground_type::table::open(c)));
  }
  static void expect_after(ground_type& g, power what, const entries& all) {
    EXPECT_EQ(after(g, what), (std::set<entries>{all}));
  }
};
TYPED_TEST_SUITE(Durability, all_kinds, kind_names);

// The row of each write: a thread dies, an exception flies.
TYPED_TEST(Durability, AWriteIsKeptInMemoryWhenItsThreadDiesOrThrows) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    std::thread([&] { EXPECT_TRUE(ok(t.insert("a", 1))); }).join();
    try {
      EXPECT_TRUE(ok(t.insert("b", 2)));
      throw std::runtime_error("after the write");
    } catch (const std::runtime_error&) {
    }
    EXPECT_EQ(contents(t), (entries{{"a", 1}, {"b", 2}}));
    g.reopen(t);
    EXPECT_EQ(contents(t), (entries{{"a", 1}, {"b", 2}}));
  });
}

// back
TYPED_TEST(Durability, AWriteInBackModeIsLostSinceTheLastSaveByAKillAndByAPowerCut) {
  this->in_every_format(keeping::back, [&](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    ASSERT_TRUE(ok(t.save()));
    ASSERT_TRUE(ok(t.insert("b", 2)));
    ASSERT_TRUE(ok(t.erase("a")));
    this->expect_after(g, power::kill, {{"a", 1}});
    this->expect_after(g, power::power, {{"a", 1}});
  });
}

// through
TYPED_TEST(Durability, AWriteInThroughModeSurvivesAKill) {
  this->in_every_format(keeping::through, [&](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}})));
    ASSERT_TRUE(ok(t.erase("a")));
    ASSERT_TRUE(ok(t.insert("c", 3)));
    this->expect_after(g, power::kill, {{"b", 2}, {"c", 3}});
  });
}

TYPED_TEST(Durability, OfTheWritesInThroughModeAPowerCutLeavesAPrefixThatHoldsAllThatWasSynced) {
  this->in_every_format(keeping::through, [&](auto& g) {
    if (g.lacks(capability::prefix_after_power_cut)) return;
    auto t = g.open();
    std::set<entries> prefixes;
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(ok(t.insert("k" + std::to_string(10 + i), i)));
      if (i == 9) {
        ASSERT_TRUE(ok(t.sync()));
      }
      if (i >= 9) prefixes.insert(contents(t));
    }
    const auto seen = this->after(g, power::power);
    EXPECT_GT(seen.size(), 1u);  // something can be lost
    for (const auto& state : seen) EXPECT_TRUE(prefixes.contains(state));
  });
}

// durable
TYPED_TEST(Durability, AWriteInDurableModeSurvivesAKillAndAPowerCut) {
  this->in_every_format(keeping::durable, [&](auto& g) {
    auto t = g.open();
    entries expected;
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(ok(t.insert("k" + std::to_string(i), i)));
      expected.emplace_back("k" + std::to_string(i), i);
      this->expect_after(g, power::kill, expected);
      this->expect_after(g, power::power, expected);
    }
    ASSERT_TRUE(ok(t.clear()));
    this->expect_after(g, power::power, {});
  });
}

// save, close, sync
TYPED_TEST(Durability, WhatWasSavedSurvivesAKillAndAPowerCutInEveryMode) {
  this->in_every_file([this](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}})));
    ASSERT_TRUE(ok(t.save()));
    this->expect_after(g, power::kill, contents(t));
    this->expect_after(g, power::power, contents(t));
    ASSERT_TRUE(ok(t.erase("a")));
    ASSERT_TRUE(ok(t.save()));
    this->expect_after(g, power::power, {{"b", 2}});
    ASSERT_TRUE(ok(t.compact()));
    this->expect_after(g, power::power, {{"b", 2}});
  });
}

TYPED_TEST(Durability, WhatWasClosedSurvivesAKillAndAPowerCutInEveryMode) {
  this->in_every_file([this](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}})));
    ASSERT_TRUE(ok(t.close()));
    this->expect_after(g, power::kill, {{"a", 1}, {"b", 2}});
    this->expect_after(g, power::power, {{"a", 1}, {"b", 2}});
  });
}

TYPED_TEST(Durability, SyncMakesDurableWhatTheFileWasGivenAndSavesNothingInBackMode) {
  this->in_every_file([this](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    ASSERT_TRUE(ok(t.sync()));
    const entries given = g.how == keeping::back ? entries{} : contents(t);
    this->expect_after(g, power::kill, given);
    this->expect_after(g, power::power, given);
  });
}

TYPED_TEST(Durability, WhatARecoverWroteSurvivesAPowerCut) {
  this->in_every_file([this](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    ASSERT_TRUE(ok(t.save()));
    ASSERT_TRUE(ok(t.insert("b", 2)));
    g.disk.inject({.kind = simulation::call::any_sync, .error = EIO});
    (void)t.insert("c", 3);
    (void)t.save();
    ASSERT_EQ(t.stats()->fenced, !g.saves_beside());
    const auto memory = contents(t);
    ASSERT_TRUE(ok(g.saves_beside() ? t.save() : t.recover()));
    EXPECT_EQ(contents(t), memory);
    this->expect_after(g, power::kill, memory);
    this->expect_after(g, power::power, memory);
    EXPECT_FALSE(t.stats()->fenced);
    ASSERT_TRUE(ok(t.insert("d", 4)));
    ASSERT_TRUE(ok(t.save()));
    this->expect_after(g, power::power, contents(t));
  });
}

// a failed call: T63-T69
TYPED_TEST(Durability, AFailedCallChangesNothingInMemoryOrOnDisk) {
  for (const int cause : {ENOSPC, EDQUOT, EFBIG, EIO}) {
    this->where_writes_reach_the_file([&](auto& g) {
      auto t = g.open();
      ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}})));
      const entries before = contents(t);
      // A DETS file is first marked as unclosed: if that write fails, the change has not begun.
      const bool is_dets = g.format == file_format::dets;
      const bool may_fence =
          is_dets && (cause == EIO || !stores::keeps(g.format, capability::full_disks));
      bool fences = cause == EIO;
      const auto refused = [&](const auto& r) {
        if (may_fence) fences = t.stats()->fenced;
        const auto code = !fences             ? (cause == EIO ? errc::file_error : errc::no_space)
                          : t.stats()->fenced ? r.error().code()
                                              : errc::fenced;
        const auto answer = refuses(r, code, {path, ""});
        EXPECT_EQ(contents(t), before);
        EXPECT_EQ(t.stats()->fenced, fences);
        g.disk.clear_faults();
        if (fences) {
          EXPECT_TRUE(ok(t.recover()));
        }
        EXPECT_EQ(TestFixture::in_file(g), before);
        g.disk.inject({.kind = simulation::call::write, .error = cause, .sticky = true});
        return answer;
      };
      g.disk.inject({.kind = simulation::call::write, .error = cause, .sticky = true});
      EXPECT_TRUE(refused(t.insert("c", 3)));
      EXPECT_TRUE(refused(t.insert_range({{"c", 3}, {"d", 4}})));
      EXPECT_TRUE(refused(t.erase("a")));
      EXPECT_TRUE(refused(t.erase("a", 1)));
      EXPECT_TRUE(refused(t.clear()));
      if constexpr (!is_bag(TypeParam::value)) {
        EXPECT_TRUE(refused(t.insert_new("c", 3)));
        EXPECT_TRUE(refused(t.insert_new_range({{"c", 3}})));
        EXPECT_TRUE(refused(t.update_counter("a", 3)));
        EXPECT_TRUE(refused(t.update("a", [](std::int64_t v) { return v + 1; })));
      }
      g.disk.clear_faults();
      EXPECT_TRUE(ok(t.insert("c", 3)));
      g.reopen(t);
      EXPECT_EQ(t.size(), 3u);
    });
  }
}

// indeterminate
TYPED_TEST(Durability,
           AWriteWhoseSyncFailedIsNotInMemoryAndFencesAndRecoverMakesItCertainlyAbsent) {
  this->in_every_format(keeping::durable, [&](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    g.disk.inject({.kind = simulation::call::sync_data, .error = EIO});
    const auto doubtful = t.insert("b", 2);
    EXPECT_TRUE(refuses(doubtful, errc::indeterminate, {path, "sync", "recover"}));
    EXPECT_EQ(doubtful.error(), std::errc::io_error);
    EXPECT_EQ(contents(t), (entries{{"a", 1}}));
    EXPECT_TRUE(t.stats()->fenced);
    EXPECT_EQ(t.stats()->last_error->code(), errc::fenced);
    EXPECT_TRUE(refuses(t.insert("c", 3), errc::fenced, {path, "recover"}));
    EXPECT_TRUE(refuses(t.save(), errc::fenced, {path}));
    EXPECT_TRUE(refuses(t.sync(), errc::fenced, {path}));
    EXPECT_TRUE(refuses(t.reload(), errc::fenced, {path}));
    EXPECT_TRUE(refuses(t.compact(), errc::fenced, {path}));
    EXPECT_EQ(t.lookup("a").has_value(), true);  // reads go on
    // It may be on disk after a crash, or not; what was acknowledged is.
    const auto seen = this->after(g, power::power);
    for (const auto& state : seen) {
      EXPECT_TRUE(state == (entries{{"a", 1}}) || state == (entries{{"a", 1}, {"b", 2}}));
    }
    // A DETS bucket counts only once it was synced.
    EXPECT_EQ(seen.size(), g.format == file_format::native ? 2u : 1u);
    ASSERT_TRUE(ok(t.recover()));
    this->expect_after(g, power::kill, {{"a", 1}});
    this->expect_after(g, power::power, {{"a", 1}});
    EXPECT_TRUE(ok(t.insert("c", 3)));
    EXPECT_TRUE(ok(t.recover()));  // nothing is wrong: nothing to do
  });
}

TYPED_TEST(Durability, AFailedRecoverLeavesTheTableFencedAndCanBeTriedAgain) {
  for (const auto kind : {simulation::call::create, simulation::call::write, simulation::call::sync,
                          simulation::call::rename}) {
    this->in_every_format(keeping::durable, [&](auto& g) {
      auto t = g.open();
      ASSERT_TRUE(ok(t.insert("a", 1)));
      g.disk.inject({.kind = simulation::call::sync_data, .error = EIO});
      EXPECT_FALSE(t.insert("b", 2));
      g.disk.inject({.kind = kind, .error = EIO});
      const auto failed = t.recover();
      EXPECT_FALSE(failed);
      EXPECT_THAT(failed.error().message(), testing::HasSubstr(path));
      EXPECT_TRUE(t.stats()->fenced);
      EXPECT_TRUE(refuses(t.insert("c", 3), errc::fenced, {path}));
      g.disk.clear_faults();
      ASSERT_TRUE(ok(t.recover()));
      EXPECT_THAT(g.disk.files(), testing::ElementsAre(path));
      this->expect_after(g, power::power, {{"a", 1}});
    });
  }
}

/// A real process is killed, and its file opened by another.
TYPED_TEST(Durability, KilledForRealAProcessLosesWhatTheTableSays) {
  const file::scratch here;
  using table = typename ground<TypeParam::value>::table;
  for (const auto format : every_format) {
    if (!has_files(format, TypeParam::value)) continue;
    for (const auto io : {file_io::calls, file_io::mapped})
      for (const auto mode : {write_mode::back, write_mode::through, write_mode::durable}) {
        const auto name = here.path(to_string(format) + std::to_string(static_cast<int>(mode)) +
                                    std::to_string(static_cast<int>(io)));
        const typename table::config c{.path = name, .mode = mode, .format = format, .io = io};
        EXPECT_EQ(file::in_child([&] {
                    auto t = or_throw(table::open(c));
                    or_throw(t.insert("saved", 1));
                    or_throw(t.save());
                    for (int i = 0; i < 100; ++i) or_throw(t.insert("key" + std::to_string(i), i));
                    ::raise(SIGKILL);
                    return 0;
                  }),
                  1000 + SIGKILL);
        auto t = or_throw(table::open(c));
        EXPECT_EQ(t.size(), mode == write_mode::back ? 1u : 101u);
        EXPECT_TRUE(t.contains("saved"));
        const bool is_closed = mode == write_mode::back && format == file_format::dets;
        EXPECT_EQ(t.stats()->recovered_clean, is_closed);
      }
  }
}

}  // namespace
}  // namespace shelf::suite
