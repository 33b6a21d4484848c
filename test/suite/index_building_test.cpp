// SUITE  every verb over every kind, write mode and store
// Indexes that are built of a live table: what is written meanwhile is in them, and nobody waits.
#include "suite/database_ground.hpp"
#include "suite/index_ground.hpp"

#include <atomic>
#include <functional>
#include <stdexcept>

namespace shelf::suite {
namespace {

using testing::ElementsAre;

/// Runs once, inside the first call of a function of an index, on the thread that builds.
std::function<void()>& meanwhile() {
  static std::function<void()> f;
  return f;
}
std::atomic<bool> is_armed{false};

void happen_once() {
  if (is_armed.exchange(false)) meanwhile()();
}

struct by_host {
  static constexpr std::string_view name = "host";
  static std::string key(const person& p) {
    happen_once();
    if (p.city == "nowhere") throw std::domain_error("nowhere");
    return p.email.substr(p.email.find('@') + 1);
  }
};
struct by_half_age {
  static constexpr std::string_view name = "half";
  static std::int64_t key(const person& p) { return p.age / 2; }
};

template <kind Kind>
using plain_of = table<std::string, person, Kind>;
template <kind Kind>
using with_host = table<std::string, person, Kind, index_by<by_host>>;
template <kind Kind>
using with_all = table<std::string, person, Kind, index_each<&person::tags>, index_by<by_host>,
                       index<&person::city>, index_by<by_half_age>>;
using plain = plain_of<kind::set>;
using hosts = with_host<kind::set>;
using hosts_and_emails = shelf::map<std::string, person, unique<&person::email>, index_by<by_host>>;

const person ann{"ann@x", "Rome", 30, {"a", "b"}};
const person bob{"bob@y", "Bonn", 40, {"b"}};
const person cid{"cid@x", "Rome", 50, {}};

template <kind Kind = kind::set>
struct village : database_ground {
  explicit village(keeping k = keeping::through)
      : database_ground(k),
        db(open(declare<plain_of<Kind>>("people"))),
        people(or_throw(db.table<plain_of<Kind>>("people"))) {
    for (int i = 0; i < 10; ++i) {
      const auto n = std::to_string(i);
      or_throw(people.insert(n, {n + (i % 2 == 0 ? "@x" : "@y"), "Rome", i, {"t", n}}));
    }
  }
  template <class T>
  [[nodiscard]] result<> index_as() {
    return db.alter([](schema& s) { s.index<T>("people"); });
  }
  /// Gives the table the indexes of T; `f` runs on another thread while they are built.
  template <class T, class F>
  [[nodiscard]] result<> index_as_while(F f) {
    meanwhile() = [f] { elsewhere(f); };
    is_armed = true;
    auto done = index_as<T>();
    EXPECT_FALSE(is_armed) << "the function was called";
    is_armed = false;
    return done;
  }
  template <class T>
  [[nodiscard]] T as() {
    return or_throw(db.table<T>("people"));
  }

  database db;
  plain_of<Kind> people;
};

using one_text = std::vector<std::string>;

template <kind Kind>
void expect_all_equal(const with_all<Kind>& people) {
  std::vector<person_entry> all;
  for (const auto& e : people.snapshot()) all.push_back(e);
  expect_same(people.template range<by_host>(), all,
              [](const person& p) { return one_text{p.email.substr(p.email.find('@') + 1)}; });
  expect_same(people.template range<by_half_age>(), all,
              [](const person& p) { return std::vector<std::int64_t>{p.age / 2}; });
  expect_same(people.template range<&person::city>(), all,
              [](const person& p) { return one_text{p.city}; });
  expect_same(people.template range<&person::tags>(), all, [](const person& p) {
    const std::set<std::string> each(p.tags.begin(), p.tags.end());
    return one_text(each.begin(), each.end());
  });
}

template <kind Kind>
void write_meanwhile() {
  village<Kind> v;
  auto& t = v.people;
  const auto write = [&] {
    or_throw(t.insert("new", ann));
    or_throw(t.insert("0", bob));
    or_throw(t.insert("1", bob));
    or_throw(t.insert("1", cid));
    (void)t.erase("2");
    or_throw(t.erase("3"));
    or_throw(t.insert("3", cid));
    or_throw(t.insert("gone", cid));
    or_throw(t.erase("gone"));
    (void)or_throw(t.insert_range({{"r1", ann}, {"r2", bob}, {"4", cid}}));
    or_throw(v.db.transact([&](transaction& tx) -> result<> {
      if (auto done = tx(t).insert("tx", ann); !done) return done;
      return tx(t).erase("5");
    }));
    if constexpr (Kind == kind::set || Kind == kind::ordered_set) {
      or_throw(t.insert("6", *t.lookup("6"), expiry::in(std::chrono::hours(1))));
      or_throw(t.insert("6", *t.lookup("6"), expiry::in(std::chrono::hours(2))));
      or_throw(t.template assign<&person::age>("7", 77));
      (void)t.take("8");
    }
  };
  ASSERT_TRUE(ok(v.template index_as_while<with_all<Kind>>(write)));
  auto people = v.template as<with_all<Kind>>();
  expect_all_equal<Kind>(people);
  write();
  expect_all_equal<Kind>(people);
}

TEST(IndexBuilding, WritersGoOnMeanwhileAndTheIndexEqualsOneBuiltAnew) {
  write_meanwhile<kind::set>();
  write_meanwhile<kind::ordered_set>();
  write_meanwhile<kind::bag>();
  write_meanwhile<kind::duplicate_bag>();
}

TEST(IndexBuilding, AnIndexOfAFunctionComesAndGoesWhileTheTableIsOpen) {
  for (const auto how : in_files) {
    village v(how);
    ASSERT_TRUE(ok(v.index_as<hosts>()));
    const auto with = v.as<hosts>();
    EXPECT_EQ(with.count<by_host>("x"), 5U);
    or_throw(v.people.insert("new", ann));
    EXPECT_EQ(with.count<by_host>("x"), 6U);
    ASSERT_TRUE(ok(v.index_as<plain>()));
    EXPECT_EQ(with.count<by_host>("x"), 0U);
    or_throw(v.people.insert("nowhere", {"n@x", "nowhere", 1, {}}));
    or_throw(v.people.erase("nowhere"));
    ASSERT_TRUE(ok(v.index_as<with_all<kind::set>>()));
    ASSERT_TRUE(ok(v.index_as<hosts>()));
    EXPECT_EQ(with.count<by_host>("x"), 6U);
    EXPECT_THROW((void)v.people.insert("nowhere", {"n@x", "nowhere", 1, {}}), std::domain_error);
    ASSERT_TRUE(ok(v.db.save()));
    EXPECT_TRUE(v.told.empty());
  }
}

TEST(IndexBuilding, AFunctionThatThrowsLeavesTheTableAsItWas) {
  village v;
  or_throw(v.people.insert("nowhere", {"n@x", "nowhere", 1, {}}));
  EXPECT_THROW((void)v.index_as<hosts_and_emails>(), std::domain_error);
  EXPECT_TRUE(refuses(v.db.table<hosts>("people"), errc::invalid_argument));
  or_throw(v.people.insert("nowhere", {"m@x", "nowhere", 1, {}}));  // nobody calls it any more
  or_throw(v.people.erase("nowhere"));
  ASSERT_TRUE(ok(v.index_as<hosts>()));
  EXPECT_EQ(v.as<hosts>().count<by_host>("x"), 5U);
}

TEST(IndexBuilding, AValueOfMeanwhileThatTheFunctionRefusesFailsTheAlterationAndNotTheWrite) {
  village v;
  const auto write = [&] { or_throw(v.people.insert("nowhere", {"n@x", "nowhere", 1, {}})); };
  EXPECT_THROW((void)v.index_as_while<hosts>(write), std::domain_error);
  EXPECT_EQ(v.people.lookup("nowhere")->city, "nowhere");
  EXPECT_TRUE(refuses(v.db.table<hosts>("people"), errc::invalid_argument));
  or_throw(v.people.erase("nowhere"));
  ASSERT_TRUE(ok(v.index_as_while<hosts>([&] {
    write();
    or_throw(v.people.erase("nowhere"));
  }))) << "it is gone again";
  EXPECT_EQ(v.as<hosts>().count<by_host>("x"), 5U);
}

TEST(IndexBuilding, EntriesOfMeanwhileThatClashInAUniqueIndexFailTheAlteration) {
  village v;
  EXPECT_TRUE(refuses(v.index_as_while<hosts_and_emails>(
                          [&] { or_throw(v.people.insert("twin", *v.people.lookup("3"))); }),
                      errc::key_already_present, {"people", "unique index email"}));
  or_throw(v.people.erase("twin"));
  ASSERT_TRUE(ok(v.index_as_while<hosts_and_emails>([&] {
    const auto three = *v.people.lookup("3");
    or_throw(v.people.insert("twin", three));
    or_throw(v.people.erase("3"));
  }))) << "at the end there is one";
  EXPECT_EQ(v.as<hosts_and_emails>().find<&person::email>("3@y")->first, "twin");
}

TEST(IndexBuilding, ATableThatIsClearedMeanwhileHasTheIndexOfWhatCameThen) {
  village v;
  ASSERT_TRUE(ok(v.index_as_while<hosts>([&] {
    or_throw(v.people.clear());
    or_throw(v.people.insert("new", ann));
  })));
  EXPECT_EQ(v.as<hosts>().count<by_host>("x"), 1U);
  EXPECT_EQ(v.as<hosts>().count<by_host>("y"), 0U);
}

TEST(IndexBuilding, ATableThatIsClearedAgainAndAgainGetsNoIndex) {
  village v;
  int clears = 0;
  meanwhile() = [&] {
    elsewhere([&] {
      ++clears;
      or_throw(v.people.clear());
      or_throw(v.people.insert("new", ann));
    });
    is_armed = true;
  };
  is_armed = true;
  EXPECT_TRUE(refuses(v.index_as<hosts>(), errc::conflict, {"cleared again and again"}));
  is_armed = false;
  EXPECT_GT(clears, 3);
  or_throw(v.people.insert("other", bob));
  ASSERT_TRUE(ok(v.index_as<hosts>()));
  EXPECT_EQ(v.as<hosts>().count<by_host>("y"), 1U);
}

TEST(IndexBuilding, ATransactionThatRunsMeanwhileMakesTheKeysOfBoth) {
  village v;
  int runs = 0;
  or_throw(v.db.transact([&](transaction& tx) -> result<> {
    if (auto done = tx(v.people).insert("new", ann); !done) return done;
    if (++runs == 1) elsewhere([&] { ASSERT_TRUE(ok(v.index_as<hosts>())); });
    return {};
  }));
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(v.as<hosts>().count<by_host>("x"), 6U);
}

TEST(IndexBuilding, WhatTheDiskRefusesLeavesNoFunctionBehind) {
  village v;
  v.disk.inject({.kind = simulation::call::write, .nth = 1, .error = ENOSPC});
  EXPECT_FALSE(v.db.alter([](schema& s) {
                     s.index<hosts>("people");
                     s.create<plain>("others");
                   })
                   .has_value());
  or_throw(v.people.insert("nowhere", {"n@x", "nowhere", 1, {}}));
  EXPECT_TRUE(refuses(v.db.table<hosts>("people"), errc::invalid_argument));
}

TEST(IndexBuilding, AFunctionCannotAlterTheDatabase) {
  village v;
  result<> inner;
  meanwhile() = [&] { inner = v.index_as<plain>(); };
  is_armed = true;
  ASSERT_TRUE(ok(v.index_as<hosts>()));
  EXPECT_TRUE(refuses(inner, errc::busy));
}

TEST(IndexBuildingAlongside, WritersOfManyThreadsFindTheirEntriesInEachIndex) {
  village v;
  std::atomic<bool> is_over{false};
  std::atomic<int> written{0};
  std::vector<std::jthread> threads;
  for (int w = 0; w < 2; ++w) {
    threads.emplace_back([&, w] {
      for (int i = 0; !is_over; ++i) {
        const auto name = std::to_string(w) + "-" + std::to_string(i % 30);
        const auto host = std::string(i % 2 == 0 ? "@x" : "@z");
        ASSERT_TRUE(ok(v.people.insert(name, {name + host, "Rome", i, {"t"}})));
        if (i % 3 == 0) {
          ASSERT_TRUE(ok(v.people.erase(name)));
        }
        if (i % 5 == 0) {
          ASSERT_TRUE(ok(v.people.assign<&person::age>("1", i)));
        }
        if (i % 7 == 0) {
          ASSERT_TRUE(ok(v.people.insert_range({{"r" + name, ann}, {"s" + name, bob}})));
        }
        ASSERT_TRUE(ok(
            v.db.transact([&](transaction& tx) { return tx(v.people).insert("t" + name, cid); })));
        ++written;
      }
    });
  }
  for (int i = 0; i < 20 || written < 60; ++i) {
    ASSERT_TRUE(ok(i % 3 == 0   ? v.index_as<hosts>()
                   : i % 3 == 1 ? v.index_as<with_all<kind::set>>()
                                : v.index_as<plain>()));
    if (i % 3 == 1) {
      const auto moment = v.as<with_all<kind::set>>().snapshot();
      ASSERT_EQ(moment.range<by_host>().size(), moment.size());
    }
  }
  ASSERT_TRUE(ok(v.index_as<with_all<kind::set>>()));
  is_over = true;
  threads.clear();
  expect_all_equal<kind::set>(v.as<with_all<kind::set>>());
}

}  // namespace
}  // namespace shelf::suite
