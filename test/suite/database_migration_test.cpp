// SUITE  every verb over every kind, write mode and store
// Migration inside a database: tables of older types become those of the program when they are
// opened, all of them in one step, or stay as they were.
#include "shelf/index.hpp"
#include "simulation/crash_states.hpp"
#include "suite/database_ground.hpp"

#include <optional>
#include <stdexcept>

namespace shelf::suite {
namespace {

using testing::ElementsAre;

struct user_v1 {
  std::string name;
};
struct user_v2 {
  std::string name;
  std::string mail;
};
struct user {
  std::string name;
  std::string mail;
  std::int64_t visits = 0;
  friend bool operator==(const user&, const user&) = default;
};
using users_v1 = shelf::map<std::string, user_v1>;
using users_v2 = shelf::map<std::string, user_v2>;
using users_table = shelf::map<std::string, user>;
using unique_users = shelf::map<std::string, user, unique<&user::mail>>;

[[nodiscard]] user_v2 to_v2(const user_v1& old) { return {old.name, old.name + "@example.org"}; }
[[nodiscard]] user to_v3(const user_v2& old) {
  return {old.name, old.mail, static_cast<std::int64_t>(old.name.size())};
}
template <class T = users_table>
[[nodiscard]] declared<T> migrated(std::string name = "users") {
  return declare<T>(std::move(name), {.migrate = {from<user_v1>(to_v2), from<user_v2>(to_v3)}});
}

/// A closed file with a table of each version, and one that no migration concerns.
void write_versions(database_ground& g) {
  auto db = g.open(declare<users_v1>("users"), declare<users_v2>("guests"),
                   declare<visits_table>("visits"));
  auto users = or_throw(db.table<users_v1>("users"));
  or_throw(users.insert_range({{"a", {"Alice"}}, {"b", {"Bob"}}, {"c", {"Carol"}}}));
  or_throw(or_throw(db.table<users_v2>("guests")).insert("g", {"Guy", "guy@x"}));
  or_throw(or_throw(db.table<visits_table>("visits")).insert("v", 1));
  or_throw(db.close());
}

template <class Body>
void in_every_mode(Body body) {
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    database_ground g(how);
    write_versions(g);
    body(g);
  }
}

TEST(DatabaseMigration, TablesOfEveryVersionBecomeTheProgramsInOneOpen) {
  in_every_mode([](database_ground& g) {
    {
      auto db = g.open(migrated(), migrated("guests"));
      auto users = or_throw(db.table<users_table>("users"));
      EXPECT_EQ(users.lookup("b"), (user{"Bob", "Bob@example.org", 3}));
      EXPECT_EQ(users.size(), 3u);
      EXPECT_EQ(or_throw(db.table<users_table>("guests")).lookup("g"), (user{"Guy", "guy@x", 3}));
      ASSERT_TRUE(ok(users.insert("d", {"Dora", "d@x", 0})));
      ASSERT_TRUE(ok(db.close()));
    }
    auto db = g.open(declare<users_table>("users"), declare<users_table>("guests"));
    EXPECT_EQ(or_throw(db.table<users_table>("users")).size(), 4u);
    EXPECT_EQ(or_throw(db.table<visits_table>("visits")).lookup("v"), 1);
    EXPECT_THAT(g.disk.files(), ElementsAre(path));
  });
}

TEST(DatabaseMigration, WhatNeedsNoneIsOpenedAsItIs) {
  in_every_mode([](database_ground& g) {
    or_throw(g.open(migrated(), migrated("guests")).close());
    const auto before = *g.disk.read_all(path);
    int calls = 0;
    const auto count = [&](const user_v1& old) {
      ++calls;
      return to_v2(old);
    };
    {
      auto db = g.open(
          declare<users_table>("users", {.migrate = {from<user_v1>(count), from<user_v2>(to_v3)}}));
      EXPECT_EQ(or_throw(db.table<users_table>("users")).size(), 3u);
      EXPECT_EQ(*g.disk.read_all(path), before);
    }
    EXPECT_EQ(calls, 0);
  });
}

TEST(DatabaseMigration, TypesThatNoStepBeginsAtAreRefused) {
  in_every_mode([](database_ground& g) {
    expect_untouched(g.disk, [&] {
      const auto only_last = declare<users_table>("users", {.migrate = from<user_v2>(to_v3)});
      EXPECT_TRUE(refuses(database::open(g.config(), only_last), errc::type_mismatch,
                          {"users", "no migration leads"}));
      const auto only_first = declare<users_table>("users", {.migrate = from<user_v1>(to_v2)});
      EXPECT_TRUE(refuses(database::open(g.config(), only_first), errc::type_mismatch,
                          {"users", "no migration leads"}));
    });
  });
}

TEST(DatabaseMigration, AnEntryThatCannotBeConvertedLeavesAllTablesAsTheyWere) {
  in_every_mode([](database_ground& g) {
    const auto picky = [](const std::string& key, const user_v1& old) -> result<user> {
      if (key != "b") return std::unexpected(error(errc::invalid_argument, "only Bob"));
      return user{old.name, "", 0};
    };
    expect_untouched(g.disk, [&] {
      const auto opened =
          database::open(g.config(), migrated("guests"),
                         declare<users_table>("users", {.migrate = from<user_v1>(picky)}));
      EXPECT_TRUE(refuses(opened, errc::invalid_argument,
                          {"users", "2 of 3 entries cannot be migrated", "only Bob"}));
      EXPECT_NE(opened.error().details().find("key <<\"a\">>"), std::string::npos)
          << opened.error().details();
      EXPECT_EQ(opened.error().message().find("<<"), std::string::npos) << "no content";
      const auto throws = [](const user_v1&) -> user { throw std::runtime_error("no"); };
      EXPECT_THROW(
          (void)database::open(g.config(),
                               declare<users_table>("users", {.migrate = from<user_v1>(throws)})),
          std::runtime_error);
    });
    auto db = g.open(declare<users_v1>("users"), declare<users_v2>("guests"));
    EXPECT_EQ(or_throw(db.table<users_v1>("users")).size(), 3u);
  });
}

TEST(DatabaseMigration, EntriesCanBeLeftOutAndGetOtherKeysButNoTwoTheSame) {
  in_every_mode([](database_ground& g) {
    const auto same_key = [](const std::string&, const user_v1& old) {
      return std::pair(std::string("one"), user{old.name, "", 0});
    };
    expect_untouched(g.disk, [&] {
      EXPECT_TRUE(refuses(
          database::open(g.config(),
                         declare<users_table>("users", {.migrate = from<user_v1>(same_key)})),
          errc::key_already_present, {"users", "2 of 3 entries", "the same key"}));
    });
    const auto some = [](const std::string& key,
                         const user_v1& old) -> std::optional<std::pair<std::string, user>> {
      if (key == "a") return std::nullopt;
      return std::pair("new " + key, user{old.name, "", 0});
    };
    auto db = g.open(declare<users_table>("users", {.migrate = from<user_v1>(some)}));
    const auto users = or_throw(db.table<users_table>("users"));
    EXPECT_EQ(users.size(), 2u);
    EXPECT_EQ(users.lookup("new c"), (user{"Carol", "", 0}));
  });
}

TEST(DatabaseMigration, AUniqueIndexThatTheNewValuesViolateIsRefusedAndNamesBothKeys) {
  in_every_mode([](database_ground& g) {
    const auto same_mail = [](const user_v1& old) { return user{old.name, "all@x", 0}; };
    expect_untouched(g.disk, [&] {
      const auto opened = database::open(
          g.config(), declare<unique_users>("users", {.migrate = from<user_v1>(same_mail)}));
      EXPECT_TRUE(refuses(opened, errc::key_already_present, {"users", "unique index mail"}));
    });
    auto db = g.open(migrated<unique_users>());
    const auto users = or_throw(db.table<unique_users>("users"));
    EXPECT_EQ(or_throw(users.find<&user::mail>("Bob@example.org")).first, "b");
  });
}

TEST(DatabaseMigration, BagsKeepTheOrderOfTheirValues) {
  database_ground g;
  using old_log = shelf::duplicate_bag<std::string, std::int64_t>;
  using new_log = shelf::duplicate_bag<std::string, std::string>;
  {
    auto db = g.open(declare<old_log>("log"));
    or_throw(or_throw(db.table<old_log>("log")).insert_range({{"a", 3}, {"a", 1}, {"a", 3}}));
    or_throw(db.close());
  }
  const auto as_text = [](std::int64_t n) { return std::to_string(n); };
  auto db = g.open(declare<new_log>("log", {.migrate = from<std::int64_t>(as_text)}));
  EXPECT_THAT(or_throw(or_throw(db.table<new_log>("log")).lookup("a")), ElementsAre("3", "1", "3"));
}

TEST(DatabaseMigration, DeadlinesStayAndWhatHasExpiredGoes) {
  database_ground g;
  {
    auto db = g.open(declare<users_v1>("users"));
    auto users = or_throw(db.table<users_v1>("users"));
    or_throw(users.insert("later", {"L"}, expiry::in(std::chrono::hours(1))));
    or_throw(users.insert("now", {"N"}, expiry::at(expiry::time(std::chrono::milliseconds(1)))));
    or_throw(db.close());
  }
  auto db = g.open(migrated());
  const auto users = or_throw(db.table<users_table>("users"));
  EXPECT_EQ(users.size(), 1u);
  EXPECT_TRUE(or_throw(users.expires_at("later")).has_value());
}

TEST(DatabaseMigration, ATrialCountsAndNamesTheFirstFailuresAndWritesNothing) {
  in_every_mode([](database_ground& g) {
    auto held = g.open();  // by another program, say
    const auto before = *g.disk.read_all(path);
    const auto picky = [](const std::string& key, const user_v1& old) -> result<user_v2> {
      if (key != "b") return std::unexpected(error(errc::invalid_argument, "only Bob"));
      return to_v2(old);
    };
    const auto tried = database::try_migration(
        g.config(), migrated("guests"), declare<visits_table>("visits"),
        declare<users_table>("users", {.migrate = {from<user_v1>(picky), from<user_v2>(to_v3)}}));
    ASSERT_TRUE(ok(tried));
    ASSERT_EQ(tried->size(), 2u);
    const auto& users = tried->front();
    EXPECT_EQ(users.name, "users");
    EXPECT_EQ(users.read, 3u);
    EXPECT_EQ(users.written, 1u);
    EXPECT_EQ(users.failed, 2u);
    ASSERT_EQ(users.failures.size(), 2u);
    EXPECT_EQ(users.failures.front(), errc::invalid_argument);
    EXPECT_NE(users.failures.front().details().find("key <<"), std::string::npos);
    EXPECT_EQ(tried->back().name, "guests");
    EXPECT_EQ(tried->back().written, 1u);
    EXPECT_EQ(*g.disk.read_all(path), before);
    ASSERT_TRUE(ok(held.close()));
    auto missing = g.config();
    missing.path = "missing.shelf";
    EXPECT_TRUE(refuses(database::try_migration(missing, migrated()), errc::not_found));
  });
}

TEST(DatabaseMigration, ItTellsHowFarItIs) {
  database_ground g;
  write_versions(g);
  auto c = g.config();
  std::vector<std::pair<std::uint64_t, std::uint64_t>> told;
  c.on_migrate = [&](std::uint64_t done, std::uint64_t of) { told.emplace_back(done, of); };
  ASSERT_TRUE(ok(database::open(c, migrated(), migrated("guests"))));
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told.back(), (std::pair<std::uint64_t, std::uint64_t>(4, 4)));
}

TEST(DatabaseMigration, ATableThatWasNotDeclaredIsMigratedWhenItIsAskedFor) {
  in_every_mode([](database_ground& g) {
    {
      auto db = g.open();
      const auto before = db.snapshot();
      const auto options = [] {
        return table_options<unique_users>{.migrate = {from<user_v1>(to_v2), from<user_v2>(to_v3)}};
      };
      ASSERT_TRUE(ok(db.transact([&](transaction&) -> result<> {
        EXPECT_TRUE(refuses(db.table<unique_users>("users", options()), errc::busy));
        return {};
      })));
      auto users = or_throw(db.table<unique_users>("users", options()));
      EXPECT_EQ(users.size(), 3u);
      EXPECT_EQ(or_throw(users.find<&user::mail>("Bob@example.org")).first, "b");
      EXPECT_TRUE(before(users).empty());
      EXPECT_EQ(db.tables().size(), 3u);
      ASSERT_TRUE(ok(users.insert("d", {"Dora", "d@x", 0})));
      EXPECT_TRUE(refuses(users.insert("e", {"Eve", "d@x", 0}), errc::key_already_present));
      const auto same = or_throw(db.table<unique_users>("users", options()));
      EXPECT_EQ(same.size(), 4u);
      ASSERT_TRUE(ok(db.close()));
    }
    for (int i = 0; i < 2; ++i) {
      auto db = g.open(declare<unique_users>("users"));
      EXPECT_EQ(or_throw(db.table<unique_users>("users")).size(), 4u);
      EXPECT_EQ(or_throw(db.table<users_v2>("guests")).size(), 1u);
      ASSERT_TRUE(ok(db.compact()));
    }
  });
}

TEST(DatabaseMigration, ATableThatIsAskedForInVainStaysAsItIs) {
  in_every_mode([](database_ground& g) {
    auto db = g.open();
    const auto before = *g.disk.read_all(path);
    const auto fails = [](const user_v1&) -> result<user> {
      return std::unexpected(error(errc::overflow, "no"));
    };
    EXPECT_TRUE(refuses(db.table<users_table>("users", {.migrate = from<user_v1>(fails)}),
                        errc::overflow, {"users", "3 of 3"}));
    const auto same_mail = [](const user_v1& old) { return user{old.name, "all@x", 0}; };
    EXPECT_TRUE(refuses(db.table<unique_users>("users", {.migrate = from<user_v1>(same_mail)}),
                        errc::key_already_present, {"users", "unique index mail"}));
    const auto calls_back = [&](const user_v1& old) -> result<user> {
      EXPECT_TRUE(refuses(db.table<visits_table>("visits"), errc::busy));
      EXPECT_TRUE(refuses(db.alter([](schema& s) { s.drop("visits"); }), errc::busy));
      return user{old.name, "", 0};
    };
    EXPECT_EQ(*g.disk.read_all(path), before);
    EXPECT_EQ(or_throw(db.table<users_v1>("users")).size(), 3u);
    EXPECT_TRUE(refuses(db.table<users_table>("users", {.migrate = from<user_v1>(calls_back)}),
                        errc::type_mismatch))
        << "somebody has it as what it is";
    ASSERT_TRUE(ok(db.close()));
    db = g.open();
    EXPECT_TRUE(ok(db.table<users_table>("users", {.migrate = from<user_v1>(calls_back)})));
  });
}

TEST(DatabaseMigration, WhoOnlyReadsMigratesNothing) {
  database_ground g;
  write_versions(g);
  auto c = g.config();
  c.opening = opening::read_only;
  expect_untouched(g.disk, [&] {
    EXPECT_TRUE(refuses(database::open(c, migrated()), errc::type_mismatch, {"users"}));
    auto db = or_throw(database::open(c));
    EXPECT_TRUE(refuses(
        db.table<users_table>("users", {.migrate = {from<user_v1>(to_v2), from<user_v2>(to_v3)}}),
        errc::read_only));
  });
}

/// Every disk that a crash of the open leaves holds all tables of the old types, or all of the new.
TEST(DatabaseMigration, ACrashInBetweenLeavesAllOfTheOldOrAllOfTheNew) {
  for (const bool declares : {true, false}) {
    for (const auto how : in_files) {
      database_ground g(how);
      write_versions(g);
      const auto from_here = g.disk.recorded().operations.size();
      {
        auto db = declares ? g.open(migrated(), migrated("guests")) : g.open();
        const auto options = [] {
          return table_options<users_table>{
              .migrate = {from<user_v1>(to_v2), from<user_v2>(to_v3)}};
        };
        if (!declares) {
          ASSERT_TRUE(ok(db.table<users_table>("users", options())));
        }
        ASSERT_TRUE(ok(db.close()));
      }
      std::size_t old_ones = 0;
      std::size_t new_ones = 0;
      simulation::for_each_crash_state(
          g.disk.recorded(), {.budget = 200},
          [&](simulation::simulated_disk& left, const simulation::crash_state& which) {
            auto c = g.config();
            c.system = &left;
            const auto guests_type = [&](auto& db) {
              return db.template table<users_table>("guests").has_value();
            };
            if (auto as_new = database::open(c, declare<users_table>("users"))) {
              ++new_ones;
              EXPECT_EQ(or_throw(as_new->table<users_table>("users")).size(), 3u);
              EXPECT_EQ(guests_type(*as_new), declares) << which.describe();
              return;
            }
            auto as_old = database::open(c, declare<users_v1>("users"));
            ASSERT_TRUE(ok(as_old)) << which.describe();
            ++old_ones;
            EXPECT_EQ(or_throw(as_old->table<users_v1>("users")).size(), 3u);
            EXPECT_FALSE(guests_type(*as_old)) << which.describe();
          },
          from_here);
      EXPECT_GT(old_ones, 0u);
      EXPECT_GT(new_ones, 0u);
    }
  }
}

}  // namespace
}  // namespace shelf::suite
