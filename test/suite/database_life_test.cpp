// SUITE  every verb over every kind, write mode and store
// How databases are opened, kept, shared with lone handles, and seen at one moment.
#include "suite/database_ground.hpp"

#include <optional>
#include <stdexcept>

namespace shelf::suite {
namespace {

using testing::ElementsAre;

template <class Body>
void in_every_mode(Body body) {
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    database_ground g(how);
    body(g);
  }
}

// --- opening -------------------------------------------------------------------------------------

TEST(DatabaseLife, ExistingCreateNewAndReadOnlySayWhatTheyMiss) {
  database_ground g;
  auto c = g.config();
  c.opening = opening::existing;
  EXPECT_TRUE(refuses(database::open(c), errc::not_found, {path}));
  c.opening = opening::read_only;
  EXPECT_TRUE(refuses(database::open(c), errc::not_found, {path}));
  c.opening = opening::create_new;
  ASSERT_TRUE(ok(or_throw(database::open(c, declare<visits_table>("visits"))).close()));
  EXPECT_TRUE(refuses(database::open(c), errc::file_error, {path, "exists"}));
  c.opening = opening::existing;
  EXPECT_EQ(or_throw(database::open(c)).tables().size(), 1u);
  EXPECT_TRUE(refuses(database::open({}), errc::invalid_argument, {"path"}));
}

TEST(DatabaseLife, ReadOnlyReadsAllTablesAndMakesNone) {
  in_every_mode([](auto& g) {
    {
      auto db = g.open(declare<visits_table>("visits"), declare<tags_table>("tags"));
      ASSERT_TRUE(ok(or_throw(db.template table<visits_table>("visits")).insert("a", 1)));
      ASSERT_TRUE(ok(db.close()));
    }
    expect_untouched(g.disk, [&] {
      auto c = g.config();
      c.opening = opening::read_only;
      EXPECT_TRUE(
          refuses(database::open(c, declare<visits_table>("fresh")), errc::not_found, {"fresh"}));
      auto db = or_throw(database::open(c, declare<visits_table>("visits")));
      auto visits = or_throw(db.template table<visits_table>("visits"));
      EXPECT_EQ(visits.lookup("a"), 1);
      EXPECT_TRUE(refuses(visits.insert("b", 1), errc::read_only));
      EXPECT_TRUE(refuses(db.template table<visits_table>("fresh"), errc::not_found, {"fresh"}));
      EXPECT_TRUE(ok(db.template table<tags_table>("tags")));
      EXPECT_EQ(db.transact([&](transaction& tx) { return tx(visits).size(); }), 1u);
      EXPECT_TRUE(refuses(db.transact([&](transaction& tx) { return tx(visits).insert("b", 1); }),
                          errc::read_only));
      EXPECT_EQ(visits.size(), 1u);
      EXPECT_TRUE(ok(db.close()));
    });
  });
}

TEST(DatabaseLife, APathCannotLeaveTheBaseDirectory) {
  database_ground g;
  g.disk.make_directory("data");
  auto c = g.config();
  c.base_directory = "/data";
  {
    auto db = or_throw(database::open(c, declare<visits_table>("visits")));
    EXPECT_THAT(g.disk.files(), ElementsAre("data/ages.shelf"));
  }
  c.path = "../ages.shelf";
  EXPECT_TRUE(refuses(database::open(c), errc::invalid_path));
}

TEST(DatabaseLife, OneLockGuardsTheWholeFile) {
  bank b;
  EXPECT_TRUE(refuses(database::open(b.config()), errc::already_open, {path}));
  EXPECT_TRUE(refuses(visits_table::open(b.lone<visits_table>()), errc::already_open, {path}));
  ASSERT_TRUE(ok(b.db.close()));
  EXPECT_TRUE(ok(database::open(b.config())));
}

TEST(DatabaseLife, ADetsFileIsRefusedAndUntouched) {
  database_ground g;
  write_file<kind::set, std::string, std::int64_t>(g.disk, {{"a", 1}}, file_format::dets);
  expect_untouched(g.disk, [&] {
    EXPECT_TRUE(refuses(database::open(g.config(), declare<visits_table>("visits")),
                        errc::not_a_table, {path, "DETS"}));
  });
}

// --- lone handles --------------------------------------------------------------------------------

TEST(DatabaseLife, ALoneHandleIsToldTheTablesOfTheFileAndOpensOneByName) {
  in_every_mode([](auto& g) {
    {
      auto db = g.open(declare<visits_table>("visits"), declare<accounts_table>("accounts"),
                       declare<tags_table>("tags"));
      ASSERT_TRUE(ok(or_throw(db.template table<visits_table>("visits")).insert("a", 1)));
      ASSERT_TRUE(ok(or_throw(db.template table<tags_table>("tags")).insert("t", 1)));
      ASSERT_TRUE(ok(db.close()));
    }
    expect_untouched(g.disk, [&] {
      EXPECT_TRUE(refuses(visits_table::open(g.template lone<visits_table>()), errc::wrong_kind,
                          {"visits", "accounts", "tags"}));
      auto c = g.template lone<visits_table>();
      c.table = "accounts";
      EXPECT_TRUE(refuses(visits_table::open(c), errc::wrong_kind));
    });
    {
      auto c = g.template lone<visits_table>();
      c.table = "visits";
      auto visits = or_throw(visits_table::open(c));
      EXPECT_EQ(visits.lookup("a"), 1);
      ASSERT_TRUE(ok(visits.insert("b", 2)));
      ASSERT_TRUE(ok(visits.compact()));
      ASSERT_TRUE(ok(visits.close()));
    }
    auto db = g.open();
    EXPECT_EQ(or_throw(db.template table<visits_table>("visits")).size(), 2u);
    EXPECT_TRUE(or_throw(db.template table<tags_table>("tags")).contains("t"));
    EXPECT_EQ(db.tables().size(), 3u);
  });
}

TEST(DatabaseLife, AFileOfALoneTableIsADatabaseOfOneTable) {
  in_every_mode([](auto& g) {
    auto lone = or_throw(visits_table::open(g.template lone<visits_table>()));
    ASSERT_TRUE(ok(lone.insert("a", 1)));
    ASSERT_TRUE(ok(lone.close()));
    {
      auto db = g.open();
      ASSERT_EQ(db.tables().size(), 1u);
      auto same = or_throw(db.template table<visits_table>(db.tables().front().name));
      EXPECT_EQ(same.lookup("a"), 1);
      ASSERT_TRUE(ok(same.insert("b", 2)));
      ASSERT_TRUE(ok(db.close()));
    }
    EXPECT_EQ(or_throw(visits_table::open(g.template lone<visits_table>())).size(), 2u);
  });
}

// --- disk ----------------------------------------------------------------------------------------

TEST(DatabaseLife, WhatAModePromisesItPromisesOfAllTables) {
  in_every_mode([](auto& g) {
    {
      auto db = g.open(declare<visits_table>("one"), declare<tags_table>("two"));
      auto one = or_throw(db.template table<visits_table>("one"));
      auto two = or_throw(db.template table<tags_table>("two"));
      ASSERT_TRUE(ok(one.insert("a", 1)));
      ASSERT_TRUE(ok(two.insert("a", 1)));
      ASSERT_TRUE(ok(db.save()));
      ASSERT_TRUE(ok(one.insert("b", 2)));
      ASSERT_TRUE(ok(two.insert("b", 2)));
      db.abandon();
    }
    const auto left = g.how == keeping::back ? 1u : 2u;
    auto db = g.open();
    EXPECT_EQ(or_throw(db.template table<visits_table>("one")).size(), left);
    EXPECT_EQ(or_throw(db.template table<tags_table>("two")).size(), left);
  });
}

TEST(DatabaseLife, AReloadRollsAllTablesBackToTheLastSave) {
  bank b(keeping::back);
  ASSERT_TRUE(ok(b.accounts.insert("a", 1)));
  ASSERT_TRUE(ok(b.visits.insert("a", 1)));
  ASSERT_TRUE(ok(b.db.save()));
  const auto before = b.db.snapshot();
  ASSERT_TRUE(ok(b.accounts.insert("a", 2)));
  ASSERT_TRUE(ok(b.visits.clear()));
  ASSERT_TRUE(ok(b.db.reload()));
  EXPECT_EQ(b.accounts.lookup("a"), 1);
  EXPECT_EQ(b.visits.lookup("a"), 1);
  EXPECT_EQ(contents(b.visits), sorted(before(b.visits)));
}

TEST(DatabaseLife, AFailedSyncFencesAllTablesUntilRecover) {
  bank b(keeping::durable);
  ASSERT_TRUE(ok(b.accounts.insert("a", 1)));
  b.disk.inject({.kind = simulation::call::sync_data, .sticky = true});
  EXPECT_TRUE(refuses(b.visits.insert("a", 1), errc::indeterminate));
  b.disk.clear_faults();
  EXPECT_TRUE(refuses(b.accounts.insert("b", 1), errc::fenced));
  EXPECT_TRUE(refuses(b.db.transact([&](transaction& tx) { return tx(b.accounts).insert("b", 1); }),
                      errc::fenced));
  EXPECT_EQ(b.accounts.lookup("a"), 1);
  ASSERT_TRUE(ok(b.db.recover()));
  EXPECT_FALSE(b.visits.contains("a"));
  EXPECT_TRUE(ok(b.accounts.insert("b", 1)));
  EXPECT_TRUE(ok(b.db.close()));
}

// --- moments -------------------------------------------------------------------------------------

TEST(DatabaseLife, ASnapshotIsOneMomentOfAllTables) {
  in_every_mode([](auto& g) {
    std::optional<database_snapshot> kept;
    std::optional<visits_table> one;
    {
      auto db = g.open(declare<visits_table>("one"), declare<tags_table>("two"));
      one.emplace(or_throw(db.template table<visits_table>("one")));
      auto two = or_throw(db.template table<tags_table>("two"));
      ASSERT_TRUE(ok(one->insert("a", 1)));
      ASSERT_TRUE(ok(two.insert("a", 1)));
      kept.emplace(db.snapshot());
      ASSERT_TRUE(ok(one->insert("a", 2)));
      ASSERT_TRUE(ok(two.clear()));
      EXPECT_EQ((*kept)(*one).lookup("a"), 1);
      EXPECT_EQ((*kept)(two).lookup("a"), std::vector<std::int64_t>{1});
      EXPECT_EQ(or_throw(db.stats()).all.snapshots, 1u);
      ASSERT_TRUE(ok(db.save()));
      ASSERT_TRUE(ok(db.compact()));
      EXPECT_EQ((*kept)(two).size(), 1u);
    }
    // The database is gone, what it showed is not.
    EXPECT_EQ((*kept)(*one).lookup("a"), 1);
  });
}

TEST(DatabaseLife, ASnapshotShowsNothingOfATableOfAnotherDatabase) {
  bank b;
  bank other;
  ASSERT_TRUE(ok(other.visits.insert("a", 1)));
  EXPECT_TRUE(b.db.snapshot()(other.visits).empty());
}

TEST(DatabaseLife, ReadReturnsWhatItsFunctionReturns) {
  bank b;
  ASSERT_TRUE(ok(b.accounts.insert("a", 5)));
  ASSERT_TRUE(ok(b.visits.insert("a", 7)));
  EXPECT_EQ(b.db.read([&](const database_snapshot& s) {
    return *s(b.accounts).lookup("a") + *s(b.visits).lookup("a");
  }),
            12);
  EXPECT_EQ(b.db.read([&](const auto& s) { return s(b.accounts).lookup("a"); }), 5);
  EXPECT_TRUE(refuses(b.db.read([&](const auto& s) { return s(b.accounts).lookup("b"); }),
                      errc::not_found));
  EXPECT_TRUE(ok(b.db.read([&](const database_snapshot&) {})));
  EXPECT_THROW((void)b.db.read([](const auto&) -> int { throw std::runtime_error("no"); }),
               std::runtime_error);
  EXPECT_EQ(or_throw(b.db.stats()).all.snapshots, 0u);
}

// --- with_database -------------------------------------------------------------------------------

TEST(DatabaseLife, WithDatabaseReturnsWhatItsFunctionReturnsAndAlwaysCloses) {
  database_ground g;
  const auto insert = [](database& db) -> result<written> {
    return or_throw(db.table<visits_table>("visits")).insert("a", 1);
  };
  EXPECT_EQ(with_database(g.config(), declare<visits_table>("visits"), insert), written::added);
  EXPECT_EQ(with_database(g.config(), [](database& db) { return db.tables().size(); }), 1u);
  EXPECT_TRUE(ok(with_database(g.config(), [](database&) {})));
  EXPECT_TRUE(refuses(with_database(g.config(),
                                    [](database&) -> result<int> {
                                      return std::unexpected(error(errc::overflow));
                                    }),
                      errc::overflow));
  EXPECT_THROW(
      (void)with_database(g.config(), [](database&) -> int { throw std::runtime_error("no"); }),
      std::runtime_error);
  EXPECT_TRUE(
      refuses(with_database(g.config(), declare<tags_table>("visits"), insert), errc::wrong_kind));
  EXPECT_TRUE(ok(with_database(g.config(), [](database& db) { return db.close(); })));
  EXPECT_EQ(g.disk.open_descriptors(), 0u);
  EXPECT_EQ(g.disk.locks_held(), 0u);
}

// --- a database without a file -------------------------------------------------------------------

TEST(DatabaseInMemory, HasTablesAndTransactionsAndNoFile) {
  auto db = or_throw(database::in_memory(declare<accounts_table>("accounts")));
  auto accounts = or_throw(db.table<accounts_table>("accounts"));
  auto log = or_throw(db.table<log_table>("log"));
  ASSERT_TRUE(ok(db.transact([&](transaction& tx) -> result<> {
    if (auto r = tx(accounts).insert("a", 1); !r) return r;
    return tx(log).insert("a", 1);
  })));
  EXPECT_EQ(contents(accounts), (entries{{"a", 1}}));
  EXPECT_EQ(db.snapshot()(log).size(), 1u);
  EXPECT_EQ(db.tables().size(), 2u);
  EXPECT_TRUE(refuses(db.save(), errc::invalid_argument));
  ticket t;
  EXPECT_TRUE(
      refuses(db.transact([&](transaction& tx) { return tx(log).insert("b", 1); }, {.sync = true}),
              errc::invalid_argument));
  EXPECT_TRUE(ok(db.close()));
  EXPECT_TRUE(refuses(accounts.insert("b", 1), errc::table_closed));
  EXPECT_TRUE(refuses(database::in_memory(declare<accounts_table>("")), errc::invalid_argument));
  EXPECT_TRUE(refuses(database::in_memory(declare<accounts_table>("a"), declare<log_table>("a")),
                      errc::invalid_argument));
}

}  // namespace
}  // namespace shelf::suite
