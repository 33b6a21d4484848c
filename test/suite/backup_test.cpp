// SUITE  every verb over every kind, write mode and store
// Backups of open tables and databases, and increments.
#include "shelf/changes.hpp"
#include "shelf/expiring.hpp"
#include "shelf/upkeep.hpp"
#include "suite/backup_ground.hpp"
#include "suite/database_ground.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace shelf::suite {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

TEST(Backup, HoldsTheMomentOfTheCallInEveryModeAndIsAClosedFile) {
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    backed_ground g(how);
    auto t = g.open();
    ASSERT_TRUE(t.insert("alice", 30));
    ASSERT_TRUE(t.insert("bob", 40));
    const auto report = or_throw(t.backup_to(target));
    EXPECT_EQ(report.extent, backup_extent::whole);
    EXPECT_EQ(report.bytes, g.disk.read_all(target)->size());
    ASSERT_TRUE(t.insert("carol", 50));
    EXPECT_THAT(entries_of(g.disk, target), ElementsAre(Pair("alice", 30), Pair("bob", 40)));
    EXPECT_TRUE(or_throw(describe(target, {.system = &g.disk})).closed);
    EXPECT_EQ(*g.disk.read_all(target), *g.disk.read_durable(target)) << "it is on disk";
    EXPECT_TRUE(t.insert("dave", 60)) << "the table goes on";
  }
}

TEST(Backup, HasNoGarbageAndTheModeOfTheFile) {
  backed_ground g(keeping::through);
  auto t = g.open();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(t.insert("alice", i));
  ASSERT_TRUE(t.backup_to(target));
  EXPECT_LT(g.disk.read_all(target)->size(), 10'000u);
  EXPECT_GT(g.disk.read_all(path)->size(), 40'000u);
}

TEST(Backup, KeepsDeadlinesSeveralTablesAndBags) {
  bank b;
  auto tags = or_throw(b.db.table<log_table>("tags"));
  ASSERT_TRUE(b.accounts.insert("alice", 1));
  ASSERT_TRUE(b.visits.insert("alice", 7, expiry::in(std::chrono::hours(1))));
  ASSERT_TRUE(tags.insert("x", 1));
  ASSERT_TRUE(tags.insert("x", 1));
  ASSERT_TRUE(b.db.backup_to(target));
  auto c = b.config();
  c.path = target;
  c.opening = opening::read_only;
  auto copy = or_throw(database::open(c, declare<accounts_table>("accounts"),
                                      declare<visits_table>("visits"), declare<log_table>("tags")));
  EXPECT_EQ(or_throw(copy.table<accounts_table>("accounts")).lookup("alice"), 1);
  EXPECT_EQ(*or_throw(copy.table<visits_table>("visits")).expires_at("alice"),
            *b.visits.expires_at("alice"));
  EXPECT_EQ(or_throw(copy.table<log_table>("tags")).size(), 2u);
}

TEST(Backup, OfATableInMemoryOrOfADetsFileIsRefused) {
  auto t = backed_table::in_memory();
  EXPECT_TRUE(refuses(t.backup_to(target), errc::invalid_argument, {"has no file"}));
  backed_ground g(keeping::through, file_format::dets);
  auto d = g.open();
  EXPECT_TRUE(refuses(d.backup_to(target), errc::invalid_argument, {"DETS"}));
  EXPECT_TRUE(refuses(d.restore_from(target), errc::invalid_argument, {"DETS"}));
}

TEST(Backup, LeavesMemoryTablesEmpty) {
  bank b;
  auto online = or_throw(b.db.table<visits_table>("online", {.storage = storage::memory}));
  ASSERT_TRUE(online.insert("alice", 1));
  ASSERT_TRUE(b.db.backup_to(target));
  const auto all = or_throw(describe_all(target, {.system = &b.disk}));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_TRUE(all[2].in_memory);
  EXPECT_EQ(or_throw(check(target, {.system = &b.disk})).entries, 0u);
}

TEST(Backup, IntoTheFileItselfIsRefusedUnderEveryNameAndNothingChanges) {
  backed_ground g(keeping::through);
  auto t = g.open();
  ASSERT_TRUE(t.insert("alice", 30));
  const auto before = *g.disk.read_all(path);
  g.disk.make_symlink("link.shelf", path);
  for (const auto* name : {path, "./ages.shelf", "link.shelf"}) {
    for (const bool replace : {false, true}) {
      EXPECT_TRUE(refuses(t.backup_to(name, {.replace = replace}), errc::invalid_argument,
                          {"the file that would be read"}));
      EXPECT_TRUE(refuses(backup(path, name, {.replace = replace}, {.system = &g.disk}),
                          errc::invalid_argument));
    }
    EXPECT_TRUE(refuses(restore(path, name, on(g.disk, {}, true)), errc::invalid_argument));
    EXPECT_TRUE(refuses(t.restore_from(name), errc::invalid_argument));
  }
  EXPECT_EQ(*g.disk.read_all(path), before);
  EXPECT_TRUE(t.insert("bob", 40));
}

TEST(Backup, ReplacesNothingUnlessAskedAndNeverAFileInUseOrOfAnotherKind) {
  backed_ground g(keeping::through);
  auto t = g.open();
  ASSERT_TRUE(t.insert("alice", 30));
  ASSERT_TRUE(t.backup_to(target));
  ASSERT_TRUE(t.insert("bob", 40));
  const auto first = *g.disk.read_all(target);
  EXPECT_TRUE(refuses(t.backup_to(target), errc::file_error, {"already exists"}));
  EXPECT_EQ(*g.disk.read_all(target), first);
  ASSERT_TRUE(t.backup_to(target, {.replace = true}));
  EXPECT_EQ(entries_of(g.disk, target).size(), 2u);

  backed_table::config c = g.config();
  c.path = target;
  auto in_use = or_throw(backed_table::open(c));
  EXPECT_TRUE(refuses(t.backup_to(target, {.replace = true}), errc::already_open));
  EXPECT_TRUE(refuses(restore(path, target, on(g.disk, {}, true)), errc::already_open));
  ASSERT_TRUE(in_use.close());
  const std::string text = "notes of another kind";
  g.disk.put("notes.txt", as_bytes(text));
  EXPECT_TRUE(refuses(t.backup_to("notes.txt", {.replace = true}), errc::not_a_table));
  EXPECT_EQ(g.disk.read_all("notes.txt")->size(), text.size());
}

TEST(Backup, IsOneMomentWhileWritersGoOn) {
  bank b;
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(b.accounts.insert(std::to_string(i), 10));
  std::jthread writer([&](const std::stop_token& stop) {
    for (int i = 0; !stop.stop_requested(); ++i) {
      or_throw(b.db.transact([&](transaction& tx) -> result<> {
        auto a = tx(b.accounts);
        if (auto r = a.add(std::to_string(i % 500), -1); !r) return r;
        return a.add(std::to_string(i * 7 % 500), 1);
      }));
    }
  });
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(b.db.backup_to(target, {.replace = true}));
    auto c = b.lone<accounts_table>();
    c.path = target;
    c.table = "accounts";
    c.opening = opening::read_only;
    std::int64_t sum = 0;
    for (const auto& [key, value] : or_throw(accounts_table::open(c))) sum += value;
    EXPECT_EQ(sum, 5000);
  }
}

TEST(Backup, OfAFencedTableHasWhatMemoryHas) {
  backed_ground g(keeping::durable);
  auto t = g.open();
  ASSERT_TRUE(t.insert("alice", 30));
  g.disk.inject({.kind = simulation::call::any_sync, .nth = 1});
  EXPECT_FALSE(t.insert("bob", 40));
  ASSERT_TRUE(or_throw(t.stats()).fenced);
  const auto report = or_throw(t.backup_to(target));
  EXPECT_THAT(entries_of(g.disk, target), ElementsAre(Pair("alice", 30)));
  ASSERT_TRUE(t.recover());
  EXPECT_EQ(or_throw(t.backup_to("next.shelf", {.since = report.position})).extent,
            backup_extent::whole)
      << "the file never had that batch";
}

TEST(Backup, ThatFailsInAnyCallLeavesTheTargetAsItWas) {
  for (const bool replace : {false, true}) {
    for (int nth = 1;; ++nth) {
      backed_ground g(keeping::through);
      auto t = g.open();
      ASSERT_TRUE(t.insert("alice", 30));
      if (replace) {
        ASSERT_TRUE(t.backup_to(target));
      }
      const auto before = g.disk.read_all(target);
      ASSERT_TRUE(t.insert("bob", 40));
      g.disk.inject({.kind = simulation::call::changing,
                     .nth = static_cast<std::uint64_t>(nth),
                     .error = ENOSPC});
      const auto made = t.backup_to(target, {.replace = replace});
      const bool met = g.disk.faults_met() != 0;
      g.disk.clear_faults();
      EXPECT_TRUE(t.insert("carol", 50)) << "the table is not concerned";
      if (made) {
        EXPECT_EQ(entries_of(g.disk, target).size(), 2u);
      } else if (made.error() != errc::indeterminate) {
        EXPECT_EQ(g.disk.read_all(target), before) << nth;
      }
      // Nothing is left beside it, or the next backup removes it.
      ASSERT_TRUE(t.backup_to(target, {.replace = true}));
      EXPECT_THAT(g.disk.files(), UnorderedElementsAre(path, target));
      if (!met) break;
    }
  }
}

TEST(Backup, OfAFileThatOthersWriteIsWhatTheyHaveWritten) {
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    backed_ground g(how);
    auto t = g.open();
    ASSERT_TRUE(t.insert("alice", 30));
    ASSERT_TRUE(t.save());
    ASSERT_TRUE(t.insert("bob", 40));
    const auto report = or_throw(backup(path, target, {}, {.system = &g.disk}));
    const std::size_t seen = how == keeping::back ? 1 : 2;
    EXPECT_EQ(entries_of(g.disk, target).size(), seen);
    ASSERT_TRUE(t.save());
    const auto more =
        or_throw(backup(path, "more.shelf", {.since = report.position}, {.system = &g.disk}));
    EXPECT_EQ(more.extent, backup_extent::increment);
    ASSERT_TRUE(restore(target, restored, on(g.disk, {"more.shelf"})));
    EXPECT_EQ(entries_of(g.disk, restored), contents(t));
  }
}

TEST(Backup, OfAReaderIsWhatTheWriterHasWritten) {
  backed_ground g(keeping::through);
  auto t = g.open();
  ASSERT_TRUE(t.insert("alice", 30));
  auto c = g.config();
  c.opening = opening::read_only;
  const auto reader = or_throw(backed_table::open(c));
  ASSERT_TRUE(t.insert("bob", 40));
  ASSERT_TRUE(reader.backup_to(target));
  EXPECT_EQ(entries_of(g.disk, target).size(), 2u);
}

// --- increments ----------------------------------------------------------------------------------

TEST(Increment, LeadsFromTheBackupToTheTableInEveryMode) {
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    backed_ground g(how);
    auto t = g.open();
    ASSERT_TRUE(t.insert("alice", 30));
    const auto whole = or_throw(t.backup_to(target));
    ASSERT_TRUE(t.insert("bob", 40));
    ASSERT_TRUE(t.erase("alice"));
    if (how == keeping::back) {
      ASSERT_TRUE(t.save());
    }
    const auto one = or_throw(t.backup_to("one.shelf", {.since = whole.position}));
    EXPECT_EQ(one.extent, backup_extent::increment);
    EXPECT_EQ(one.batches, how == keeping::back ? 1u : 2u);
    g.reopen(t);  // another session
    ASSERT_TRUE(t.insert("carol", 50));
    if (how == keeping::back) {
      ASSERT_TRUE(t.save());
    }
    const auto two = or_throw(t.backup_to("two.shelf", {.since = one.position}));
    EXPECT_EQ(two.extent, backup_extent::increment);
    const auto made = or_throw(restore(target, restored, on(g.disk, {"one.shelf", "two.shelf"})));
    EXPECT_EQ(made.position, two.position);
    EXPECT_EQ(entries_of(g.disk, restored), contents(t));
    ASSERT_TRUE(restore(target, "part.shelf", on(g.disk, {"one.shelf"})));
    EXPECT_THAT(entries_of(g.disk, "part.shelf"), ElementsAre(Pair("bob", 40)));
  }
}

TEST(Increment, InBackModeHoldsWhatWasSavedAndTheNextOneTheRest) {
  backed_ground g(keeping::back);
  auto t = g.open();
  ASSERT_TRUE(t.insert("alice", 30));
  const auto whole = or_throw(t.backup_to(target));
  ASSERT_TRUE(t.insert("bob", 40));
  const auto none = or_throw(t.backup_to("none.shelf", {.since = whole.position}));
  EXPECT_EQ(none.batches, 0u);
  EXPECT_EQ(none.position, whole.position);
  ASSERT_TRUE(t.save());
  const auto one = or_throw(t.backup_to("one.shelf", {.since = none.position}));
  EXPECT_EQ(one.batches, 1u);
  ASSERT_TRUE(restore(target, restored, on(g.disk, {"none.shelf", "one.shelf"})));
  EXPECT_EQ(entries_of(g.disk, restored).size(), 2u);
}

TEST(Increment, AfterACompactionIsWholeUnlessHistoryKeepsTheChanges) {
  for (const bool keeps : {false, true}) {
    SCOPED_TRACE(keeps);
    backed_ground g(keeping::through);
    auto c = g.config();
    if (keeps) c.history.bytes = 1 << 20;
    auto t = or_throw(backed_table::open(std::move(c)));
    ASSERT_TRUE(t.insert("alice", 30));
    const auto whole = or_throw(t.backup_to(target));
    ASSERT_TRUE(t.insert("bob", 40));
    ASSERT_TRUE(t.compact());
    ASSERT_TRUE(t.insert("carol", 50));
    const auto next = or_throw(t.backup_to("next.shelf", {.since = whole.position}));
    EXPECT_EQ(next.extent, keeps ? backup_extent::increment : backup_extent::whole);
    if (!keeps) {
      EXPECT_EQ(entries_of(g.disk, "next.shelf"), contents(t));
      continue;
    }
    ASSERT_TRUE(restore(target, restored, on(g.disk, {"next.shelf"})));
    EXPECT_EQ(entries_of(g.disk, restored), contents(t));
    // The file with its history can be backed up from outside, too: without it.
    ASSERT_TRUE(backup(path, "outside.shelf", {}, {.system = &g.disk}));
    EXPECT_EQ(entries_of(g.disk, "outside.shelf"), contents(t));
    ASSERT_TRUE(restore("outside.shelf", "again.shelf", on(g.disk)));
    EXPECT_EQ(entries_of(g.disk, "again.shelf"), contents(t));
  }
}

TEST(Increment, OfAnUnknownPositionIsWhole) {
  backed_ground g(keeping::through);
  auto t = g.open();
  ASSERT_TRUE(t.insert("alice", 30));
  const auto foreign = or_throw(position::parse("1-9f3b5c0d2e4a6178-42"));
  EXPECT_EQ(or_throw(t.backup_to(target, {.since = foreign})).extent, backup_extent::whole);
}

TEST(Increment, CarriesNewTablesAndDeadlinesAlong) {
  bank b;
  ASSERT_TRUE(b.accounts.insert("alice", 1));
  const auto whole = or_throw(b.db.backup_to(target));
  auto tags = or_throw(b.db.table<tags_table>("tags"));
  ASSERT_TRUE(tags.insert("x", 1));
  ASSERT_TRUE(b.visits.insert("bob", 7, expiry::in(std::chrono::hours(1))));
  ASSERT_EQ(or_throw(b.db.backup_to("one.shelf", {.since = whole.position})).extent,
            backup_extent::increment);
  ASSERT_TRUE(restore(target, restored, on(b.disk, {"one.shelf"})));
  auto c = b.config();
  c.path = restored;
  auto copy = or_throw(database::open(c, declare<visits_table>("visits")));
  EXPECT_EQ(or_throw(copy.table<tags_table>("tags")).size(), 1u);
  EXPECT_EQ(*or_throw(copy.table<visits_table>("visits")).expires_at("bob"),
            *b.visits.expires_at("bob"));
}

TEST(Increment, IsNoTableAndOnlyContinuesItsOwnBackup) {
  backed_ground g(keeping::through);
  auto t = g.open();
  ASSERT_TRUE(t.insert("alice", 30));
  const auto whole = or_throw(t.backup_to(target));
  ASSERT_TRUE(t.insert("bob", 40));
  const auto one = or_throw(t.backup_to("one.shelf", {.since = whole.position}));
  ASSERT_TRUE(t.insert("carol", 50));
  ASSERT_TRUE(t.backup_to("two.shelf", {.since = one.position}));
  backed_table::config c = g.config();
  for (const auto how : {opening::existing, opening::read_only}) {
    c.path = "one.shelf";
    c.opening = how;
    EXPECT_TRUE(refuses(backed_table::open(c), errc::not_a_table, {"an increment of a backup"}));
  }
  EXPECT_TRUE(refuses(restore("one.shelf", restored, on(g.disk)), errc::not_a_table));
  EXPECT_TRUE(refuses(t.restore_from("one.shelf"), errc::not_a_table));
  EXPECT_TRUE(refuses(restore(target, restored, on(g.disk, {"two.shelf"})), errc::invalid_argument,
                      {"two.shelf: it continues position ", target}));
  EXPECT_TRUE(refuses(restore(target, restored, on(g.disk, {"one.shelf", "one.shelf"})),
                      errc::invalid_argument));
  EXPECT_TRUE(refuses(restore(target, restored, on(g.disk, {target})), errc::invalid_argument,
                      {"a whole backup"}));
  // Another database, whose batches have other names.
  c.path = "other.shelf";
  c.opening = opening::create_new;
  auto other = or_throw(backed_table::open(c));
  const auto base = or_throw(other.backup_to("base.shelf"));
  ASSERT_TRUE(other.insert("eve", 1));
  ASSERT_TRUE(other.backup_to("foreign.shelf", {.since = base.position}));
  EXPECT_TRUE(refuses(restore(target, restored, on(g.disk, {"foreign.shelf"})),
                      errc::invalid_argument, {"another database"}));
  EXPECT_FALSE(g.disk.read_all(restored));
}

}  // namespace
}  // namespace shelf::suite
