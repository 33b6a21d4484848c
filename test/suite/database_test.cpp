// SUITE  every verb over every kind, write mode and store
// Databases: their tables, their life, their moments. Transactions: transactions_test.cpp.
#include "suite/database_ground.hpp"

#include <optional>

namespace shelf::suite {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

template <class Body>
void in_every_mode(Body body) {
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    database_ground g(how);
    body(g);
  }
}

[[nodiscard]] std::vector<std::string> names_of(const database& db) {
  std::vector<std::string> names;
  for (const auto& t : db.tables()) names.push_back(t.name);
  return names;
}

// --- tables --------------------------------------------------------------------------------------

TEST(Database, ItKeepsSeveralTablesOfAnyKindInOneFile) {
  in_every_mode([](auto& g) {
    {
      auto db = g.open(declare<accounts_table>("accounts"), declare<visits_table>("visits"),
                       declare<tags_table>("tags"), declare<log_table>("log"));
      EXPECT_THAT(names_of(db), UnorderedElementsAre("accounts", "visits", "tags", "log"));
      ASSERT_TRUE(ok(or_throw(db.template table<accounts_table>("accounts")).insert("a", 1)));
      ASSERT_TRUE(ok(or_throw(db.template table<visits_table>("visits")).insert("a", 2)));
      auto tags = or_throw(db.template table<tags_table>("tags"));
      ASSERT_TRUE(ok(tags.insert_range({{"a", 3}, {"a", 4}, {"a", 3}})));
      auto log = or_throw(db.template table<log_table>("log"));
      ASSERT_TRUE(ok(log.insert_range({{"a", 5}, {"a", 5}})));
      ASSERT_TRUE(ok(db.close()));
      EXPECT_FALSE(db.is_open());
    }
    EXPECT_THAT(g.disk.files(), ElementsAre(path));
    auto db = g.open();
    EXPECT_EQ(or_throw(db.template table<accounts_table>("accounts")).lookup("a"), 1);
    EXPECT_EQ(or_throw(db.template table<visits_table>("visits")).lookup("a"), 2);
    EXPECT_EQ(contents(or_throw(db.template table<tags_table>("tags"))),
              (entries{{"a", 3}, {"a", 4}}));
    EXPECT_EQ(contents(or_throw(db.template table<log_table>("log"))),
              (entries{{"a", 5}, {"a", 5}}));
    EXPECT_TRUE(g.told.empty());
  });
}

TEST(Database, TablesSayWhatTheyAreAndHowManyEntriesTheyHave) {
  bank b;
  ASSERT_TRUE(ok(b.accounts.insert_range({{"a", 1}, {"b", 2}})));
  auto online = or_throw(b.db.table<visits_table>("online", {.storage = storage::memory}));
  const auto facts = b.db.tables();
  ASSERT_EQ(facts.size(), 3u);
  for (const auto& f : facts) {
    EXPECT_EQ(f.entries, f.name == "accounts" ? 2u : 0u);
    EXPECT_EQ(f.what, f.name == "accounts" ? kind::ordered_set : kind::set);
    EXPECT_EQ(f.key_schema, "binary");
    EXPECT_EQ(f.value_schema, "integer");
    EXPECT_EQ(f.storage, f.name == "online" ? storage::memory : storage::disk);
  }
  const auto stats = or_throw(b.db.stats());
  EXPECT_EQ(stats.tables, 3u);
  EXPECT_EQ(stats.all.entries, 2u);
  EXPECT_EQ(or_throw(b.visits.stats()).entries, 0u);
}

TEST(Database, ATableIsMadeWhenItIsAskedForAndIsThereAtTheNextOpen) {
  in_every_mode([](auto& g) {
    {
      auto db = g.open();
      EXPECT_TRUE(db.tables().empty());
      auto late = or_throw(db.template table<visits_table>("late"));
      ASSERT_TRUE(ok(late.insert("a", 1)));
      ASSERT_TRUE(ok(db.close()));
    }
    auto db = g.open(declare<visits_table>("late"), declare<visits_table>("later"));
    EXPECT_EQ(or_throw(db.template table<visits_table>("late")).lookup("a"), 1);
    EXPECT_TRUE(or_throw(db.template table<visits_table>("later")).empty());
  });
}

TEST(Database, DeclaredTablesAreOpenedAllOrNone) {
  in_every_mode([](auto& g) {
    {
      auto db = g.open(declare<visits_table>("visits"));
      ASSERT_TRUE(ok(or_throw(db.template table<visits_table>("visits")).insert("a", 1)));
      ASSERT_TRUE(ok(db.close()));
    }
    using wrong_types = shelf::map<std::string, std::string>;
    expect_untouched(g.disk, [&] {
      EXPECT_TRUE(refuses(database::open(g.config(), declare<accounts_table>("fresh"),
                                         declare<accounts_table>("visits")),
                          errc::wrong_kind, {"visits", "ordered_map"}));
      EXPECT_TRUE(refuses(database::open(g.config(), declare<accounts_table>("fresh"),
                                         declare<wrong_types>("visits")),
                          errc::type_mismatch, {"visits"}));
    });
    auto db = g.open();
    EXPECT_THAT(names_of(db), ElementsAre("visits"));
    EXPECT_TRUE(refuses(db.template table<accounts_table>("visits"), errc::wrong_kind, {"visits"}));
    EXPECT_TRUE(refuses(db.template table<wrong_types>("visits"), errc::type_mismatch, {"visits"}));
    EXPECT_EQ(or_throw(db.template table<visits_table>("visits")).lookup("a"), 1);
  });
}

TEST(Database, TablesThatItDoesNotKnowSurviveEveryRewrite) {
  in_every_mode([](auto& g) {
    {
      auto db = g.open(declare<tags_table>("tags"), declare<log_table>("log"));
      ASSERT_TRUE(ok(or_throw(db.template table<tags_table>("tags"))
                         .insert_range({{"a", 1}, {"a", 2}, {"b", 3}})));
      ASSERT_TRUE(
          ok(or_throw(db.template table<log_table>("log")).insert_range({{"a", 1}, {"a", 1}})));
      ASSERT_TRUE(ok(db.close()));
    }
    {
      auto db = g.open(declare<accounts_table>("accounts"));
      auto accounts = or_throw(db.template table<accounts_table>("accounts"));
      ASSERT_TRUE(ok(accounts.insert("a", 1)));
      ASSERT_TRUE(ok(db.save()));
      ASSERT_TRUE(ok(db.compact()));
      ASSERT_TRUE(ok(db.recover()));
      ASSERT_TRUE(ok(db.reload()));
      ASSERT_TRUE(ok(accounts.insert("b", 2)));
      ASSERT_TRUE(ok(db.close()));
    }
    auto db = g.open();
    EXPECT_EQ(contents(or_throw(db.template table<tags_table>("tags"))),
              (entries{{"a", 1}, {"a", 2}, {"b", 3}}));
    EXPECT_EQ(contents(or_throw(db.template table<log_table>("log"))),
              (entries{{"a", 1}, {"a", 1}}));
    EXPECT_EQ(contents(or_throw(db.template table<accounts_table>("accounts"))),
              (entries{{"a", 1}, {"b", 2}}));
  });
}

TEST(Database, ATableThatIsAskedForIsCheckedEntryByEntry) {
  database_ground g;
  {
    auto db = g.open(declare<visits_table>("visits"));
    ASSERT_TRUE(ok(or_throw(db.table<visits_table>("visits")).insert("a", 300)));
    ASSERT_TRUE(ok(db.close()));
  }
  using small = shelf::map<std::string, std::uint8_t>;
  auto db = g.open();
  EXPECT_TRUE(refuses(db.table<small>("visits"), errc::type_mismatch, {"visits"}));
  EXPECT_TRUE(refuses(
      db.table<visits_table>("visits", {.check = [](const auto&, auto v) { return v < 300; }}),
      errc::type_mismatch, {"visits"}));
  EXPECT_TRUE(ok(
      db.table<visits_table>("visits", {.check = [](const auto&, auto v) { return v == 300; }})));
}

TEST(Database, TheCheckOfADeclarationJudgesEveryEntryAtOpen) {
  database_ground g;
  {
    auto db = g.open(declare<visits_table>("visits"));
    ASSERT_TRUE(ok(or_throw(db.table<visits_table>("visits")).insert("a", -1)));
    ASSERT_TRUE(ok(db.close()));
  }
  const auto positive = [](const std::string&, std::int64_t v) { return v > 0; };
  EXPECT_TRUE(
      refuses(database::open(g.config(), declare<visits_table>("visits", {.check = positive})),
              errc::type_mismatch, {"visits"}));
  EXPECT_EQ(g.disk.open_descriptors(), 0u);
}

TEST(Database, AMemoryTableIsEmptyAfterEveryOpenAndKeepsItsNameAndTypes) {
  in_every_mode([](auto& g) {
    {
      auto db = g.open(declare<visits_table>("online", {.storage = storage::memory}),
                       declare<visits_table>("visits"));
      auto online =
          or_throw(db.template table<visits_table>("online", {.storage = storage::memory}));
      ASSERT_TRUE(ok(online.insert("alice", 1)));
      ASSERT_TRUE(ok(or_throw(db.template table<visits_table>("visits")).insert("a", 1)));
      EXPECT_EQ(online.lookup("alice"), 1);
      ASSERT_TRUE(ok(db.save()));
      ASSERT_TRUE(ok(db.compact()));
      EXPECT_EQ(online.lookup("alice"), 1);
      ASSERT_TRUE(ok(db.close()));
    }
    auto db = g.open();
    EXPECT_THAT(names_of(db), UnorderedElementsAre("online", "visits"));
    EXPECT_TRUE(refuses(db.template table<accounts_table>("online", {.storage = storage::memory}),
                        errc::wrong_kind, {"online"}));
    EXPECT_TRUE(
        or_throw(db.template table<visits_table>("online", {.storage = storage::memory})).empty());
    EXPECT_EQ(or_throw(db.template table<visits_table>("visits")).lookup("a"), 1);
  });
}

TEST(Database, BadNamesAreRefusedAndNothingIsLost) {
  in_every_mode([](auto& g) {
    const std::string long_name(256, 'n');
    for (const std::string& name :
         {std::string(), long_name, std::string("a\xff"), long_name + "x"}) {
      EXPECT_TRUE(
          refuses(database::open(g.config(), declare<visits_table>(name)), errc::invalid_argument));
    }
    EXPECT_TRUE(refuses(
        database::open(g.config(), declare<visits_table>("twice"), declare<visits_table>("twice")),
        errc::invalid_argument, {"twice"}));
    EXPECT_TRUE(g.disk.files().empty());
    auto db = g.open(declare<visits_table>("visits"));
    for (const std::string& name : {std::string(), long_name, std::string("\xc3\x28")}) {
      EXPECT_TRUE(refuses(db.template table<visits_table>(name), errc::invalid_argument));
    }
    EXPECT_TRUE(ok(db.template table<visits_table>(std::string(255, 'n'))));
    EXPECT_TRUE(ok(db.template table<visits_table>("Müsli")));
    EXPECT_EQ(db.tables().size(), 3u);
  });
}

// --- handles -------------------------------------------------------------------------------------

TEST(Database, TwoHandlesOfOneNameAreOneTable) {
  bank b;
  auto again = or_throw(b.db.table<accounts_table>("accounts"));
  ASSERT_TRUE(ok(again.insert("a", 1)));
  EXPECT_EQ(b.accounts.lookup("a"), 1);
  {
    auto third = or_throw(b.db.table<accounts_table>("accounts"));
    again = std::move(third);
  }
  EXPECT_TRUE(b.db.is_open());
  EXPECT_TRUE(again.is_open());
  EXPECT_EQ(again.lookup("a"), 1);
}

TEST(Database, AHandleClosesNothingButSavesAndSyncsTheWholeDatabase) {
  in_every_mode([](auto& g) {
    auto db = g.open(declare<visits_table>("one"), declare<visits_table>("two"));
    auto one = or_throw(db.template table<visits_table>("one"));
    auto two = or_throw(db.template table<visits_table>("two"));
    ASSERT_TRUE(ok(one.insert("a", 1)));
    ASSERT_TRUE(ok(two.insert("a", 2)));
    EXPECT_TRUE(refuses(one.close(), errc::invalid_argument, {"database"}));
    EXPECT_TRUE(one.is_open());
    ASSERT_TRUE(ok(one.save()));
    ASSERT_TRUE(ok(one.sync()));
    db.abandon();
    EXPECT_FALSE(one.is_open());
    auto again = g.open();
    EXPECT_EQ(or_throw(again.template table<visits_table>("one")).lookup("a"), 1);
    EXPECT_EQ(or_throw(again.template table<visits_table>("two")).lookup("a"), 2);
  });
}

TEST(Database, AHandleSaysSoOnceItsDatabaseIsClosedAbandonedOrDestroyed) {
  in_every_mode([](auto& g) {
    std::optional<visits_table> kept;
    for (int end = 0; end < 3; ++end) {
      {
        auto db = g.open(declare<visits_table>("visits"));
        kept.emplace(or_throw(db.template table<visits_table>("visits")));
        ASSERT_TRUE(ok(kept->insert("a", 1)));
        if (end == 0) {
          ASSERT_TRUE(ok(db.close()));
        }
        if (end == 1) db.abandon();
        if (end < 2) {
          EXPECT_TRUE(refuses(db.close(), errc::table_closed));
          EXPECT_TRUE(refuses(db.save(), errc::table_closed));
          EXPECT_TRUE(refuses(db.stats(), errc::table_closed));
          EXPECT_TRUE(refuses(db.template table<visits_table>("visits"), errc::table_closed));
          EXPECT_TRUE(refuses(db.transact([](transaction&) { return 1; }), errc::table_closed));
          EXPECT_TRUE(refuses(db.read([](const auto&) { return 1; }), errc::table_closed));
          EXPECT_TRUE(db.snapshot()(*kept).empty());
        }
      }
      EXPECT_FALSE(kept->is_open());
      EXPECT_TRUE(refuses(kept->insert("b", 1), errc::table_closed));
      EXPECT_TRUE(refuses(kept->lookup("a"), errc::table_closed));
      EXPECT_TRUE(refuses(kept->save(), errc::table_closed));
      EXPECT_FALSE(kept->contains("a"));
      EXPECT_EQ(kept->size(), 0u);
      EXPECT_TRUE(kept->snapshot().empty());
      EXPECT_EQ(g.disk.open_descriptors(), 0u);
      EXPECT_EQ(g.disk.locks_held(), 0u);
    }
  });
}

TEST(Database, AssigningToAHandleClosesWhatItHadAndAMovedFromOneIsNotOpen) {
  database_ground g;
  simulation::simulated_disk other_disk;
  auto db = g.open(declare<visits_table>("visits"));
  auto c = g.config();
  c.system = &other_disk;
  auto other = or_throw(database::open(c));
  db = std::move(other);
  EXPECT_FALSE(other.is_open());  // NOLINT: that is what is asked
  EXPECT_TRUE(db.is_open());
  EXPECT_EQ(g.disk.open_descriptors(), 0u);
  EXPECT_TRUE(db.tables().empty());
}

}  // namespace
}  // namespace shelf::suite
