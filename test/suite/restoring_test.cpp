// SUITE  every verb over every kind, write mode and store
// What is restored of backups: into new files, and into open databases.
#include "shelf/changes.hpp"
#include "shelf/index.hpp"
#include "suite/backup_ground.hpp"
#include "suite/database_ground.hpp"

#include <gtest/gtest.h>

#include <string>

namespace shelf::suite {
namespace {

using testing::ElementsAre;
using testing::Pair;

// --- restored files ------------------------------------------------------------------------------

TEST(Restore, KeepsPositionsOfTheBackupAndTellsLaterOnesApart) {
  backed_ground g(keeping::through);
  auto t = g.open();
  ASSERT_TRUE(t.insert("alice", 30));
  const auto early = or_throw(position::parse(t.snapshot().position().to_string()));
  const auto whole = or_throw(t.backup_to(target));
  ASSERT_TRUE(t.insert("bob", 40));
  const auto late = or_throw(position::parse(t.snapshot().position().to_string()));
  ASSERT_TRUE(t.close());
  const auto made = or_throw(restore(target, path, on(g.disk, {}, true)));
  EXPECT_EQ(made.position, whole.position);
  t = g.open();
  EXPECT_EQ(contents(t).size(), 1u);
  ASSERT_TRUE(t.insert("carol", 50));
  EXPECT_TRUE(t.changes({.from = early}));
  EXPECT_TRUE(refuses(t.changes({.from = late}), errc::cursor_lost, {"rolled back"}));
  // And the next increment continues the old backup.
  const auto next = or_throw(t.backup_to("next.shelf", {.since = whole.position}));
  EXPECT_EQ(next.extent, backup_extent::increment);
}

TEST(Restore, OfADamagedForeignOrCutFileIsRefused) {
  backed_ground g(keeping::through);
  auto t = g.open();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(t.insert(std::to_string(i), i));
  const auto whole = or_throw(t.backup_to(target));
  ASSERT_TRUE(t.insert("bob", 40));
  ASSERT_TRUE(t.backup_to("one.shelf", {.since = whole.position}));
  const auto sound = *g.disk.read_all(target);
  const auto sound_one = *g.disk.read_all("one.shelf");
  for (std::size_t at = 8192; at < sound.size(); at += 7) {
    g.disk.flip_bit(target, 8 * at + 3);
    EXPECT_TRUE(refuses(restore(target, restored, on(g.disk)), errc::corrupt)) << at;
    EXPECT_TRUE(refuses(t.restore_from(target), errc::corrupt)) << at;
    g.disk.flip_bit(target, 8 * at + 3);
  }
  for (std::size_t size = 0; size < sound.size(); size += 13) {
    g.disk.resize(target, size);
    EXPECT_FALSE(restore(target, restored, on(g.disk))) << size;
    g.disk.put(target, sound);
  }
  for (std::size_t at = 8192; at < sound_one.size(); at += 7) {
    g.disk.flip_bit("one.shelf", 8 * at + 3);
    EXPECT_TRUE(refuses(restore(target, restored, on(g.disk, {"one.shelf"})), errc::corrupt));
    g.disk.flip_bit("one.shelf", 8 * at + 3);
  }
  const std::string text = "no backup";
  g.disk.put("notes.txt", as_bytes(text));
  EXPECT_TRUE(refuses(restore("notes.txt", restored, on(g.disk)), errc::not_a_table));
  EXPECT_TRUE(refuses(restore("missing", restored, on(g.disk)), errc::not_found));
  EXPECT_FALSE(g.disk.read_all(restored));
  EXPECT_EQ(contents(t).size(), 21u);
}

TEST(Restore, OverAnOpenFileIsRefusedAndOverAClosedOneHappensInOneStep) {
  backed_ground g(keeping::through);
  auto t = g.open();
  ASSERT_TRUE(t.insert("alice", 30));
  ASSERT_TRUE(t.backup_to(target));
  ASSERT_TRUE(t.insert("bob", 40));
  EXPECT_TRUE(refuses(restore(target, path, on(g.disk)), errc::file_error, {"already exists"}));
  EXPECT_TRUE(refuses(restore(target, path, on(g.disk, {}, true)), errc::already_open));
  ASSERT_TRUE(t.close());
  ASSERT_TRUE(restore(target, path, on(g.disk, {}, true)));
  EXPECT_EQ(contents(g.open()).size(), 1u);
}

// --- restored into an open database --------------------------------------------------------------

TEST(RestoreFrom, ReplacesEverythingInOneStepForReadersAndOnDisk) {
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    backed_ground g(how);
    auto t = g.open();
    ASSERT_TRUE(t.insert("alice", 30));
    ASSERT_TRUE(t.backup_to(target));
    ASSERT_TRUE(t.insert("alice", 31));
    ASSERT_TRUE(t.insert("bob", 40));
    const auto before = t.snapshot();
    auto feed = or_throw(t.changes());
    ASSERT_TRUE(t.restore_from(target));
    EXPECT_THAT(contents(t), ElementsAre(Pair("alice", 30)));
    EXPECT_EQ(sorted(before).size(), 2u) << "snapshots keep what they show";
    EXPECT_EQ(or_throw(feed.next()).event, table_event::reset);
    ASSERT_TRUE(t.insert("carol", 50));
    g.reopen(t);
    EXPECT_THAT(contents(t), ElementsAre(Pair("alice", 30), Pair("carol", 50)));
  }
}

/// A backup and three increments, each with one entry more.
struct chain_ground : backed_ground {
  explicit chain_ground(keeping k) : backed_ground(k), t(open()) {
    auto last = or_throw(t.backup_to(target)).position;
    for (int i = 1; i <= 3; ++i) {
      or_throw(t.insert(std::to_string(i), i));
      if (i == 2) or_throw(t.erase("1"));
      or_throw(t.save());
      last = or_throw(t.backup_to(name(i), {.since = last})).position;
    }
    or_throw(t.insert("mistake", 0));
  }
  [[nodiscard]] static std::string name(int i) { return std::to_string(i) + ".shelf"; }
  [[nodiscard]] result<> restore_with(std::vector<std::string> increments) {
    return t.restore_from(target, {.increments = std::move(increments)});
  }

  backed_table t;
};

TEST(RestoreFrom, TakesABackupAndItsIncrementsInOneStep) {
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    chain_ground g(how);
    std::uint64_t told = 0;
    const auto tell = [&](std::uint64_t done, std::uint64_t of) {
      EXPECT_LE(done, of);
      told = done;
    };
    ASSERT_TRUE(
        g.t.restore_from(target, {.increments = {"1.shelf", "2.shelf", "3.shelf"}, .tell = tell}));
    EXPECT_GT(told, 0u);
    EXPECT_THAT(contents(g.t), ElementsAre(Pair("2", 2), Pair("3", 3)));
    g.reopen(g.t);
    EXPECT_THAT(contents(g.t), ElementsAre(Pair("2", 2), Pair("3", 3)));
    ASSERT_TRUE(g.restore_with({"1.shelf"}));
    EXPECT_THAT(contents(g.t), ElementsAre(Pair("1", 1)));
  }
}

TEST(RestoreFrom, AChainThatIsBrokenIsRefusedAndTheMessageSaysWhere) {
  chain_ground g(keeping::through);
  const auto before = *g.disk.read_all(path);
  const auto refused = [&](std::vector<std::string> increments,
                           std::initializer_list<std::string_view> pieces) {
    EXPECT_TRUE(
        refuses(restore(target, restored, on(g.disk, increments)), errc::invalid_argument, pieces));
    EXPECT_TRUE(refuses(g.restore_with(std::move(increments)), errc::invalid_argument, pieces));
  };
  refused({"1.shelf", "3.shelf"},
          {"3.shelf: it continues position ", "1.shelf ends at", "is missing"});
  refused({"2.shelf"}, {"2.shelf: ", "is missing"});
  refused({"2.shelf", "1.shelf"}, {"2.shelf: ", "put it right behind 1.shelf"});
  refused({"1.shelf", "3.shelf", "2.shelf"}, {"3.shelf: ", "put it right behind 2.shelf"});
  refused({"1.shelf", "1.shelf"}, {"1.shelf: ", std::string("put it right behind ") + target});
  refused({"1.shelf", target}, {"a whole backup, not an increment"});
  auto c = g.config();
  c.path = "other.shelf";
  {
    auto t = or_throw(backed_table::open(std::move(c)));
    const auto whole = or_throw(t.backup_to("other_backup.shelf"));
    ASSERT_TRUE(t.insert("x", 1));
    ASSERT_TRUE(t.backup_to("foreign.shelf", {.since = whole.position}));
  }
  refused({"foreign.shelf"}, {"foreign.shelf: an increment of another database than", target});
  EXPECT_TRUE(refuses(g.restore_with({"no.shelf"}), errc::not_found, {"no.shelf"}));
  EXPECT_EQ(*g.disk.read_all(path), before);
  EXPECT_EQ(g.t.lookup("mistake"), 0);
}

TEST(RestoreFrom, InBackModeNeedsNoSave) {
  backed_ground g(keeping::back);
  auto t = g.open();
  ASSERT_TRUE(t.insert("alice", 30));
  ASSERT_TRUE(t.backup_to(target));
  ASSERT_TRUE(t.insert("bob", 40));
  ASSERT_TRUE(t.restore_from(target));
  EXPECT_EQ(or_throw(t.stats()).unsaved_changes, 0u);
  t.abandon();
  EXPECT_EQ(contents(g.open()).size(), 1u);
}

TEST(RestoreFrom, EmptiesTablesThatDidNotExistAndAddsThoseThatAreMissing) {
  bank b;
  ASSERT_TRUE(b.accounts.insert("alice", 1));
  ASSERT_TRUE(b.db.backup_to(target));
  auto tags = or_throw(b.db.table<tags_table>("tags"));
  auto online = or_throw(b.db.table<visits_table>("online", {.storage = storage::memory}));
  ASSERT_TRUE(tags.insert("x", 1));
  ASSERT_TRUE(online.insert("x", 1));
  ASSERT_TRUE(b.db.backup_to("later.shelf"));
  ASSERT_TRUE(b.accounts.insert("alice", 2));
  ASSERT_TRUE(b.db.restore_from(target));
  EXPECT_EQ(tags.size(), 0u);
  EXPECT_EQ(online.size(), 1u) << "tables in memory are not concerned";
  EXPECT_EQ(b.accounts.lookup("alice"), 1);
  ASSERT_TRUE(tags.insert("y", 2));
  ASSERT_TRUE(b.db.restore_from("later.shelf"));
  EXPECT_THAT(contents(tags), ElementsAre(Pair("x", 1)));
  ASSERT_TRUE(b.db.close());
  b.db = b.open(declare<accounts_table>("accounts"), declare<tags_table>("tags"));
  EXPECT_EQ(or_throw(b.db.table<tags_table>("tags")).size(), 1u);
  EXPECT_EQ(b.db.tables().size(), 4u);
}

TEST(RestoreFrom, OfAnotherDatabaseFitsByNameOrIsRefused) {
  bank b;
  ASSERT_TRUE(b.accounts.insert("alice", 1));
  auto c = b.config();
  c.path = "other.shelf";
  {  // its tables have other ids
    auto other =
        or_throw(database::open(c, declare<visits_table>("visits"), declare<tags_table>("tags")));
    EXPECT_TRUE(other.backup_to("lacks.shelf"));
    auto accounts = or_throw(other.table<accounts_table>("accounts"));
    EXPECT_TRUE(accounts.insert("bob", 2));
    EXPECT_TRUE(other.backup_to("fits.shelf"));
  }
  EXPECT_TRUE(refuses(b.db.restore_from("lacks.shelf"), errc::not_found, {"accounts"}));
  EXPECT_EQ(b.accounts.lookup("alice"), 1);
  ASSERT_TRUE(b.db.restore_from("fits.shelf"));
  EXPECT_THAT(contents(b.accounts), ElementsAre(Pair("bob", 2)));
  EXPECT_TRUE(b.visits.insert("x", 1));
  ASSERT_TRUE(b.db.close());
  b.db = b.open(declare<accounts_table>("accounts"), declare<visits_table>("visits"));
  EXPECT_EQ(or_throw(b.db.table<accounts_table>("accounts")).lookup("bob"), 2);
  EXPECT_EQ(b.db.tables().size(), 3u);
}

TEST(RestoreFrom, OfOtherTypesOrIntoAReaderIsRefused) {
  backed_ground g(keeping::through);
  write_file<kind::set, std::string, std::string>(g.disk, {{"alice", "x"}});
  ASSERT_TRUE(restore(path, target, on(g.disk)));
  g.disk.remove(path);
  auto t = g.open();
  ASSERT_TRUE(t.insert("bob", 40));
  EXPECT_TRUE(refuses(t.restore_from(target), errc::type_mismatch));
  EXPECT_EQ(t.lookup("bob"), 40);
  ASSERT_TRUE(t.close());
  auto c = g.config();
  c.opening = opening::read_only;
  auto reader = or_throw(backed_table::open(c));
  EXPECT_TRUE(refuses(reader.restore_from(target), errc::read_only));
}

TEST(RestoreFrom, BuildsIndexesOfWhatItLoads) {
  struct user {
    std::string city;
  };
  using users = shelf::map<std::string, user, index<&user::city>>;
  simulation::simulated_disk disk;
  users::config c;
  c.path = path;
  c.system = &disk;
  auto t = or_throw(users::open(c));
  ASSERT_TRUE(t.insert("alice", {"Aachen"}));
  ASSERT_TRUE(t.backup_to(target));
  ASSERT_TRUE(t.insert("alice", {"Bonn"}));
  ASSERT_TRUE(t.restore_from(target));
  EXPECT_EQ(std::ranges::distance(t.equal<&user::city>("Aachen")), 1);
  EXPECT_EQ(std::ranges::distance(t.equal<&user::city>("Bonn")), 0);
}

TEST(RestoreFrom, ThatFailsInAnyCallChangesNothingOrEverything) {
  for (int nth = 1;; ++nth) {
    backed_ground g(keeping::through);
    auto t = g.open();
    ASSERT_TRUE(t.insert("alice", 30));
    ASSERT_TRUE(t.backup_to(target));
    ASSERT_TRUE(t.insert("bob", 40));
    g.disk.inject(
        {.kind = simulation::call::changing, .nth = static_cast<std::uint64_t>(nth), .error = EIO});
    const auto done = t.restore_from(target);
    const bool met = g.disk.faults_met() != 0;
    g.disk.clear_faults();
    EXPECT_EQ(contents(t).size(), done ? 1u : 2u) << nth;
    ASSERT_TRUE(t.recover());
    ASSERT_TRUE(t.insert("carol", 50));
    const auto now = contents(t);
    g.reopen(t);
    EXPECT_EQ(contents(t), now) << nth;
    if (!met) break;
  }
}

}  // namespace
}  // namespace shelf::suite
