// SUITE  every verb over every kind, write mode and store
// database::alter: tables created, dropped and renamed in one step, while others read and write.
#include "shelf/database_changes.hpp"
#include "suite/database_ground.hpp"

#include <atomic>
#include <optional>
#include <stdexcept>

namespace shelf::suite {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

template <class Body>
void in_every_mode(Body body) {
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    body(how);
  }
}

[[nodiscard]] std::vector<std::string> names_of(const database& db) {
  std::vector<std::string> names;
  for (const auto& t : db.tables()) names.push_back(t.name);
  return names;
}

/// Of a file that is open.
template <class Refused>
void expect_same_file(simulation::simulated_disk& disk, Refused refuse) {
  const auto before = *disk.read_all(path);
  refuse();
  EXPECT_EQ(*disk.read_all(path), before);
}

TEST(Alter, TablesAreCreatedDroppedAndRenamedInOneStepAndStaySoAtTheNextOpen) {
  in_every_mode([](keeping how) {
    bank b(how);
    ASSERT_TRUE(ok(b.accounts.insert("a", 1)));
    ASSERT_TRUE(ok(b.visits.insert("v", 2)));
    ASSERT_TRUE(ok(b.db.save()));
    ASSERT_TRUE(ok(b.db.alter([](schema& s) {
      s.create<tags_table>("tags");
      s.rename("accounts", "ledger");
      s.drop("visits");
    })));
    EXPECT_THAT(names_of(b.db), UnorderedElementsAre("tags", "ledger"));
    EXPECT_TRUE(refuses(b.visits.lookup("v"), errc::table_closed, {"visits"}));
    EXPECT_TRUE(refuses(b.visits.insert("v", 3), errc::table_closed, {"visits"}));
    EXPECT_FALSE(b.visits.is_open());
    EXPECT_TRUE(b.visits.empty());
    EXPECT_EQ(b.accounts.lookup("a"), 1) << "handles of a renamed table stay";
    ASSERT_TRUE(ok(b.accounts.insert("b", 2)));
    EXPECT_EQ(or_throw(b.db.table<accounts_table>("ledger")).lookup("b"), 2);
    EXPECT_TRUE(ok(or_throw(b.db.table<tags_table>("tags")).insert("t", 1)));
    ASSERT_TRUE(ok(b.db.close()));
    for (int i = 0; i < 2; ++i) {
      auto db = b.open();
      EXPECT_THAT(names_of(db), UnorderedElementsAre("tags", "ledger"));
      EXPECT_EQ(or_throw(db.table<accounts_table>("ledger")).size(), 2u);
      EXPECT_EQ(or_throw(db.table<tags_table>("tags")).size(), 1u);
      ASSERT_TRUE(ok(db.compact()));
      ASSERT_TRUE(ok(db.close()));
    }
    EXPECT_TRUE(b.told.empty());
  });
}

TEST(Alter, StepsAreTakenOnTopOfEachOtherSoNamesCanBePassedOn) {
  in_every_mode([](keeping how) {
    bank b(how);
    ASSERT_TRUE(ok(b.accounts.insert("a", 1)));
    ASSERT_TRUE(ok(b.visits.insert("v", 2)));
    ASSERT_TRUE(ok(b.db.save()));
    ASSERT_TRUE(ok(b.db.alter([](schema& s) {
      s.rename("accounts", "between");
      s.rename("visits", "accounts");
      s.rename("between", "visits");
      s.create<log_table>("gone");
      s.rename("gone", "went");
      s.drop("went");
      s.create<tags_table>("gone");
    })));
    EXPECT_THAT(names_of(b.db), UnorderedElementsAre("accounts", "visits", "gone"));
    EXPECT_EQ(b.accounts.lookup("a"), 1);
    ASSERT_TRUE(ok(b.accounts.insert("b", 3)));
    ASSERT_TRUE(ok(b.db.close()));
    // Declared as what they are called now: entries loaded under the old names are theirs.
    auto db = b.open(declare<visits_table>("accounts"), declare<accounts_table>("visits"));
    EXPECT_EQ(or_throw(db.table<visits_table>("accounts")).lookup("v"), 2);
    EXPECT_EQ(contents(or_throw(db.table<accounts_table>("visits"))),
              (entries{{"a", 1}, {"b", 3}}));
    ASSERT_TRUE(ok(db.close()));
    EXPECT_TRUE(refuses(database::open(b.config(), declare<visits_table>("visits")),
                        errc::wrong_kind, {"visits"}));
  });
}

TEST(Alter, ANameThatWasDroppedCanBeATableOfOtherTypes) {
  in_every_mode([](keeping how) {
    bank b(how);
    ASSERT_TRUE(ok(b.visits.insert("v", 2)));
    ASSERT_TRUE(ok(b.db.save()));
    using notes_table = shelf::map<std::int64_t, std::string>;
    ASSERT_TRUE(ok(b.db.alter([](schema& s) {
      s.drop("visits");
      s.create<notes_table>("visits");
    })));
    auto notes = or_throw(b.db.table<notes_table>("visits"));
    EXPECT_TRUE(notes.empty());
    ASSERT_TRUE(ok(notes.insert(1, "one")));
    EXPECT_TRUE(refuses(b.visits.insert("w", 1), errc::table_closed, {"visits"}));
    EXPECT_TRUE(refuses(b.db.table<visits_table>("visits"), errc::type_mismatch, {"visits"}));
    ASSERT_TRUE(ok(b.db.save()));
    ASSERT_TRUE(ok(b.db.reload()));
    EXPECT_EQ(notes.lookup(1), "one");
    ASSERT_TRUE(ok(b.db.close()));
    {
      auto db = b.open(declare<notes_table>("visits"));
      EXPECT_EQ(or_throw(db.table<notes_table>("visits")).lookup(1), "one");
      ASSERT_TRUE(ok(db.close()));
    }
    auto lone = b.lone<notes_table>();
    lone.table = "visits";
    EXPECT_EQ(or_throw(notes_table::open(lone)).lookup(1), "one");
  });
}

TEST(Alter, AStepThatCannotBeTakenLeavesEverythingAsItWas) {
  in_every_mode([](keeping how) {
    bank b(how);
    ASSERT_TRUE(ok(b.visits.insert("v", 2)));
    ASSERT_TRUE(ok(b.db.save()));
    const auto before = names_of(b.db);
    const auto refused = [&](auto step, errc code, std::initializer_list<std::string_view> pieces) {
      expect_same_file(b.disk, [&] {
        EXPECT_TRUE(refuses(b.db.alter([&](schema& s) {
          s.create<tags_table>("fresh");
          s.drop("visits");
          step(s);
        }),
                            code, pieces));
      });
      EXPECT_EQ(names_of(b.db), before);
      EXPECT_EQ(b.visits.lookup("v"), 2);
    };
    refused([](schema& s) { s.drop("nobody"); }, errc::not_found, {"nobody"});
    refused([](schema& s) { s.drop("visits"); }, errc::not_found, {"visits"});
    refused([](schema& s) { s.rename("nobody", "x"); }, errc::not_found, {"nobody"});
    refused([](schema& s) { s.rename("accounts", "fresh"); }, errc::key_already_present,
            {"fresh", "already"});
    refused([](schema& s) { s.create<log_table>("accounts"); }, errc::key_already_present,
            {"accounts", "already"});
    refused([](schema& s) { s.rename("accounts", ""); }, errc::invalid_argument, {"empty"});
    refused([](schema& s) { s.create<log_table>("\xff"); }, errc::invalid_argument, {"UTF-8"});
    refused([](schema& s) { s.create<visits_table>("x", {.ttl = std::chrono::milliseconds(-1)}); },
            errc::invalid_argument, {"ttl"});
  });
}

TEST(Alter, AnErrorOrAnExceptionOfTheFunctionChangesNothing) {
  bank b;
  expect_same_file(b.disk, [&] {
    EXPECT_TRUE(refuses(b.db.alter([](schema& s) -> result<> {
      s.drop("visits");
      return std::unexpected(error(errc::conflict, "not today"));
    }),
                        errc::conflict, {"not today"}));
    EXPECT_THROW((void)b.db.alter([](schema& s) {
      s.drop("visits");
      throw std::runtime_error("no");
    }),
                 std::runtime_error);
    EXPECT_TRUE(ok(b.db.alter([](schema&) {}))) << "no step changes nothing";
    EXPECT_TRUE(ok(b.db.alter([](schema& s) { s.rename("visits", "visits"); })));
  });
  EXPECT_TRUE(b.visits.is_open());
}

TEST(Alter, ItIsRefusedInATransactionOfAReaderAndOfWhatIsClosed) {
  bank b;
  const auto drop = [](schema& s) { s.drop("visits"); };
  EXPECT_TRUE(refuses(b.db.transact([&](transaction&) { return b.db.alter(drop); }), errc::busy));
  {
    auto c = b.config();
    c.opening = opening::read_only;
    auto reader = or_throw(database::open(c));
    EXPECT_TRUE(refuses(reader.alter(drop), errc::read_only));
  }
  ASSERT_TRUE(ok(b.db.close()));
  EXPECT_TRUE(refuses(b.db.alter(drop), errc::table_closed));
}

TEST(Alter, ATransactionThatHasUsedATableThatIsDroppedMeanwhileWritesNothing) {
  bank b;
  ASSERT_TRUE(ok(b.visits.insert("v", 2)));
  const auto done = b.db.transact([&](transaction& tx) -> result<> {
    EXPECT_EQ(tx(b.visits).lookup("v"), 2);
    elsewhere([&] { ASSERT_TRUE(ok(b.db.alter([](schema& s) { s.drop("visits"); }))); });
    EXPECT_EQ(tx(b.visits).lookup("v"), 2) << "it still sees its version";
    return tx(b.accounts).insert("a", 1);
  });
  EXPECT_TRUE(refuses(done, errc::table_closed, {"visits"}));
  EXPECT_TRUE(b.accounts.empty());
}

TEST(Alter, SnapshotsKeepWhatTheySawAndTakeWhatComesAllAtOnce) {
  bank b;
  ASSERT_TRUE(ok(b.accounts.insert("a", 1)));
  ASSERT_TRUE(ok(b.visits.insert("v", 2)));
  const auto before = b.db.snapshot();
  const auto lone = b.visits.snapshot();
  ASSERT_TRUE(ok(b.db.alter([](schema& s) {
    s.drop("visits");
    s.rename("accounts", "visits");
    s.create<tags_table>("tags");
  })));
  auto tags = or_throw(b.db.table<tags_table>("tags"));
  ASSERT_TRUE(ok(tags.insert("t", 1)));
  EXPECT_EQ(before(b.visits).lookup("v"), 2);
  EXPECT_EQ(lone.lookup("v"), 2);
  EXPECT_EQ(before(b.accounts).lookup("a"), 1);
  EXPECT_TRUE(before(tags).empty());
  const auto after = b.db.snapshot();
  EXPECT_TRUE(after(b.visits).empty());
  EXPECT_EQ(after(b.accounts).lookup("a"), 1);
  EXPECT_EQ(after(tags).size(), 1u);
  ASSERT_TRUE(ok(b.db.compact()));
  EXPECT_EQ(before(b.visits).lookup("v"), 2) << "a compaction takes nothing from it";
}

TEST(Alter, FeedsAndWatchesOfADroppedTableEndAndThoseOfTheDatabaseGoOn) {
  bank b;
  auto of_visits = or_throw(b.visits.changes());
  auto of_all = or_throw(b.db.changes());
  ASSERT_TRUE(ok(b.visits.insert("v", 1)));
  ASSERT_TRUE(ok(b.db.alter([](schema& s) { s.drop("visits"); })));
  ASSERT_TRUE(ok(b.accounts.insert("a", 1)));
  EXPECT_TRUE(ok(of_visits.next(std::chrono::seconds(0)))) << "what came before is told";
  EXPECT_TRUE(refuses(of_visits.next(std::chrono::seconds(0)), errc::table_closed, {"visits"}));
  EXPECT_TRUE(ok(of_all.next(std::chrono::seconds(0))));
  EXPECT_TRUE(ok(of_all.next(std::chrono::seconds(0))));
  EXPECT_TRUE(refuses(b.visits.changes(), errc::table_closed, {"visits"}));
}

TEST(Alter, ADatabaseInMemoryCanBeAlteredToo) {
  auto db = or_throw(database::in_memory(declare<visits_table>("visits")));
  auto visits = or_throw(db.table<visits_table>("visits"));
  ASSERT_TRUE(ok(visits.insert("v", 1)));
  ASSERT_TRUE(ok(db.alter([](schema& s) {
    s.rename("visits", "calls");
    s.create<tags_table>("visits", {.storage = storage::memory});
  })));
  EXPECT_EQ(or_throw(db.table<visits_table>("calls")).lookup("v"), 1);
  EXPECT_THAT(names_of(db), UnorderedElementsAre("calls", "visits"));
  ASSERT_TRUE(ok(db.alter([](schema& s) {
    s.drop("calls");
    s.drop("visits");
  })));
  EXPECT_THAT(names_of(db), IsEmpty());
  EXPECT_FALSE(visits.is_open());
}

TEST(Alter, ALoneTableIsRenamedOnceItsFileIsOpenedAsADatabase) {
  in_every_mode([](keeping how) {
    database_ground g(how);
    {
      auto lone = or_throw(visits_table::open(g.lone<visits_table>()));
      ASSERT_TRUE(ok(lone.insert("v", 1)));
      EXPECT_TRUE(refuses(database::open(g.config()), errc::already_open)) << "it has the file";
      ASSERT_TRUE(ok(lone.close()));
    }
    auto db = g.open();
    ASSERT_TRUE(ok(db.alter([](schema& s) { s.rename("main", "visits"); })));
    ASSERT_TRUE(ok(db.close()));
    const auto facts = or_throw(describe(path, {.system = &g.disk}));
    EXPECT_EQ(facts.name, "visits");
    EXPECT_TRUE(ok(check(path, {.system = &g.disk})));
    auto lone = or_throw(visits_table::open(g.lone<visits_table>()));
    EXPECT_EQ(lone.lookup("v"), 1);
  });
}

TEST(Alter, SalvageKeepsWhatTablesAreCalled) {
  bank b;
  ASSERT_TRUE(ok(b.accounts.insert("a", 1)));
  ASSERT_TRUE(ok(b.db.alter([](schema& s) {
    s.drop("visits");
    s.rename("accounts", "ledger");
  })));
  ASSERT_TRUE(ok(b.db.close()));
  salvage_options o;
  o.where.system = &b.disk;
  ASSERT_TRUE(ok(salvage(path, "rescued.shelf", o)));
  auto c = b.config();
  c.path = "rescued.shelf";
  auto db = or_throw(database::open(c, declare<accounts_table>("ledger")));
  EXPECT_THAT(names_of(db), ElementsAre("ledger"));
  EXPECT_EQ(or_throw(db.table<accounts_table>("ledger")).lookup("a"), 1);
}

TEST(Alter, WhoFollowsInAnotherProcessGetsTheNewTablesAndLosesTheDropped) {
  bank b;
  ASSERT_TRUE(ok(b.accounts.insert("a", 1)));
  auto c = b.config();
  c.opening = opening::read_only;
  auto follower = or_throw(database::open(c));
  auto accounts = or_throw(follower.table<accounts_table>("accounts"));
  auto visits = or_throw(follower.table<visits_table>("visits"));
  ASSERT_TRUE(ok(b.db.alter([](schema& s) {
    s.drop("visits");
    s.rename("accounts", "ledger");
    s.create<tags_table>("visits");
  })));
  ASSERT_TRUE(ok(b.accounts.insert("b", 2)));
  ASSERT_TRUE(ok(follower.catch_up()));
  EXPECT_EQ(accounts.lookup("b"), 2);
  EXPECT_TRUE(refuses(visits.lookup("v"), errc::table_closed, {"visits"}));
  EXPECT_THAT(names_of(follower), UnorderedElementsAre("ledger", "visits"));
  EXPECT_TRUE(ok(follower.table<tags_table>("visits")));
  EXPECT_EQ(or_throw(follower.table<accounts_table>("ledger")).size(), 2u);
}

TEST(Alter, WhatTheDiskRefusesIsNotDoneInMemoryEither) {
  in_every_mode([](keeping how) {
    for (const int why : {ENOSPC, EIO}) {
      bank b(how);
      ASSERT_TRUE(ok(b.visits.insert("v", 2)));
      ASSERT_TRUE(ok(b.db.save()));
      b.disk.inject({.kind = simulation::call::write, .nth = 1, .error = why});
      const auto done = b.db.alter([](schema& s) {
        s.drop("visits");
        s.rename("accounts", "ledger");
      });
      EXPECT_FALSE(done.has_value());
      EXPECT_EQ(b.visits.lookup("v"), 2);
      EXPECT_THAT(names_of(b.db), UnorderedElementsAre("accounts", "visits"));
      ASSERT_TRUE(ok(b.db.recover()));
      EXPECT_TRUE(ok(b.db.alter([](schema& s) { s.drop("visits"); })));
    }
  });
}

TEST(Alter, AFailedSyncLeavesItInDoubtUntilRecoverDecidesForWhatMemoryHas) {
  in_every_mode([](keeping how) {
    bank b(how);
    ASSERT_TRUE(ok(b.visits.insert("v", 2)));
    ASSERT_TRUE(ok(b.db.save()));
    b.disk.inject({.kind = simulation::call::any_sync, .nth = 1, .error = EIO});
    EXPECT_TRUE(refuses(b.db.alter([](schema& s) { s.drop("visits"); }), errc::indeterminate));
    EXPECT_EQ(b.visits.lookup("v"), 2);
    EXPECT_TRUE(refuses(b.db.alter([](schema& s) { s.drop("visits"); }), errc::fenced));
    ASSERT_TRUE(ok(b.db.recover()));
    ASSERT_TRUE(ok(b.db.close()));
    auto db = b.open(declare<visits_table>("visits"));
    EXPECT_EQ(or_throw(db.table<visits_table>("visits")).lookup("v"), 2);
  });
}

/// Two tables change their names with each other, over and over: at every moment one of them has
/// 1 and the other 2, and every handle that is held goes on.
TEST(AlterAlongside, ReadersAndWritersGoOnWhileTablesComeAndGo) {
  database_ground g;
  auto db = g.open(declare<visits_table>("a"), declare<visits_table>("b"));
  auto one = or_throw(db.table<visits_table>("a"));
  auto other = or_throw(db.table<visits_table>("b"));
  ASSERT_TRUE(ok(one.insert("k", 1)));
  ASSERT_TRUE(ok(other.insert("k", 2)));
  std::atomic<bool> is_over{false};
  std::atomic<int> seen{0};
  std::vector<std::jthread> threads;
  threads.emplace_back([&] {
    while (!is_over) {
      const auto moment = db.snapshot();
      ASSERT_EQ(moment(one).lookup("k"), 1);
      ASSERT_EQ(moment(other).lookup("k"), 2);
      ASSERT_TRUE(refuses(one.insert_new("k", 0), errc::key_already_present));
      ++seen;
    }
  });
  threads.emplace_back([&] {
    for (std::int64_t i = 0; !is_over; ++i) {
      ASSERT_TRUE(ok(one.insert("w", i)));
      ASSERT_TRUE(ok(db.transact([&](transaction& tx) -> result<> {
        if (auto done = tx(one).insert("x", i); !done) return done;
        return tx(other).insert("x", i);
      })));
    }
  });
  threads.emplace_back([&] {
    while (!is_over) {
      auto passing = db.table<tags_table>("passing");
      if (!passing) continue;
      const auto done = passing->insert("t", 1);
      ASSERT_TRUE(done || done.error() == errc::table_closed);
      (void)passing->snapshot().size();
      (void)passing->contains("t");
    }
  });
  for (int i = 0; i < 50 || seen < 50; ++i) {
    ASSERT_TRUE(ok(db.alter([](schema& s) {
      s.rename("a", "c");
      s.rename("b", "a");
      s.rename("c", "b");
    })));
    if (names_of(db).size() == 3) {
      ASSERT_TRUE(ok(db.alter([](schema& s) { s.drop("passing"); })));
    }
  }
  is_over = true;
  threads.clear();
  EXPECT_EQ(one.lookup("k"), 1);
}

/// A snapshot of all tables never shows a table dropped and its successor not there yet.
TEST(AlterAlongside, NoMomentIsBetweenTheStepsOfOneAlteration) {
  auto db = or_throw(database::in_memory());
  std::vector<visits_table> made;
  ASSERT_TRUE(ok(db.alter([](schema& s) { s.create<visits_table>("now"); })));
  std::atomic<bool> is_over{false};
  std::atomic<int> seen{0};
  std::jthread reader([&] {
    while (!is_over) {
      ASSERT_EQ(names_of(db).size(), 1u);
      ++seen;
    }
  });
  for (int i = 0; i < 50 || seen < 50; ++i) {
    ASSERT_TRUE(ok(db.alter([](schema& s) {
      s.drop("now");
      s.create<visits_table>("now");
    })));
  }
  is_over = true;
}

}  // namespace
}  // namespace shelf::suite
