// SUITE  every verb over every kind, write mode and store
// Where the Gleam shelf, or DETS under it, breaks its promises: each a regression test that this
// one passes.
#include "file/scratch.hpp"
#include "simulation/crash_states.hpp"
#include "suite/ground.hpp"

#include <atomic>
#include <csignal>
#include <thread>

namespace shelf::suite {
namespace {

using ages = map<std::string, std::int64_t>;

class GleamFailures : public each_format {};

// M1
TEST_P(GleamFailures, ASecondOpenIsRefusedSoNoSaveOverwritesAnother) {
  ground<kind::set> g(keeping::back, GetParam());
  auto one = g.open();
  EXPECT_TRUE(refuses(g.try_open(), errc::already_open, {path}));
  ASSERT_TRUE(ok(one.insert("a", 1)));
  ASSERT_TRUE(ok(one.close()));
  auto two = g.open();
  ASSERT_TRUE(ok(two.insert("b", 2)));
  ASSERT_TRUE(ok(two.close()));
  EXPECT_EQ(contents(g.open()), (entries{{"a", 1}, {"b", 2}}));
}

// M2
TEST_P(GleamFailures, WritesOfAThreadThatIsNotTheOwnerDoNotReachTheFile) {
  ground<kind::set> g(keeping::through, GetParam());
  auto c = g.config();
  c.access = access::one_writer;
  auto t = or_throw(ages::open(c));
  ASSERT_TRUE(ok(t.insert("a", 1)));
  std::thread([&] {
    EXPECT_TRUE(refuses(t.insert("a", 2), errc::not_owner, {path}));
    EXPECT_TRUE(refuses(t.clear(), errc::not_owner, {path}));
  }).join();
  ASSERT_TRUE(ok(t.close()));
  EXPECT_EQ(contents(g.open()), (entries{{"a", 1}}));
}

// M3
TEST_P(GleamFailures, AnExceptionOfAFoldIsNotTurnedIntoAnErrorOfTheTable) {
  ground<kind::set> g(keeping::through, GetParam());
  auto t = g.open();
  ASSERT_TRUE(ok(t.insert("a", 1)));
  struct mine {};
  EXPECT_THROW((void)t.fold(0, [](int, const auto&, auto) -> int { throw mine(); }), mine);
}

// M4
TEST_P(GleamFailures, NoReaderMissesAKeyDuringAReload) {
  ground<kind::set> g(keeping::back, GetParam());
  auto t = g.open();
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(ok(t.insert("k" + std::to_string(i), i)));
  ASSERT_TRUE(ok(t.save()));
  std::atomic<bool> stop = false;
  std::atomic<int> misses = 0;
  std::thread reader([&] {
    while (!stop) {
      if (!t.contains("k1000") || t.size() != 2000) ++misses;
    }
  });
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(ok(t.reload()));
  stop = true;
  reader.join();
  EXPECT_EQ(misses, 0);
}

// M5
TEST_P(GleamFailures, SaveAndCloseSyncAndSyncOfNothingNewCostsNothing) {
  for (const auto how : in_files) {
    ground<kind::set> g(how, GetParam());
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    const auto syncs = [&] { return g.disk.calls(simulation::call::any_sync); };
    auto before = syncs();
    ASSERT_TRUE(ok(t.save()));
    // A DETS file must also come to say that it is closed.
    EXPECT_EQ(syncs() > before, is_dets() || how != keeping::durable);
    before = syncs();
    ASSERT_TRUE(ok(t.sync()));
    EXPECT_EQ(syncs(), before);
    ASSERT_TRUE(ok(t.insert("b", 2)));
    before = syncs();
    ASSERT_TRUE(ok(t.close()));
    EXPECT_GT(syncs(), before);
    for (std::size_t i = 0; i < 20; ++i) {
      auto disk =
          simulation::random_crash_state(g.disk.recorded(), g.disk.operations(), {.seed = i});
      auto c = g.config();
      c.system = disk.get();
      EXPECT_EQ(contents(or_throw(ages::open(c))), (entries{{"a", 1}, {"b", 2}}));
    }
  }
}

/// Runs f in a child that is killed without warning once f is through.
template <class F>
void killed_after(F f) {
  const auto status = file::in_child([&] {
    f();
    ::raise(SIGKILL);
    return 0;
  });
  ASSERT_EQ(status, 1000 + SIGKILL);
}

// M6, M7
TEST_P(GleamFailures, AnAcknowledgedWriteSurvivesAKillAtOnceWhateverItsSize) {
  const file::scratch here;
  using texts = map<std::string, std::string>;
  const std::string large(10'000, 'x');
  const texts::config c{.path = here.path(path), .format = GetParam()};
  killed_after([&] {
    auto t = or_throw(texts::open(c));
    or_throw(t.insert("old", "small"));
    or_throw(t.insert("new", large));
  });
  auto t = or_throw(texts::open(c));
  EXPECT_EQ(t.lookup("new"), large);
  EXPECT_EQ(t.lookup("old"), "small");
}

// M8
TEST_P(GleamFailures, AFailedSaveDoesNotBreakTheNextOneNorTheReloadNorTheClose) {
  for (const auto kind : {simulation::call::write, simulation::call::create,
                          simulation::call::rename, simulation::call::sync}) {
    ground<kind::set> g(keeping::back, GetParam());
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    ASSERT_TRUE(ok(t.save()));
    ASSERT_TRUE(ok(t.insert("b", 2)));
    g.disk.inject({.kind = kind, .error = ENOSPC});
    (void)t.save();
    (void)t.compact();
    g.disk.clear_faults();
    ASSERT_TRUE(ok(t.save()));
    ASSERT_TRUE(ok(t.reload()));
    EXPECT_EQ(contents(t), (entries{{"a", 1}, {"b", 2}}));
    g.reopen(t);
    EXPECT_EQ(contents(t), (entries{{"a", 1}, {"b", 2}}));
  }
}

// M9
TEST_P(GleamFailures, WritesAfterACompactionGoToTheFileOfTheName) {
  for (const auto how : in_files) {
    ground<kind::set> g(how, GetParam());
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    ASSERT_TRUE(ok(t.save()));
    ASSERT_TRUE(ok(t.compact()));
    ASSERT_TRUE(ok(t.insert("b", 2)));
    ASSERT_TRUE(ok(t.save()));
    auto c = g.config();
    c.opening = opening::read_only;
    EXPECT_EQ(contents(or_throw(ages::open(c))), (entries{{"a", 1}, {"b", 2}}));
  }
}

// M10
TEST_P(GleamFailures, AFullDiskIsAnErrorOfTheCallAndTheFileOpensAgain) {
  for (const auto how : in_files) {
    ground<kind::set> g(how, GetParam());
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    ASSERT_TRUE(ok(t.save()));
    auto options = g.disk.options();
    options.capacity = g.disk.read_all(path)->size();
    g.disk.set_options(options);
    entries expected{{"a", 1}};
    for (int i = 0; i < 2000; ++i) {
      const auto done = t.insert("key" + std::to_string(1000 + i), i);
      if (!done) {
        EXPECT_TRUE(says(done.error(), errc::no_space, {path}));
        break;
      }
      expected.emplace_back("key" + std::to_string(1000 + i), i);
    }
    // Closing a DETS file takes room as well.
    EXPECT_EQ(t.save().has_value(), !is_dets() && how != keeping::back);
    EXPECT_EQ(contents(t), expected);
    t.abandon();
    if (how != keeping::back && lacks(capability::torn_ends)) {
      EXPECT_TRUE(refuses(g.try_open(), errc::no_space, {path}));
      options.capacity = 1 << 30;
      g.disk.set_options(options);
    }
    t = g.open();  // on the full disk
    EXPECT_EQ(contents(t), how == keeping::back ? (entries{{"a", 1}}) : expected);
  }
}

// M11
TEST_P(GleamFailures, AStaleTemporaryFileDoesNotFailTheNextSave) {
  for (const auto how : in_files) {
    ground<kind::set> g(how, GetParam());
    {
      auto t = g.open();
      ASSERT_TRUE(ok(t.insert("a", 1)));
      ASSERT_TRUE(ok(t.save()));
      // A compaction killed before its rename.
      g.disk.inject({.kind = simulation::call::rename, .error = EIO});
      g.disk.inject({.kind = simulation::call::unlink, .error = EIO});
      EXPECT_FALSE(t.compact());
      EXPECT_EQ(g.disk.files().size(), 2u);
      EXPECT_TRUE(ok(t.save()));
      EXPECT_TRUE(ok(t.compact()));
      t.abandon();
    }
    auto t = g.open();
    EXPECT_THAT(g.disk.files(), testing::ElementsAre(path));
    EXPECT_TRUE(t.contains("a"));
    EXPECT_TRUE(ok(t.insert("b", 2)));
    EXPECT_TRUE(ok(t.save()));
  }
}

// M12, M13: paths_test.cpp. M14: second_opener_test.cpp.

// M15
TEST_P(GleamFailures, ABagStandsInTheOrderOfItsInsertionsInMemoryAndAfterARestart) {
  for (const auto how : in_files) {
    ground<kind::bag> g(how, GetParam());
    auto t = g.open();
    for (const int v : {3, 1, 2, 1}) ASSERT_TRUE(ok(t.insert("k", v)));
    ASSERT_TRUE(ok(t.insert_range({{"k", 5}, {"k", 4}, {"k", 3}})));
    const std::vector<std::int64_t> expected{3, 1, 2, 5, 4};
    EXPECT_EQ(t.lookup("k"), expected);
    g.reopen(t);
    EXPECT_EQ(t.lookup("k"), expected);
    ASSERT_TRUE(ok(t.compact()));
    ASSERT_TRUE(ok(t.reload()));
    EXPECT_EQ(t.lookup("k"), expected);
    g.reopen(t);
    EXPECT_EQ(t.lookup("k"), expected);
  }
}

// M16
TEST_P(GleamFailures, AFileShrinksWhenWhatIsInItHasGone) {
  for (const auto how : in_files) {
    ground<kind::set> g(how, GetParam());
    auto t = g.open();
    const auto empty = t.stats()->file_bytes;
    for (int i = 0; i < 3000; ++i) ASSERT_TRUE(ok(t.insert("key" + std::to_string(i), i)));
    ASSERT_TRUE(ok(t.save()));
    ASSERT_TRUE(ok(t.clear()));
    ASSERT_TRUE(ok(t.save()));
    if (!is_dets()) {  // where a clear makes a new file
      EXPECT_GT(t.stats()->file_bytes, 50'000u);
      EXPECT_GT(t.stats()->garbage_bytes, 50'000u);
    }
    ASSERT_TRUE(ok(t.compact()));
    EXPECT_LE(t.stats()->file_bytes, empty + 64);
    EXPECT_LE(t.stats()->garbage_bytes, 1000u);
    ASSERT_TRUE(ok(t.close()));
    EXPECT_LE(g.disk.read_all(path)->size(), empty + 200);
  }
}

// M17
TEST_P(GleamFailures, AFailedOpenOfALivePathLeavesTheOpenTableAlone) {
  ground<kind::set> g(keeping::through, GetParam());
  auto t = g.open();
  ASSERT_TRUE(ok(t.insert("a", 1)));
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE((bag<std::string, std::int64_t>::open(
        {.path = path, .format = GetParam(), .system = &g.disk})));
    EXPECT_TRUE(refuses(g.try_open(), errc::already_open, {path}));
  }
  ASSERT_TRUE(ok(t.insert("b", 2)));
  g.reopen(t);
  EXPECT_EQ(t.size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Formats, GleamFailures, testing::ValuesIn(every_format), format_names());

}  // namespace
}  // namespace shelf::suite
