// SUITE  every verb over every kind, write mode and store
// close, abandon, the destructor, moves, and every verb after the end.
#include "file/scratch.hpp"
#include "suite/ground.hpp"

#include <chrono>
#include <thread>

namespace shelf::suite {
namespace {

template <class Kind>
class Close : public each_kind<Kind> {};
TYPED_TEST_SUITE(Close, all_kinds, kind_names);

template <class Ground>
void expect_all_released(Ground& g) {
  EXPECT_EQ(g.disk.open_descriptors(), 0u);
  EXPECT_EQ(g.disk.locks_held(), 0u);
  for (const auto& name : g.disk.files()) EXPECT_EQ(name, path);
}

// T3, T19, T34
TYPED_TEST(Close, AnOpenTableClosesOnce) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    EXPECT_TRUE(t.is_open());
    EXPECT_TRUE(ok(t.close()));
    EXPECT_FALSE(t.is_open());
    EXPECT_TRUE(
        refuses(t.close(), errc::table_closed, {g.how == keeping::memory ? "memory" : path}));
    expect_all_released(g);
  });
}

// T85, T136, T137, T138, S16
TYPED_TEST(Close, AfterItEveryVerbSaysSo) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    ASSERT_TRUE(ok(t.close()));
    const std::string name = g.how == keeping::memory ? "table in memory" : path;
    const auto closed = [&](const auto& r) {
      return refuses(r, errc::table_closed, {name, "closed"});
    };
    EXPECT_TRUE(closed(t.insert("a", 2)));
    EXPECT_TRUE(closed(t.insert_range({{"a", 2}})));
    EXPECT_TRUE(closed(t.erase("a")));
    EXPECT_TRUE(closed(t.erase("a", 1)));
    EXPECT_TRUE(closed(t.clear()));
    EXPECT_TRUE(closed(t.lookup("a")));
    EXPECT_TRUE(closed(t.lookup("a", [](std::int64_t) {})));
    EXPECT_TRUE(closed(t.save()));
    EXPECT_TRUE(closed(t.sync()));
    EXPECT_TRUE(closed(t.reload()));
    EXPECT_TRUE(closed(t.compact()));
    EXPECT_TRUE(closed(t.recover()));
    EXPECT_TRUE(closed(t.stats()));
    EXPECT_TRUE(closed(t.give_away()));
    EXPECT_TRUE(closed(t.take_over()));
    if constexpr (!is_bag(TypeParam::value)) {
      EXPECT_TRUE(closed(t.insert_new("a", 2)));
      EXPECT_TRUE(closed(t.insert_new_range({{"a", 2}})));
      EXPECT_TRUE(closed(t.update_counter("a")));
      EXPECT_TRUE(closed(t.update("a", [](std::int64_t v) { return v; })));
      EXPECT_TRUE(closed(t.lookup_many({"a"})));
    }
    EXPECT_FALSE(t.contains("a"));
    EXPECT_EQ(t.size(), 0u);
    EXPECT_TRUE(t.empty());
    EXPECT_FALSE(t.is_open());
  });
}

// T101, T102, T103
TYPED_TEST(Close, ACloseThatFailsForLackOfSpaceLeavesTheTableOpenAndWholeAndTheNextOneCloses) {
  this->in_every_file([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    const auto descriptors = g.disk.open_descriptors();
    g.disk.inject({.kind = simulation::call::write, .error = ENOSPC, .sticky = true});
    EXPECT_TRUE(refuses(t.close(), errc::no_space, {path, "space"}));
    EXPECT_TRUE(t.is_open());
    EXPECT_EQ(contents(t), (entries{{"a", 1}}));
    EXPECT_EQ(g.disk.open_descriptors(), descriptors);
    g.disk.clear_faults();
    ASSERT_TRUE(ok(t.insert("b", 2)));
    EXPECT_TRUE(ok(t.close()));
    expect_all_released(g);
    t = g.open();
    EXPECT_EQ(contents(t), (entries{{"a", 1}, {"b", 2}}));
  });
}

/// What was saved stays saved: to take it back would make the failure worse.
TYPED_TEST(Close, ACloseInBackModeThatFailsAfterItsSaveHasSavedAsSaveDoes) {
  ground<TypeParam::value> g(keeping::back);
  auto t = g.open();
  ASSERT_TRUE(ok(t.insert("a", 1)));
  ASSERT_TRUE(ok(t.save()));
  ASSERT_TRUE(ok(t.insert("b", 2)));
  // The first write is the save's, the second the seal's.
  g.disk.inject({.kind = simulation::call::write, .nth = 2, .error = ENOSPC, .sticky = true});
  EXPECT_TRUE(refuses(t.close(), errc::no_space, {path, "space"}));
  ASSERT_TRUE(t.is_open());
  EXPECT_EQ(t.stats()->unsaved_changes, 0u);
  g.disk.clear_faults();
  ASSERT_TRUE(ok(t.insert("c", 3)));
  ASSERT_TRUE(ok(t.reload()));
  EXPECT_EQ(contents(t), (entries{{"a", 1}, {"b", 2}})) << "as after a save";
  EXPECT_TRUE(ok(t.close()));
}

// T100: a disk that is gone gives the cause, and the second close releases all.
TYPED_TEST(Close, ACloseThatFencesLeavesTheTableOpenForRecoverAndTheNextOneReleasesAll) {
  this->in_every_file([](auto& g) {
    for (const bool recovers : {false, true}) {
      g.disk.clear_faults();
      auto t = g.open();
      ASSERT_TRUE(ok(t.insert("a", recovers)));
      const auto expected = contents(t);
      g.disk.inject({.kind = simulation::call::any_sync, .error = EIO});
      const auto closed = t.close();
      EXPECT_FALSE(closed);
      EXPECT_THAT(closed.error().message(), testing::HasSubstr(path));
      EXPECT_EQ(closed.error(), std::errc::io_error);
      ASSERT_TRUE(t.is_open());
      EXPECT_EQ(contents(t), expected);
      EXPECT_EQ(t.stats()->fenced, !g.saves_beside());
      if (g.saves_beside()) {
        EXPECT_TRUE(ok(t.close()));
        expect_all_released(g);
        continue;
      }
      EXPECT_TRUE(refuses(t.insert("b", 2), errc::fenced, {path, "recover"}));
      if (recovers) {
        ASSERT_TRUE(ok(t.recover()));
        EXPECT_TRUE(ok(t.close()));
        t = g.open();
        EXPECT_EQ(contents(t), expected);
        ASSERT_TRUE(ok(t.close()));
      } else {
        EXPECT_TRUE(refuses(t.close(), errc::fenced, {path}));
        EXPECT_FALSE(t.is_open());
      }
      expect_all_released(g);
    }
  });
}

TYPED_TEST(Close, TheDestructorSavesAndTellsWhatGoesWrong) {
  this->in_every_file([](auto& g) {
    {
      auto t = g.open();
      ASSERT_TRUE(ok(t.insert("a", 1)));
    }
    EXPECT_TRUE(g.told.empty());
    expect_all_released(g);
    {
      auto t = g.open();
      EXPECT_EQ(contents(t), (entries{{"a", 1}}));
      ASSERT_TRUE(ok(t.insert("b", 2)));
      g.disk.inject({.kind = simulation::call::write, .error = ENOSPC, .sticky = true});
    }
    ASSERT_EQ(g.told.size(), 1u);
    EXPECT_TRUE(says(g.told[0], errc::no_space, {path}));
    expect_all_released(g);
    g.disk.clear_faults();
    auto t = g.open();
    EXPECT_TRUE(t.contains("a"));
    EXPECT_EQ(t.contains("b"), g.how != keeping::back);
  });
}

TYPED_TEST(Close, AbandonReleasesAllWithoutSaving) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    t.abandon();
    EXPECT_FALSE(t.is_open());
    expect_all_released(g);
    t.abandon();
    EXPECT_TRUE(refuses(t.close(), errc::table_closed));
    if (g.how == keeping::memory) return;
    t = g.open();
    EXPECT_EQ(t.size(), g.how == keeping::back ? 0u : 1u);
    EXPECT_FALSE(t.stats()->recovered_clean && t.size() == 1);
  });
}

TYPED_TEST(Close, AMovedTableIsTheSameTableAndWhatItReplacesIsClosed) {
  this->in_every_file([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    auto moved = std::move(t);
    EXPECT_TRUE(moved.is_open());
    EXPECT_FALSE(t.is_open());  // NOLINT(bugprone-use-after-move): this much is promised
    EXPECT_EQ(contents(moved), (entries{{"a", 1}}));
    auto other = Close<TypeParam>::table_of_kind::in_memory();
    moved = std::move(other);
    expect_all_released(g);
    auto& self = moved;
    moved = std::move(self);
    EXPECT_TRUE(moved.is_open());
    t = g.open();
    EXPECT_EQ(contents(t), (entries{{"a", 1}}));
  });
}

// T16, T94
TYPED_TEST(Close, OpeningAndClosingAgainAndAgainLeavesNothingBehind) {
  this->in_every_file([](auto& g) {
    for (int i = 0; i < 30; ++i) {
      auto t = g.open();
      EXPECT_EQ(t.size(), static_cast<std::size_t>(i));
      ASSERT_TRUE(ok(t.insert("k" + std::to_string(i), i)));
      ASSERT_TRUE(ok(t.close()));
      expect_all_released(g);
    }
  });
}

// T89, T90, T91, T92, T93
TYPED_TEST(Close, NoThreadAndNoDescriptorIsLeftBehindByRealTables) {
  this->of_every_format([](file_format format) {
    const file::scratch here;
    const auto threads = [] {
      return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
    };
    using table_type = typename Close<TypeParam>::table_of_kind;
    const auto open_one = [&](int i) {
      return or_throw(table_type::open({.path = here.path(std::to_string(i)),
                                        .mode = static_cast<write_mode>(i % 3),
                                        .format = format,
                                        .save_every = std::chrono::milliseconds(1),
                                        .sync_every = std::chrono::milliseconds(1)}));
    };
    or_throw(
        open_one(0).close());  // starts the one thread of the process that does the housekeeping
    const auto threads_before = threads();
    const auto descriptors_before = file::open_descriptors();
    for (int round = 0; round < 10; ++round) {
      std::vector<table_type> many;
      for (int i = 0; i < 9; ++i) {
        many.push_back(open_one(i));
        ASSERT_TRUE(ok(many.back().insert("a", round)));
      }
      EXPECT_EQ(threads(), threads_before);
      for (auto& t : many) EXPECT_TRUE(ok(t.close()));
      // A sync in the background that had begun holds the file until it ends.
      const auto given_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
      while (file::open_descriptors() != descriptors_before &&
             std::chrono::steady_clock::now() < given_up) {
        std::this_thread::yield();
      }
      EXPECT_EQ(file::open_descriptors(), descriptors_before);
    }
    EXPECT_EQ(threads(), threads_before);
    EXPECT_EQ(here.entries(), 9u);
  });
}

TYPED_TEST(Close, ACleanFileIsNotTouchedByOpeningAndClosingIt) {
  this->in_every_file([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    ASSERT_TRUE(ok(t.close()));
    const auto before = *g.disk.read_all(path);
    t = g.open();
    ASSERT_TRUE(ok(t.close()));
    EXPECT_EQ(*g.disk.read_all(path), before);
  });
}

// T4, T20, T35, T125
TYPED_TEST(Close, WithTableReturnsWhatTheFunctionReturnsAndCloses) {
  this->in_every_file([](auto& g) {
    using table_type = typename Close<TypeParam>::table_of_kind;
    const auto size = with_table<table_type>(g.config(), [](table_type& t) {
      (void)t.insert_range({{"a", 1}, {"b", 2}});
      return t.size();
    });
    EXPECT_EQ(size, 2u);
    expect_all_released(g);
    EXPECT_TRUE(
        ok(with_table<table_type>(g.config(), [](table_type& t) { EXPECT_EQ(t.size(), 2u); })));
    EXPECT_EQ(with_table<table_type>(g.config(), [](table_type& t) { return t.erase("a"); }), 1u);
    expect_all_released(g);
  });
}

// T126, T134, T135
TYPED_TEST(Close, WithTablePassesTheFunctionsOwnErrorOn) {
  this->in_every_file([](auto& g) {
    using table_type = typename Close<TypeParam>::table_of_kind;
    const auto done = with_table<table_type>(g.config(), [](table_type& t) -> result<int> {
      (void)t.insert("kept", 1);
      return std::unexpected(error(errc::cursor_lost, "my own reason"));
    });
    EXPECT_TRUE(refuses(done, errc::cursor_lost, {"my own reason"}));
    EXPECT_EQ(done.error().message(), "my own reason");
    expect_all_released(g);
    auto t = g.open();
    EXPECT_TRUE(t.contains("kept"));
  });
}

// T124
TYPED_TEST(Close, WithTableClosesWhenTheFunctionThrows) {
  this->in_every_file([](auto& g) {
    using table_type = typename Close<TypeParam>::table_of_kind;
    EXPECT_THROW((void)with_table<table_type>(g.config(),
                                              [](table_type& t) {
                                                (void)t.insert("kept", 1);
                                                throw std::out_of_range("mine");
                                              }),
                 std::out_of_range);
    expect_all_released(g);
    auto t = g.open();
    EXPECT_TRUE(t.contains("kept"));
  });
}

// T127
TYPED_TEST(Close, WithTableReportsAFailingCloseAndReleasesAll) {
  this->in_every_format(keeping::back, [&](auto& g) {
    using table_type = typename Close<TypeParam>::table_of_kind;
    const auto fails = [&](table_type& t) {
      (void)t.insert("unsaved", 1);
      g.disk.inject({.kind = simulation::call::write, .error = ENOSPC, .sticky = true});
      return 7;
    };
    EXPECT_TRUE(
        refuses(with_table<table_type>(g.config(), fails), errc::no_space, {path, "space"}));
    expect_all_released(g);
    g.disk.clear_faults();
    auto t = g.open();
    EXPECT_TRUE(t.empty());
  });
}

TYPED_TEST(Close, WithTableReportsBothErrors) {
  this->in_every_format(keeping::back, [&](auto& g) {
    using table_type = typename Close<TypeParam>::table_of_kind;
    const auto done = with_table<table_type>(g.config(), [&](table_type& t) -> result<> {
      (void)t.insert("unsaved", 1);
      g.disk.inject({.kind = simulation::call::write, .error = ENOSPC, .sticky = true});
      return std::unexpected(error(errc::overflow, "my own reason", "and details"));
    });
    EXPECT_TRUE(refuses(done, errc::overflow, {"my own reason", "closing failed", path, "space"}));
    EXPECT_THAT(done.error().details(), testing::HasSubstr("and details"));
    expect_all_released(g);
  });
}

TYPED_TEST(Close, WithTableTellsAFailingCloseToOnErrorWhenTheFunctionThrows) {
  this->in_every_format(keeping::back, [&](auto& g) {
    using table_type = typename Close<TypeParam>::table_of_kind;
    EXPECT_THROW(
        (void)with_table<table_type>(
            g.config(),
            [&](table_type& t) {
              (void)t.insert("unsaved", 1);
              g.disk.inject({.kind = simulation::call::write, .error = ENOSPC, .sticky = true});
              throw 5;
            }),
        int);
    ASSERT_EQ(g.told.size(), 1u);
    EXPECT_TRUE(says(g.told[0], errc::no_space, {path}));
    expect_all_released(g);
  });
}

TYPED_TEST(Close, WithTableLetsTheFunctionCloseTheTableItself) {
  this->in_every_file([](auto& g) {
    using table_type = typename Close<TypeParam>::table_of_kind;
    EXPECT_TRUE(ok(with_table<table_type>(g.config(), [](table_type& t) { return t.close(); })));
    expect_all_released(g);
  });
}

}  // namespace
}  // namespace shelf::suite
