// SUITE  every verb over every kind, write mode and store
// schema::index: indexes of a live table that come and go, while others read and write it.
#include "suite/database_ground.hpp"
#include "suite/index_ground.hpp"

#include <atomic>

namespace shelf::suite {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using plain_people = shelf::map<std::string, person>;
using by_city = shelf::map<std::string, person, index<&person::city>>;
using by_email = shelf::map<std::string, person, unique<&person::email>>;
using by_both = shelf::map<std::string, person, unique<&person::email>, index<&person::city>>;
using by_tags = shelf::map<std::string, person, index_each<&person::tags>, index<&person::city>>;
using with_function = shelf::map<std::string, person, index_by<by_domain>>;
using with_function_and_city =
    shelf::map<std::string, person, index<&person::city>, index_by<by_domain>>;

const person ann{"ann@x", "Rome", 30, {"a", "b"}};
const person bob{"bob@x", "Bonn", 40, {"b"}};
const person cid{"cid@x", "Rome", 50, {}};

/// A database with people, and no index.
struct town : database_ground {
  explicit town(keeping k = keeping::through)
      : database_ground(k),
        db(open(declare<plain_people>("people"))),
        people(or_throw(db.table<plain_people>("people"))) {
    (void)or_throw(people.insert_range({{"ann", ann}, {"bob", bob}}));
    or_throw(db.save());
  }
  template <class T>
  [[nodiscard]] result<> index_as() {
    return db.alter([](schema& s) { s.index<T>("people"); });
  }
  template <class T>
  [[nodiscard]] T as() {
    return or_throw(db.table<T>("people"));
  }

  database db;
  plain_people people;
};

template <class Range>
[[nodiscard]] std::vector<std::string> keys_of(const Range& range) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : range) keys.push_back(key);
  return keys;
}

TEST(IndexAlter, AnIndexThatIsAddedHasAllEntriesAndIsKeptByEveryHandle) {
  for (const auto how : in_files) {
    town t(how);
    EXPECT_TRUE(refuses(t.db.table<by_city>("people"), errc::invalid_argument, {"alter"}));
    ASSERT_TRUE(ok(t.index_as<by_both>()));
    const auto both = t.as<by_both>();
    EXPECT_THAT(keys_of(both.equal<&person::city>("Rome")), ElementsAre("ann"));
    ASSERT_TRUE(ok(t.people.insert("cid", cid)));
    ASSERT_TRUE(ok(t.people.erase("bob")));
    EXPECT_THAT(keys_of(both.equal<&person::city>("Rome")), ElementsAre("ann", "cid"));
    EXPECT_EQ(or_throw(both.find<&person::email>("cid@x")).first, "cid");
    EXPECT_TRUE(refuses(both.find<&person::email>("bob@x"), errc::not_found));
    EXPECT_TRUE(refuses(t.people.insert("dot", cid), errc::key_already_present, {"email"}))
        << "a handle without the index is bound by it, too";
    EXPECT_THAT(keys_of(t.as<by_city>().range<&person::city>()), ElementsAre("ann", "cid"));
    ASSERT_TRUE(ok(t.db.save()));
    ASSERT_TRUE(ok(t.db.reload()));
    EXPECT_THAT(keys_of(both.equal<&person::city>("Rome")), ElementsAre("ann", "cid"));
    ASSERT_TRUE(ok(t.people.clear()));
    ASSERT_TRUE(ok(t.people.insert("bob", bob)));
    EXPECT_THAT(keys_of(both.range<&person::city>()), ElementsAre("bob"));
    ASSERT_TRUE(ok(t.db.close()));
    auto db = t.open(declare<by_tags>("people"));
    EXPECT_THAT(keys_of(or_throw(db.table<by_tags>("people")).equal<&person::tags>("b")),
                ElementsAre("bob"))
        << "the file does not know indexes";
  }
}

TEST(IndexAlter, AUniqueIndexThatTheEntriesViolateNamesBothKeysAndIsNotAdded) {
  town t;
  ASSERT_TRUE(ok(t.people.insert("eve", {"ann@x", "Oslo", 20, {}})));
  const auto before = *t.disk.read_all(path);
  const auto done = t.db.alter([](schema& s) {
    s.create<plain_people>("others");
    s.index<by_both>("people");
  });
  EXPECT_TRUE(refuses(done, errc::key_already_present, {"people", "unique index email"}));
  EXPECT_NE(done.error().details().find("ann"), std::string::npos) << done.error().details();
  EXPECT_NE(done.error().details().find("eve"), std::string::npos) << done.error().details();
  EXPECT_EQ(t.db.tables().size(), 1u);
  EXPECT_EQ(*t.disk.read_all(path), before);
  EXPECT_TRUE(refuses(t.db.table<by_both>("people"), errc::invalid_argument));
  ASSERT_TRUE(ok(t.people.erase("eve")));
  EXPECT_TRUE(ok(t.index_as<by_both>()));
}

TEST(IndexAlter, HandlesGoByWhatAnIndexIsAndFindNothingByOneThatIsGone) {
  town t;
  ASSERT_TRUE(ok(t.index_as<by_both>()));
  const auto both = t.as<by_both>();
  ASSERT_TRUE(ok(t.index_as<by_city>()));
  const auto city = t.as<by_city>();
  ASSERT_TRUE(ok(t.people.insert("cid", cid)));
  EXPECT_THAT(keys_of(city.equal<&person::city>("Rome")), ElementsAre("ann", "cid"));
  EXPECT_THAT(keys_of(both.equal<&person::city>("Rome")), ElementsAre("ann", "cid"))
      << "the second index of its type is the first of the table now";
  EXPECT_TRUE(refuses(both.find<&person::email>("ann@x"), errc::invalid_argument, {"people"}));
  EXPECT_THAT(keys_of(both.range<&person::email>()), IsEmpty());
  EXPECT_TRUE(refuses(
      t.db.transact([&](transaction& tx) { return tx(both).count<&person::email>("ann@x"); }),
      errc::invalid_argument, {"people"}));
  EXPECT_EQ(t.db.transact([&](transaction& tx) { return tx(both).count<&person::city>("Rome"); }),
            2u);
  EXPECT_TRUE(ok(t.people.insert("dot", cid))) << "no longer unique";
  ASSERT_TRUE(ok(t.index_as<plain_people>()));
  EXPECT_THAT(keys_of(city.range<&person::city>()), IsEmpty());
  ASSERT_TRUE(ok(t.people.insert("eve", ann)));
  ASSERT_TRUE(ok(t.people.erase("ann")));
}

TEST(IndexAlter, SnapshotsKeepTheIndexesThatTheyHad) {
  town t;
  ASSERT_TRUE(ok(t.index_as<by_email>()));
  const auto email = t.as<by_email>();
  const auto before = t.db.snapshot();
  ASSERT_TRUE(ok(t.index_as<by_city>()));
  const auto city = t.as<by_city>();
  ASSERT_TRUE(ok(t.people.erase("ann")));
  ASSERT_TRUE(ok(t.people.insert("cid", cid)));
  EXPECT_THAT(keys_of(before(email).range<&person::email>()), ElementsAre("ann", "bob"));
  EXPECT_THAT(keys_of(before(city).range<&person::city>()), IsEmpty()) << "not there yet";
  EXPECT_THAT(keys_of(t.db.snapshot()(city).range<&person::city>()), ElementsAre("bob", "cid"));
  EXPECT_THAT(keys_of(t.db.snapshot()(email).range<&person::email>()), IsEmpty());
}

TEST(IndexAlter, ATransactionThatAnIndexComesBetweenRunsAgainAndObeysIt) {
  town t;
  int runs = 0;
  const auto done = t.db.transact([&](transaction& tx) -> result<> {
    if (++runs == 1) elsewhere([&] { ASSERT_TRUE(ok(t.index_as<by_email>())); });
    return tx(t.people).insert("eve", ann);
  });
  EXPECT_TRUE(refuses(done, errc::key_already_present, {"email"}));
  EXPECT_EQ(runs, 2);
  runs = 0;
  const auto email = t.as<by_email>();
  EXPECT_EQ(t.db.transact([&](transaction& tx) -> result<std::size_t> {
    const auto found = tx(email).count<&person::email>("ann@x");
    if (++runs == 1) elsewhere([&] { ASSERT_TRUE(ok(t.index_as<by_both>())); });
    if (auto r = tx(t.people).insert("cid", cid); !r) return std::unexpected(r.error());
    return found;
  }),
            1u);
  EXPECT_EQ(runs, 2);
}

TEST(IndexAlter, WhatItCannotDoItRefuses) {
  town t;
  using other_types = shelf::map<std::string, std::string>;
  const auto refused = [&](auto step, errc code, std::initializer_list<std::string_view> pieces) {
    EXPECT_TRUE(refuses(t.db.alter(step), code, pieces));
  };
  refused([](schema& s) { s.index<by_city>("nobody"); }, errc::not_found, {"nobody"});
  refused([](schema& s) { s.index<other_types>("people"); }, errc::type_mismatch, {"people"});
  refused([](schema& s) { s.index<visits_table>("people"); }, errc::type_mismatch, {"people"});
  refused(
      [](schema& s) {
        s.create<plain_people>("new");
        s.index<by_city>("new");
      },
      errc::invalid_argument, {"new", "create it as that type"});
  ASSERT_TRUE(ok(t.db.close()));
  auto db = t.open(declare<with_function>("people"));
  ASSERT_TRUE(ok(db.alter([](schema& s) { s.index<with_function_and_city>("people"); })));
  auto people = or_throw(db.table<with_function_and_city>("people"));
  ASSERT_TRUE(ok(people.insert("cid", cid)));
  ASSERT_TRUE(ok(people.erase("bob")));
  EXPECT_THAT(keys_of(people.equal<by_domain>("x")), ElementsAre("ann", "cid"))
      << "an index of a function stays";
  EXPECT_THAT(keys_of(people.equal<&person::city>("Rome")), ElementsAre("ann", "cid"));
}

TEST(IndexAlter, WhatTheDiskRefusesLeavesTheIndexesAsTheyWere) {
  town t;
  ASSERT_TRUE(ok(t.index_as<by_email>()));
  const auto email = t.as<by_email>();
  t.disk.inject({.kind = simulation::call::write, .nth = 1, .error = ENOSPC});
  EXPECT_FALSE(t.db.alter([](schema& s) {
                     s.index<by_city>("people");
                     s.create<plain_people>("others");
                   })
                   .has_value());
  EXPECT_TRUE(refuses(t.db.table<by_city>("people"), errc::invalid_argument));
  ASSERT_TRUE(ok(t.people.insert("cid", cid)));
  EXPECT_EQ(or_throw(email.find<&person::email>("cid@x")).first, "cid");
  ASSERT_TRUE(ok(t.index_as<by_city>()));
  EXPECT_THAT(keys_of(t.as<by_city>().equal<&person::city>("Rome")), ElementsAre("ann", "cid"));
}

TEST(IndexAlter, DroppedIndexesGiveTheirMemoryBack) {
  auto db = or_throw(database::in_memory(declare<plain_people>("people")));
  auto people = or_throw(db.table<plain_people>("people"));
  for (int i = 0; i < 2000; ++i) {
    const auto n = std::to_string(i);
    ASSERT_TRUE(ok(people.insert(n, {n + "@x", "city " + n, i, {}})));
  }
  const auto without = or_throw(people.stats()).memory_bytes;
  ASSERT_TRUE(ok(db.alter([](schema& s) { s.index<by_both>("people"); })));
  EXPECT_GT(or_throw(people.stats()).memory_bytes, without + 2000 * 20);
  ASSERT_TRUE(ok(db.alter([](schema& s) { s.index<plain_people>("people"); })));
  EXPECT_LT(or_throw(people.stats()).memory_bytes, without + 2000 * 20);
}

TEST(IndexAlterAlongside, ReadersAndWritersGoOnAndEachIndexEqualsOneBuiltAnew) {
  town t;
  std::atomic<bool> is_over{false};
  std::atomic<int> seen{0};
  std::vector<std::jthread> threads;
  for (int w = 0; w < 2; ++w) {
    threads.emplace_back([&, w] {
      for (int i = 0; !is_over; ++i) {
        const auto name = std::to_string(w) + "-" + std::to_string(i % 20);
        ASSERT_TRUE(ok(t.people.insert(name, {name, i % 2 == 0 ? "Rome" : "Bonn", i, {"t"}})));
        if (i % 3 == 0) {
          ASSERT_TRUE(ok(t.people.erase(name)));
        }
        ASSERT_TRUE(ok(t.db.transact(
            [&](transaction& tx) { return tx(t.people).insert(name, {name, "Oslo", i, {}}); })));
      }
    });
  }
  threads.emplace_back([&] {
    while (!is_over) {
      const auto people = t.db.table<by_city>("people");
      if (people) {
        const auto moment = people->snapshot();
        ASSERT_LE(moment.range<&person::city>().size(), moment.size());
        (void)people->first<&person::city>();
        for (const auto& [key, p] : moment.equal<&person::city>("Oslo")) ASSERT_EQ(p.city, "Oslo");
      }
      const auto email = t.db.table<by_email>("people");
      if (email) (void)email->find<&person::email>("ann@x");
      ++seen;
    }
  });
  for (int i = 0; i < 30 || seen < 30; ++i) {
    ASSERT_TRUE(ok(i % 3 == 0   ? t.index_as<by_city>()
                   : i % 3 == 1 ? t.index_as<by_both>()
                                : t.index_as<plain_people>()));
  }
  ASSERT_TRUE(ok(t.index_as<by_both>()));
  is_over = true;
  threads.clear();
  const auto both = t.as<by_both>();
  std::vector<person_entry> all;
  for (const auto& e : both.snapshot()) all.push_back(e);
  using one = std::vector<std::string>;
  expect_same(both.range<&person::city>(), all, [](const person& p) { return one{p.city}; });
  expect_same(both.range<&person::email>(), all, [](const person& p) { return one{p.email}; });
}

}  // namespace
}  // namespace shelf::suite
