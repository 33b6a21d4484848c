// SUITE  every verb over every kind, write mode and store
// Indexes, call by call: what each verb shows, what unique refuses, and what an open checks.
#include "suite/expiry_ground.hpp"
#include "suite/index_ground.hpp"

#include <optional>

namespace shelf::suite {
namespace {

using people = people_of<kind::set>;

[[nodiscard]] people town() {
  auto t = people::in_memory("town");
  (void)or_throw(t.insert("a", {"a@x.org", "Rome", 30, {"red", "blue", "red"}}));
  (void)or_throw(t.insert("b", {"b@y.org", "Bonn", 20, {"red"}}));
  (void)or_throw(t.insert("c", {"c@x.org", "Rome", 10, {}}));
  (void)or_throw(t.insert("d", {"d@x.org", "Romford", 40, {"green"}}));
  return t;
}

template <class Range>
[[nodiscard]] std::string keys_of(const Range& shown) {
  std::string all;
  for (const auto& [key, value] : shown) all += key;
  return all;
}

TEST(Index, FindShowsTheEntryOfAUniqueKeyOrNone) {
  const auto t = town();
  EXPECT_EQ(t.find<&person::email>("b@y.org")->first, "b");
  EXPECT_EQ(t.find<&person::email>(std::string_view("a@x.org"))->second.age, 30);
  EXPECT_TRUE(refuses(t.find<&person::email>("b@x.org"), errc::not_found));
  EXPECT_TRUE(refuses(t.find<&person::email>(""), errc::not_found));
}

TEST(Index, EqualShowsTheEntriesOfAKeyInTheOrderOfTheirOwn) {
  const auto t = town();
  EXPECT_EQ(keys_of(t.equal<&person::city>("Rome")), "ac");
  EXPECT_EQ(keys_of(t.equal<&person::city>("Rome").reversed()), "ca");
  EXPECT_EQ(keys_of(t.equal<&person::city>("Rom")), "");
  EXPECT_EQ(keys_of(t.equal<by_domain>("x.org")), "acd");
  EXPECT_EQ(keys_of(t.equal<&person::city, &person::age>(std::tuple("Rome", 30))), "a");
}

TEST(Index, AnEntryOfAListIsFoundOncePerElementThatDiffers) {
  const auto t = town();
  EXPECT_EQ(keys_of(t.equal<&person::tags>("red")), "ab");
  EXPECT_EQ(keys_of(t.range<&person::tags>()), "adab");
  EXPECT_EQ(t.count<&person::tags>("red"), 2U);
}

TEST(Index, BetweenAndRangeTakeBoundsAsOrderedMapsDo) {
  const auto t = town();
  EXPECT_EQ(keys_of(t.between<&person::city>("A", "Rome")), "b");
  EXPECT_EQ(keys_of(t.range<&person::city>("Bonn", at_most("Rome"))), "bac");
  EXPECT_EQ(keys_of(t.range<&person::city>(above("Bonn"), below("Romf"))), "ac");
  EXPECT_EQ(keys_of(t.range<&person::city>(at_least("Rome"))), "acd");
  EXPECT_EQ(keys_of(t.range<&person::city>(below("Rome"))), "b");
  EXPECT_EQ(keys_of(t.range<&person::city>()), "bacd");
  EXPECT_EQ(keys_of(t.between<&person::city>("Z", "A")), "");
  EXPECT_EQ((keys_of(t.range<&person::city, &person::age>(at_least(std::tuple("Rome", 20)),
                                                          at_most(std::tuple("Rome"))))),
            "a");
}

TEST(Index, PrefixTakesLeadingBytesOrLeadingMembers) {
  const auto t = town();
  EXPECT_EQ(keys_of(t.prefix<&person::city>("Rom")), "acd");
  EXPECT_EQ((keys_of(t.prefix<&person::city, &person::age>(std::tuple("Rome")))), "ca");
  EXPECT_EQ(keys_of(t.prefix<by_domain>("x")), "acd");
}

TEST(Index, FirstAndLastAreThoseOfTheIndex) {
  auto t = town();
  EXPECT_EQ(t.first<&person::city>()->first, "b");
  EXPECT_EQ(t.last<&person::city>()->first, "d");
  EXPECT_EQ(t.first<by_domain>()->first, "a");
  EXPECT_EQ(t.last<by_domain>()->first, "b");
  (void)or_throw(t.clear());
  EXPECT_TRUE(refuses(t.first<&person::city>(), errc::not_found));
  EXPECT_TRUE(refuses(t.last<&person::city>(), errc::not_found));
}

TEST(Index, RankNthAndSliceCountThePlacesOfTheIndex) {
  auto t = town();  // by city: b in Bonn, a and c in Rome, d in Romford
  EXPECT_EQ(t.rank<&person::city>("A"), 0U);
  EXPECT_EQ(t.rank<&person::city>("Rome"), 1U);
  EXPECT_EQ(t.rank<&person::city>("Romf"), 3U);
  EXPECT_EQ(t.rank<by_domain>("y.org"), 3U);
  EXPECT_EQ((t.rank<&person::city, &person::age>(std::tuple("Rome", 30))), 2U);
  EXPECT_EQ(t.nth<&person::city>(0)->first, "b");
  EXPECT_EQ(t.nth<&person::city>(3)->first, "d");
  EXPECT_TRUE(refuses(t.nth<&person::city>(4), errc::not_found));
  EXPECT_EQ(t.nth<by_domain>(3)->first, "b");
  EXPECT_EQ(keys_of(t.slice<&person::city>(1, 3)), "ac");
  EXPECT_EQ(keys_of(t.slice<&person::city>(2, 100)), "cd");
  EXPECT_EQ(keys_of(t.slice<&person::city>(3, 2)), "");
  EXPECT_EQ(keys_of(t.slice<by_domain>(2, 4).reversed()), "bd");
  const auto before = t.snapshot();
  (void)or_throw(t.clear());
  EXPECT_TRUE(refuses(t.nth<&person::city>(0), errc::not_found));
  EXPECT_EQ(before.rank<&person::city>("Romf"), 3U);
  EXPECT_EQ(before.nth<&person::city>(1)->first, "a");
  EXPECT_EQ(keys_of(before.slice<&person::tags>(0, 9)), "adab");
  auto ordered = people_of<kind::ordered_set>::in_memory();
  (void)or_throw(ordered.insert("a", {"z@x.org", "Rome", 30, {}}));
  (void)or_throw(ordered.insert("b", {"a@x.org", "Bonn", 30, {}}));
  EXPECT_EQ(ordered.rank("b"), 1U);
  EXPECT_EQ(ordered.rank<&person::email>("b"), 1U);
  EXPECT_EQ(ordered.nth(0)->first, "a");
  EXPECT_EQ(ordered.nth<&person::email>(0)->first, "b");
  EXPECT_EQ(keys_of(ordered.slice(0, 1)) + keys_of(ordered.slice<&person::email>(0, 1)), "ab");
}

TEST(Index, RankInATransactionCountsItsOwnWrites) {
  auto db = or_throw(database::in_memory(declare<people>("people")));
  auto t = or_throw(db.table<people>("people"));
  (void)or_throw(t.insert("a", {"a@x.org", "Rome", 30, {}}));
  const auto done = db.transact([&](transaction& tx) -> result<> {
    EXPECT_EQ(tx(t).rank<&person::city>("Z"), 1U);
    EXPECT_TRUE(ok(tx(t).insert("b", {"b@x.org", "Bonn", 20, {}})));
    EXPECT_EQ(tx(t).rank<&person::city>("Rome"), 1U);
    return {};
  });
  EXPECT_TRUE(ok(done));
}

TEST(Index, AnOrderedMapKeepsItsOwnRanges) {
  auto t = people_of<kind::ordered_set>::in_memory();
  (void)or_throw(t.insert("a", {"z@x.org", "Rome", 30, {}}));
  (void)or_throw(t.insert("b", {"a@x.org", "Bonn", 30, {}}));
  EXPECT_EQ(keys_of(t.range("a", "c")), "ab");
  EXPECT_EQ(keys_of(t.range<&person::email>()), "ba");
  EXPECT_EQ(t.first()->first, "a");
  EXPECT_EQ(t.first<&person::email>()->first, "b");
  EXPECT_EQ(keys_of(t.prefix("a")), "a");
}

TEST(Index, ASnapshotsIndexesStayAsTheyWere) {
  auto t = town();
  const auto moment = t.snapshot();
  (void)or_throw(t.erase("a"));
  (void)or_throw(t.insert("e", {"e@x.org", "Rome", 1, {}}));
  EXPECT_EQ(keys_of(moment.equal<&person::city>("Rome")), "ac");
  EXPECT_EQ(moment.find<&person::email>("a@x.org")->first, "a");
  EXPECT_TRUE(refuses(moment.find<&person::email>("e@x.org"), errc::not_found));
  (void)or_throw(t.clear());
  EXPECT_EQ(moment.count<&person::city>("Rome"), 2U);
  EXPECT_EQ(keys_of(t.equal<&person::city>("Rome")), "");
}

TEST(Index, ASecondEntryWithAUniqueKeyIsRefusedAndNamesTheIndex) {
  auto t = town();
  const person twin{"a@x.org", "Oslo", 1, {}};
  EXPECT_TRUE(refuses(t.insert("e", twin), errc::key_already_present,
                      {"town", "unique index email", "another entry"}));
  EXPECT_TRUE(refuses(t.insert_new("e", twin), errc::key_already_present, {"email"}));
  EXPECT_TRUE(refuses(t.upsert("e", twin, [](person p) { return p; }), errc::key_already_present,
                      {"email"}));
  EXPECT_TRUE(
      refuses(t.assign<&person::email>("b", "a@x.org"), errc::key_already_present, {"email"}));
  EXPECT_TRUE(refuses(t.update("b",
                               [](person p) {
                                 p.email = "a@x.org";
                                 return p;
                               }),
                      errc::key_already_present, {"email"}));
  std::optional<person> none;
  EXPECT_TRUE(refuses(t.compare_exchange("e", none, twin), errc::key_already_present, {"email"}));
  EXPECT_TRUE(
      refuses(t.get_or_compute("e", [&] { return twin; }), errc::key_already_present, {"email"}));
  EXPECT_EQ(t.size(), 4U);
  expect_indexes_hold(t.snapshot());
  // The same entry may keep its key, and another may have it once it is free.
  EXPECT_TRUE(ok(t.insert("a", {"a@x.org", "Oslo", 1, {}})));
  EXPECT_TRUE(ok(t.erase("a")));
  EXPECT_TRUE(ok(t.insert("e", twin)));
}

TEST(Index, ARefusedWriteOfSeveralEntriesWritesNone) {
  for (const auto how : every_keeping) {
    simulation::simulated_disk disk;
    auto t = how == keeping::memory
                 ? people::in_memory()
                 : or_throw(people::open({.path = path, .mode = mode_of(how), .system = &disk}));
    (void)or_throw(t.insert("a", {"a@x.org", "Rome", 30, {}}));
    const auto unsaved = or_throw(t.stats()).unsaved_changes;
    EXPECT_TRUE(
        refuses(t.insert_range({{"b", {"b@x.org", "", 0, {}}}, {"c", {"a@x.org", "", 0, {}}}}),
                errc::key_already_present));
    EXPECT_TRUE(
        refuses(t.insert_new_range({{"b", {"b@x.org", "", 0, {}}}, {"c", {"b@x.org", "", 0, {}}}}),
                errc::key_already_present));
    batch<std::string, person> b;
    b.erase("a");
    b.insert("b", {"b@x.org", "", 0, {}});
    b.insert("c", {"b@x.org", "", 0, {}});
    EXPECT_TRUE(refuses(t.write(b), errc::key_already_present));
    EXPECT_EQ(t.size(), 1U);
    EXPECT_EQ(or_throw(t.stats()).unsaved_changes, unsaved);
    expect_indexes_hold(t.snapshot());
    // In a batch, each change is on top of those before it.
    batch<std::string, person> moved;
    moved.erase("a");
    moved.insert("b", {"a@x.org", "", 0, {}});
    EXPECT_TRUE(ok(t.write(moved)));
    expect_indexes_hold(t.snapshot());
  }
}

TEST(Index, AnOpenOfTwoEntriesWithAUniqueKeyFailsAndNamesBoth) {
  simulation::simulated_disk disk;
  write_file<kind::set, std::string, person>(
      disk, {{"ann", {"a@x.org", "", 1, {}}}, {"bob", {"a@x.org", "", 2, {}}}});
  expect_untouched(disk, [&] {
    const auto t = people::open({.path = path, .system = &disk});
    ASSERT_TRUE(refuses(t, errc::key_already_present, {"unique index email", "two entries"}));
    EXPECT_NE(t.error().details().find("ann"), std::string::npos);
    EXPECT_NE(t.error().details().find("bob"), std::string::npos);
  });
}

TEST(Index, ThoseOfALargeTableAreBuiltByTwoThreadsAtOpenAsByOne) {
  simulation::simulated_disk disk;
  const people_of<kind::set>::config how{.path = path, .system = &disk};
  people_dice dice(5);
  {
    auto plain = or_throw(map<std::string, person>::open({.path = path, .system = &disk}));
    batch<std::string, person> all;
    for (int i = 0; i < 6000; ++i) {
      auto p = dice.one();
      p.email = std::to_string(i) + p.email;
      all.insert(std::to_string(i), p);
    }
    ASSERT_TRUE(ok(plain.write(all)));
    ASSERT_TRUE(ok(plain.close()));
  }
  {
    auto t = or_throw(people_of<kind::set>::open(how));
    ASSERT_EQ(t.size(), 6000U);
    expect_indexes_hold(t.snapshot());
    ASSERT_TRUE(ok(t.close()));
  }
  auto plain = or_throw(map<std::string, person>::open({.path = path, .system = &disk}));
  ASSERT_TRUE(ok(plain.insert("another", *plain.lookup("17"))));
  ASSERT_TRUE(ok(plain.close()));
  const auto t = people_of<kind::set>::open(how);
  ASSERT_TRUE(refuses(t, errc::key_already_present, {"unique index email", "two entries"}));
  EXPECT_TRUE(t.error().details().contains("\"another\"") && t.error().details().contains("\"17\""))
      << t.error().details();
}

TEST(Index, AFileOpensWithOtherIndexesAndWithNone) {
  simulation::simulated_disk disk;
  auto plain = or_throw(open_as<kind::set, std::string, person>(disk));
  (void)or_throw(plain.insert("a", {"a@x.org", "Rome", 30, {"red"}}));
  or_throw(plain.close());
  const auto before = *disk.read_all(path);
  {
    auto t = or_throw(people::open({.path = path, .system = &disk}));
    EXPECT_EQ(t.find<&person::email>("a@x.org")->first, "a");
    (void)or_throw(t.insert("b", {"b@x.org", "Rome", 30, {}}));
    (void)or_throw(t.erase("b"));
    or_throw(t.close());
  }
  EXPECT_TRUE(ok(open_as<kind::set, std::string, person>(disk)));
  using by_age = shelf::map<std::string, person, shelf::index<&person::age>>;
  const auto other =
      or_throw(by_age::open({.path = path, .opening = opening::read_only, .system = &disk}));
  EXPECT_EQ(other.count<&person::age>(30), 1U);
  EXPECT_FALSE(before.empty());
}

struct picky {
  static constexpr std::string_view name = "picky";
  static double key(const std::int64_t& n) {
    if (n == 13) throw std::domain_error("13");
    return n == 14 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(n);
  }
};

TEST(Index, AFunctionThatThrowsOrMakesNoKeyRefusesTheWriteAndTheOpen) {
  using numbers = shelf::map<std::string, std::int64_t, shelf::index_by<picky>>;
  simulation::simulated_disk disk;
  {
    auto t = or_throw(numbers::open({.path = path, .system = &disk}));
    EXPECT_THROW((void)t.insert("a", 13), std::domain_error);
    EXPECT_TRUE(refuses(t.insert("a", 14), errc::invalid_argument, {"index picky"}));
    EXPECT_TRUE(refuses(t.insert_range({{"a", 1}, {"b", 14}}), errc::invalid_argument));
    EXPECT_TRUE(t.empty());
    (void)or_throw(t.insert("a", 12));
    EXPECT_THROW((void)t.update_counter("a", 1), std::domain_error);
    EXPECT_EQ(*t.lookup("a"), 12);
    EXPECT_EQ(*t.update_counter("a", 3), 15);
    EXPECT_EQ(t.count<picky>(15.0), 1U);
    EXPECT_EQ(t.count<picky>(12), 0U);
    or_throw(t.close());
  }
  {
    auto plain = or_throw(open_as<kind::set, std::string, std::int64_t>(disk));
    (void)or_throw(plain.insert("b", 14));
    or_throw(plain.close());
  }
  EXPECT_TRUE(refuses(numbers::open({.path = path, .system = &disk}), errc::invalid_argument,
                      {"index picky"}));
}

struct place_on_line {
  double x = 0;
};

TEST(Index, SignedZerosAreOneKey) {
  auto t = shelf::map<int, place_on_line, shelf::index<&place_on_line::x>>::in_memory();
  (void)or_throw(t.insert(1, {-0.0}));
  (void)or_throw(t.insert(2, {0.0}));
  EXPECT_EQ(t.count<&place_on_line::x>(0.0), 2U);
  EXPECT_EQ(t.count<&place_on_line::x>(-0.0), 2U);
}

TEST(Index, WhatHasExpiredIsNotShownAndTakesNoUniqueKey) {
  manual_clock time(year_2026);
  auto t = or_throw(people::in_memory("town", {.clock = &time}));
  (void)or_throw(t.insert("a", {"a@x.org", "Rome", 30, {"red"}}, expiry::in(1h)));
  (void)or_throw(t.insert("b", {"b@x.org", "Rome", 30, {"red"}}));
  or_throw(t.touch("a", expiry::in(2h)));
  EXPECT_EQ(keys_of(t.equal<&person::city>("Rome")), "ab");
  time.advance(3h);
  EXPECT_EQ(keys_of(t.equal<&person::city>("Rome")), "b");
  EXPECT_TRUE(refuses(t.find<&person::email>("a@x.org"), errc::not_found));
  EXPECT_EQ(t.first<&person::email>()->first, "b");
  EXPECT_TRUE(ok(t.insert("c", {"a@x.org", "Rome", 30, {}})));
  EXPECT_EQ(t.find<&person::email>("a@x.org")->first, "c");
  EXPECT_EQ(*t.purge_expired(), 1U);
  EXPECT_EQ(t.range<&person::email>().size(), 2U);
  expect_indexes_hold(t.snapshot());
}

TEST(Index, ATableOfADatabaseGetsItsIndexesWhenItIsFirstAskedFor) {
  simulation::simulated_disk disk;
  using plain = shelf::map<std::string, person>;
  {
    auto db = or_throw(database::open({.path = path, .system = &disk}, declare<plain>("people")));
    auto t = or_throw(db.table<plain>("people"));
    (void)or_throw(t.insert("a", {"a@x.org", "Rome", 30, {}}));
    or_throw(db.close());
  }
  auto db = or_throw(database::open({.path = path, .system = &disk}));
  const auto earlier = db.snapshot();
  auto t = or_throw(db.table<people>("people"));
  EXPECT_EQ(t.find<&person::email>("a@x.org")->first, "a");
  EXPECT_EQ(earlier(t).find<&person::email>("a@x.org")->first, "a");
  // One without indexes writes to them all the same, as one with some of them does; one with
  // others is refused.
  auto same = or_throw(db.table<plain>("people"));
  EXPECT_TRUE(refuses(same.insert("b", {"a@x.org", "", 0, {}}), errc::key_already_present));
  (void)or_throw(same.insert("b", {"b@x.org", "Rome", 0, {}}));
  EXPECT_EQ(t.count<&person::city>("Rome"), 2U);
  using some = shelf::map<std::string, person, shelf::index<&person::city>>;
  EXPECT_EQ(or_throw(db.table<some>("people")).count<&person::city>("Rome"), 2U);
  using other = shelf::map<std::string, person, shelf::index<&person::age>>;
  EXPECT_TRUE(refuses(db.table<other>("people"), errc::invalid_argument, {"without one"}));
  EXPECT_EQ(db.snapshot()(t).count<&person::city>("Rome"), 2U);
}

TEST(Index, AFollowerKeepsItsIndexes) {
  simulation::simulated_disk disk;
  auto writer = or_throw(open_as<kind::set, std::string, person>(disk));
  (void)or_throw(writer.insert("a", {"a@x.org", "Rome", 30, {"red"}}));
  const auto reader =
      or_throw(people::open({.path = path, .opening = opening::read_only, .system = &disk}));
  (void)or_throw(writer.insert_range(
      {{"a", {"a@y.org", "Bonn", 30, {"red", "blue"}}}, {"b", {"b@x.org", "Rome", 20, {}}}}));
  (void)or_throw(writer.insert("c", {"c@x.org", "Rome", 20, {}}));
  (void)or_throw(writer.erase("b"));
  (void)or_throw(reader.untyped().catch_up());
  EXPECT_EQ(reader.find<&person::email>("a@y.org")->first, "a");
  EXPECT_EQ(keys_of(reader.range<by_domain>()), "ca");
  expect_indexes_hold(reader.snapshot());
  (void)or_throw(writer.clear());
  (void)or_throw(reader.untyped().catch_up());
  EXPECT_EQ(reader.count<&person::city>("Rome"), 0U);
}

TEST(Index, AClosedTableShowsNothing) {
  auto t = town();
  or_throw(t.close());
  EXPECT_TRUE(refuses(t.find<&person::email>("a@x.org"), errc::table_closed));
  EXPECT_EQ(keys_of(t.equal<&person::city>("Rome")), "");
  EXPECT_EQ(t.count<by_domain>("x.org"), 0U);
}

struct numbered {
  int group = 0;
  std::string text;
};

TEST(Index, AnIndexBuiltAtOpenTakesLessThanSixtyBytesPerEntry) {
  using plain_table = shelf::map<int, numbered>;
  using indexed_table =
      shelf::map<int, numbered, shelf::index<&numbered::group>, shelf::index<&numbered::text>>;
  simulation::simulated_disk disk;
  constexpr int count = 20'000;
  std::vector<std::pair<int, numbered>> all;
  for (int i = 0; i < count; ++i) {
    all.push_back({i, {i * 7919 % count, "City" + std::to_string(i * 7919 % count)}});
  }
  write_file<kind::set, int, numbered>(disk, all);
  const auto bytes_of = [&]<class T>(std::type_identity<T>) {
    const auto t = or_throw(T::open({.path = path, .system = &disk}));
    return or_throw(t.stats()).memory_bytes;
  };
  const auto plain = bytes_of(std::type_identity<plain_table>{});
  const auto indexed = bytes_of(std::type_identity<indexed_table>{});
  EXPECT_LT((indexed - plain) / count, 2 * 60U);
  std::printf("[  bytes   ] %zu per entry of an index\n", (indexed - plain) / count / 2);
}

}  // namespace
}  // namespace shelf::suite
