// SUITE  every verb over every kind, write mode and store
// The indexes that a file names: those of the program that wrote it last.
#include "shelf/changes.hpp"
#include "suite/database_ground.hpp"
#include "suite/index_ground.hpp"

namespace shelf::suite {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using plain_people = shelf::map<std::string, person>;
using by_city = shelf::map<std::string, person, index<&person::city>>;
using by_email = shelf::map<std::string, person, unique<&person::email>>;
using by_function = shelf::map<std::string, person, index_by<by_domain>>;
using by_all = people_of<kind::set>;

const person ann{"ann@x", "Rome", 30, {"a", "b"}};
const person bob{"bob@x", "Bonn", 40, {"b"}};
/// Has the address of ann.
const person eve{"ann@x", "Oslo", 50, {}};

const index_description city{index_form::index, {"city"}, {}};
const index_description email{index_form::unique, {"email"}, {}};

[[nodiscard]] std::vector<index_description> recorded(database_ground& g,
                                                      const std::string& table = {}) {
  return or_throw(describe(path, {.system = &g.disk, .table = table})).indexes;
}

TEST(IndexRecord, ANewFileNamesEveryFormOfIndex) {
  for (const auto how : in_files) {
    database_ground g(how);
    auto people = or_throw(by_all::open(g.lone<by_all>()));
    EXPECT_THAT(recorded(g),
                ElementsAre(email, city, index_description{index_form::index, {"city", "age"}, {}},
                            index_description{index_form::index_each, {"tags"}, {}},
                            index_description{index_form::index_by, {}, "domain"}));
    ASSERT_TRUE(ok(people.insert("ann", ann)));
    ASSERT_TRUE(ok(people.close()));
    EXPECT_EQ(recorded(g).size(), 5u);
    const auto again = or_throw(by_all::open(g.lone<by_all>()));
    EXPECT_EQ(or_throw(again.find<&person::email>("ann@x")).first, "ann");
  }
  EXPECT_EQ(to_string(email), "unique<email>");
  EXPECT_EQ(to_string(index_description{index_form::index, {"city", "age"}, {}}),
            "index<city, age>");
  EXPECT_EQ(to_string(index_description{index_form::index_by, {}, "domain"}), "index_by<domain>");
  EXPECT_EQ(to_string(index_form::index_each), "index_each");
}

/// Opens the lone table as T, has `f` change it, and closes it.
template <class T, class F>
void as(database_ground& g, F f) {
  auto people = or_throw(T::open(g.lone<T>()));
  f(people);
  or_throw(people.close());
}
constexpr auto nothing = [](auto&) {};
const auto insert_bob = [](auto& people) { ASSERT_TRUE(ok(people.insert("bob", bob))); };

TEST(IndexRecord, TheFirstWriteOfAVersionWithOtherIndexesRecordsThemAndAnOpenDoesNot) {
  for (const auto how : in_files) {
    database_ground g(how);
    as<by_email>(g, [](auto& people) { ASSERT_TRUE(ok(people.insert("ann", ann))); });
    expect_untouched(g.disk, [&] { as<by_city>(g, nothing); });
    expect_untouched(g.disk, [&] {
      auto c = g.lone<by_city>();
      c.opening = opening::read_only;
      const auto people = or_throw(by_city::open(c));
      EXPECT_EQ(people.size(), 1u);
    });
    EXPECT_THAT(recorded(g), ElementsAre(email));
    as<by_city>(g, insert_bob);
    EXPECT_THAT(recorded(g), ElementsAre(city));
    as<plain_people>(g, [](auto& people) { ASSERT_TRUE(ok(people.erase("bob"))); });
    EXPECT_THAT(recorded(g), IsEmpty());
    as<by_email>(g, [](auto& people) { ASSERT_TRUE(ok(people.compact())); });
    // In write-back mode a compaction writes what was saved last.
    EXPECT_EQ(recorded(g).size(), how == keeping::back ? 0u : 1u);
    as<by_email>(g, insert_bob);
    EXPECT_THAT(recorded(g), ElementsAre(email));
    as<by_email>(g, [](auto& people) { ASSERT_TRUE(ok(people.compact())); });
    EXPECT_THAT(recorded(g), ElementsAre(email));
    EXPECT_TRUE(ok(check(path, {.system = &g.disk})));
  }
}

TEST(IndexRecord, WhatAnotherVersionWroteUnderOneKeyIsRefusedAndBothKeysAreNamed) {
  database_ground g;
  as<by_email>(g, [](auto& people) { ASSERT_TRUE(ok(people.insert("ann", ann))); });
  as<by_city>(g, [](auto& people) { ASSERT_TRUE(ok(people.insert("eve", eve))); });
  EXPECT_THAT(recorded(g), ElementsAre(city)) << "nobody keeps addresses apart any more";
  expect_untouched(g.disk, [&] {
    const auto refused = by_email::open(g.lone<by_email>());
    ASSERT_EQ(refused.error(), errc::key_already_present);
    EXPECT_THAT(refused.error().details(), testing::HasSubstr("\"ann\""));
    EXPECT_THAT(refused.error().details(), testing::HasSubstr("\"eve\""));
  });
}

struct by_city_called_domain {
  static constexpr std::string_view name = "domain";
  static std::string key(const person& p) { return p.city; }
};

TEST(IndexRecord, AVersionWithAnotherFunctionOfTheSameNameHasAnIndexOfItsOwn) {
  using by_other = shelf::map<std::string, person, index_by<by_city_called_domain>>;
  database_ground g;
  as<by_function>(g, [](auto& people) { ASSERT_TRUE(ok(people.insert("ann", ann))); });
  expect_untouched(g.disk, [&] {
    as<by_other>(g, [](auto& people) {
      EXPECT_EQ(people.template count<by_city_called_domain>("Rome"), 1u);
      EXPECT_EQ(people.template count<by_city_called_domain>("x"), 0u);
    });
  });
}

/// Whatever call of the first write goes wrong.
TEST(IndexRecord, AWriteThatFailsRecordsNothingAndTheNextOneDoes) {
  for (const auto how : in_files) {
    for (std::uint64_t nth = 1; nth < 12; ++nth) {
      database_ground g(how);
      as<plain_people>(g, [](auto& people) { ASSERT_TRUE(ok(people.insert("ann", ann))); });
      auto people = or_throw(by_email::open(g.lone<by_email>()));
      g.disk.inject({.nth = nth});
      const auto done = people.insert("bob", bob) && people.save();
      EXPECT_TRUE(done || g.disk.faults_met() != 0);
      g.disk.clear_faults();
      ASSERT_TRUE(ok(people.recover()));
      ASSERT_TRUE(ok(people.insert("bob", person{"rob@x", "Rome", 1, {}})));
      ASSERT_TRUE(ok(people.close()));
      EXPECT_THAT(recorded(g), ElementsAre(email));
      EXPECT_TRUE(ok(check(path, {.system = &g.disk})));
    }
  }
}

TEST(IndexRecord, TablesOfADatabaseHaveTheirOwnAndOthersKeepTheirs) {
  for (const auto how : in_files) {
    database_ground g(how);
    {
      auto db = g.open(declare<by_email>("one"), declare<by_city>("two"));
      auto one = or_throw(db.table<by_email>("one"));
      ASSERT_TRUE(ok(one.insert("ann", ann)));
      ASSERT_TRUE(ok(db.close()));
    }
    {
      // Asked for later, as another type; the other table is not this program's.
      auto db = g.open();
      auto one = or_throw(db.table<by_city>("one"));
      EXPECT_THAT(recorded(g, "one"), ElementsAre(email));
      ASSERT_TRUE(ok(one.insert("bob", bob)));
      ASSERT_TRUE(ok(db.close()));
    }
    EXPECT_THAT(recorded(g, "one"), ElementsAre(city));
    EXPECT_THAT(recorded(g, "two"), ElementsAre(city));
  }
}

TEST(IndexRecord, AnAlterationRecordsIndexesWithTheNextWrite) {
  for (const auto how : in_files) {
    database_ground g(how);
    auto db = g.open(declare<plain_people>("people"));
    auto people = or_throw(db.table<plain_people>("people"));
    ASSERT_TRUE(ok(people.insert("ann", ann)));
    ASSERT_TRUE(ok(db.save()));
    ASSERT_TRUE(ok(db.alter([](schema& s) { s.index<by_email>("people"); })));
    EXPECT_THAT(recorded(g), IsEmpty());
    ASSERT_TRUE(ok(people.insert("bob", bob)));
    ASSERT_TRUE(ok(db.save()));
    EXPECT_THAT(recorded(g), ElementsAre(email));
    ASSERT_TRUE(ok(db.alter([](schema& s) { s.index<plain_people>("people"); })));
    ASSERT_TRUE(ok(people.erase("bob")));
    ASSERT_TRUE(ok(db.save()));
    EXPECT_THAT(recorded(g), IsEmpty());
    ASSERT_TRUE(ok(db.close()));
  }
}

TEST(IndexRecord, ATableThatIsRenamedOrDroppedBeforeItsFirstWriteIsRecordedAsItIs) {
  for (const auto how : in_files) {
    database_ground g(how);
    {
      auto db = g.open(declare<by_email>("one"), declare<by_email>("two"));
      ASSERT_TRUE(ok(db.close()));
    }
    {
      auto db = g.open(declare<by_city>("one"), declare<by_city>("two"));
      ASSERT_TRUE(ok(db.alter([](schema& s) {
        s.rename("one", "first");
        s.drop("two");
      })));
      auto first = or_throw(db.table<by_city>("first"));
      ASSERT_TRUE(ok(first.insert("ann", ann)));
      ASSERT_TRUE(ok(db.close()));
    }
    EXPECT_THAT(recorded(g, "first"), ElementsAre(city));
    auto db = g.open();
    EXPECT_EQ(db.tables().size(), 1u);
    EXPECT_EQ(or_throw(db.table<by_city>("first")).size(), 1u);
  }
}

/// What is in the file has to be what the record says of it.
TEST(IndexRecord, InWriteBackModeAUniqueIndexIsRecordedNoSoonerThanWhatItKeepsApart) {
  database_ground g(keeping::back);
  auto db = g.open(declare<plain_people>("people"), declare<plain_people>("others"));
  auto people = or_throw(db.table<plain_people>("people"));
  ASSERT_TRUE(ok(people.insert("ann", ann)));
  ASSERT_TRUE(ok(people.insert("eve", eve)));
  ASSERT_TRUE(ok(db.save()));
  ASSERT_TRUE(ok(people.erase("eve")));
  ASSERT_TRUE(ok(db.alter([](schema& s) { s.index<by_email>("people"); })));
  // Goes to the file at once, as each alteration does; the erase does not.
  ASSERT_TRUE(ok(db.alter([](schema& s) { s.rename("others", "rest"); })));
  EXPECT_THAT(recorded(g, "people"), IsEmpty());
  ASSERT_TRUE(ok(db.compact()));
  EXPECT_THAT(recorded(g, "people"), IsEmpty());
  ASSERT_TRUE(ok(db.save()));
  EXPECT_THAT(recorded(g, "people"), ElementsAre(email));
}

TEST(IndexRecord, WhoFollowsAFileTakesTheRecordForNoChange) {
  database_ground g;
  as<plain_people>(g, [](auto& people) { ASSERT_TRUE(ok(people.insert("ann", ann))); });
  auto c = g.lone<by_city>();
  c.opening = opening::read_only;
  auto reader = or_throw(by_city::open(c));
  auto news = or_throw(reader.changes());
  as<by_email>(g, insert_bob);
  EXPECT_GE(or_throw(reader.catch_up()), 1u);
  EXPECT_EQ(reader.count<&person::city>("Bonn"), 1u);
  const auto batch = or_throw(news.next(std::chrono::milliseconds(0)));
  EXPECT_EQ(batch.event, table_event::none) << "no reset";
  ASSERT_EQ(batch.changes.size(), 1u);
  EXPECT_EQ(batch.changes.front().key, "bob");
}

TEST(IndexRecord, ACopyAndABackupKeepItAndASalvageDoesNot) {
  database_ground g;
  as<by_email>(g, [](auto& people) { ASSERT_TRUE(ok(people.insert("ann", ann))); });
  ASSERT_TRUE(ok(copy(path, "copy.shelf", {.system = &g.disk})));
  EXPECT_THAT(or_throw(describe("copy.shelf", {.system = &g.disk})).indexes, ElementsAre(email));
  salvage_options o;
  o.where.system = &g.disk;
  ASSERT_TRUE(ok(salvage(path, "saved.shelf", o)));
  EXPECT_THAT(or_throw(describe("saved.shelf", {.system = &g.disk})).indexes, IsEmpty());
}

}  // namespace
}  // namespace shelf::suite
