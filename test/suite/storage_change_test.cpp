// SUITE  every verb over every kind, write mode and store
// schema::store: tables that move between memory and disk.
#include "suite/database_ground.hpp"

namespace shelf::suite {
namespace {

using testing::ElementsAre;

template <class Body>
void in_every_mode(Body body) {
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    body(how);
  }
}

TEST(StorageChange, ATableMovesToDiskWithAllItsEntriesAndBackToMemoryWithNoneInTheFile) {
  in_every_mode([](keeping how) {
    bank b(how);
    auto online = or_throw(b.db.table<visits_table>("online", {.storage = storage::memory}));
    auto tags = or_throw(b.db.table<tags_table>("marks", {.storage = storage::memory}));
    ASSERT_TRUE(ok(online.insert_range({{"a", 1}, {"b", 2}})));
    ASSERT_TRUE(ok(online.insert("c", 3, expiry::in(std::chrono::hours(1)))));
    ASSERT_TRUE(ok(tags.insert_range({{"t", 2}, {"t", 1}})));
    ASSERT_TRUE(ok(b.db.alter([](schema& s) {
      s.store("online", storage::disk);
      s.store("marks", storage::disk);
    })));
    ASSERT_TRUE(ok(online.insert("d", 4)));
    ASSERT_TRUE(ok(online.erase("a")));
    EXPECT_TRUE(refuses(b.db.table<visits_table>("online", {.storage = storage::memory}),
                        errc::invalid_argument, {"on disk"}));
    ASSERT_TRUE(ok(b.db.close()));
    {
      auto db = b.open(declare<visits_table>("online"));
      auto same = or_throw(db.table<visits_table>("online"));
      EXPECT_EQ(contents(same), (entries{{"b", 2}, {"c", 3}, {"d", 4}}));
      EXPECT_TRUE(or_throw(same.expires_at("c")).has_value());
      auto marks = or_throw(db.table<tags_table>("marks"));
      EXPECT_THAT(or_throw(marks.lookup("t")), ElementsAre(2, 1));
      ASSERT_TRUE(ok(same.insert("e", 5)));  // in write_mode::back, not saved
      ASSERT_TRUE(ok(db.alter([](schema& s) { s.store("online", storage::memory); })));
      EXPECT_EQ(same.size(), 4u);
      EXPECT_EQ(or_throw(same.stats()).unsaved_changes, 0u);
      ASSERT_TRUE(ok(same.insert("f", 6)));
      EXPECT_EQ(or_throw(same.stats()).unsaved_changes, 0u);
      ASSERT_TRUE(ok(marks.insert("t", 3)));
      ASSERT_TRUE(ok(db.save()));
      ASSERT_TRUE(ok(db.reload()));
      EXPECT_EQ(same.size(), 5u) << "a reload leaves memory tables alone";
      ASSERT_TRUE(ok(db.close()));
    }
    EXPECT_TRUE(ok(check(path, {.system = &b.disk})));
    auto db = b.open();
    EXPECT_TRUE(or_throw(db.table<visits_table>("online", {.storage = storage::memory})).empty());
    EXPECT_EQ(or_throw(db.table<tags_table>("marks")).size(), 3u);
  });
}

TEST(StorageChange, WhatWasToBeSavedIsStillToBeSavedIfTheDiskRefusesTheMove) {
  bank b(keeping::back);
  ASSERT_TRUE(ok(b.visits.insert("v", 1)));
  b.disk.inject({.kind = simulation::call::write, .nth = 1, .error = ENOSPC});
  EXPECT_FALSE(b.db.alter([](schema& s) { s.store("visits", storage::memory); }).has_value());
  EXPECT_EQ(or_throw(b.visits.stats()).unsaved_changes, 1u);
  ASSERT_TRUE(ok(b.db.recover()));
  ASSERT_TRUE(ok(b.db.close()));
  auto db = b.open();
  EXPECT_EQ(or_throw(db.table<visits_table>("visits")).lookup("v"), 1);
}

TEST(StorageChange, AMoveThereAndBackInOneStepKeepsTheEntriesInTheFile) {
  in_every_mode([](keeping how) {
    bank b(how);
    ASSERT_TRUE(ok(b.visits.insert("v", 1)));
    ASSERT_TRUE(ok(b.db.alter([](schema& s) {
      s.store("visits", storage::memory);
      s.store("visits", storage::disk);
      s.create<visits_table>("fresh", {.storage = storage::memory});
      s.store("fresh", storage::disk);
    })));
    ASSERT_TRUE(ok(or_throw(b.db.table<visits_table>("fresh")).insert("f", 2)));
    ASSERT_TRUE(ok(b.db.close()));
    auto db = b.open();
    EXPECT_EQ(or_throw(db.table<visits_table>("visits")).lookup("v"), 1);
    EXPECT_EQ(or_throw(db.table<visits_table>("fresh")).lookup("f"), 2);
  });
}

TEST(StorageChange, WhoFollowsSeesTheEntriesThatComeToTheDiskAndThoseThatLeaveIt) {
  bank b;
  auto online = or_throw(b.db.table<visits_table>("online", {.storage = storage::memory}));
  ASSERT_TRUE(ok(online.insert("a", 1)));
  auto c = b.config();
  c.opening = opening::read_only;
  auto follower = or_throw(database::open(c));
  auto same = or_throw(follower.table<visits_table>("online", {.storage = storage::memory}));
  EXPECT_TRUE(same.empty());
  ASSERT_TRUE(ok(b.db.alter([](schema& s) { s.store("online", storage::disk); })));
  ASSERT_TRUE(ok(follower.catch_up()));
  EXPECT_EQ(same.lookup("a"), 1);
  ASSERT_TRUE(ok(b.db.alter([](schema& s) { s.store("online", storage::memory); })));
  ASSERT_TRUE(ok(follower.catch_up()));
  EXPECT_TRUE(same.empty());
}

}  // namespace
}  // namespace shelf::suite
