// SUITE  every verb over every kind, write mode and store
// What a transaction sees of a table that it has written to: walks, ranges, callbacks.
#include "suite/database_ground.hpp"

namespace shelf::suite {
namespace {

template <class Body>
void in_every_mode(Body body) {
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    bank b(how);
    body(b);
  }
}

// --- reads inside --------------------------------------------------------------------------------

TEST(TransactionReads, ACallbackOfALookupMayWriteThroughTheTransaction) {
  database_ground g;
  auto db = g.open(declare<tags_table>("tags"), declare<visits_table>("visits"));
  auto tags = or_throw(db.table<tags_table>("tags"));
  auto visits = or_throw(db.table<visits_table>("visits"));
  ASSERT_TRUE(ok(tags.insert_range({{"a", 1}, {"a", 2}})));
  ASSERT_TRUE(ok(visits.insert("v", 1)));
  ASSERT_TRUE(ok(db.transact([&](transaction& tx) {
    EXPECT_TRUE(ok(tx(tags).lookup(
        "a", [&](std::int64_t v) { EXPECT_TRUE(ok(tx(tags).insert("a", v + 10))); })));
    EXPECT_EQ(tx(visits).lookup("v",
                                [&](std::int64_t v) {
                                  EXPECT_TRUE(ok(tx(visits).insert("v", 5)));
                                  return v;
                                }),
              1);
    EXPECT_TRUE(refuses(tx(tags).lookup("none", [](auto) { FAIL(); }), errc::not_found));
  })));
  EXPECT_EQ(tags.lookup("a"), (std::vector<std::int64_t>{1, 2, 11, 12}));
  EXPECT_EQ(visits.lookup("v"), 5);
}

TEST(TransactionReads, ALoopMayWriteToTheTableThatItWalksThrough) {
  in_every_mode([](auto& b) {
    ASSERT_TRUE(ok(b.accounts.insert_range({{"a", 1}, {"b", 2}, {"c", 3}})));
    ASSERT_TRUE(ok(b.visits.insert_range({{"a", 1}, {"b", 2}, {"c", 3}})));
    ASSERT_TRUE(ok(b.db.transact([&](transaction& tx) {
      int seen = 0;
      for (const auto& [key, value] : tx(b.accounts)) {
        ++seen;
        EXPECT_TRUE(ok(tx(b.accounts).erase(key)));
        EXPECT_TRUE(ok(tx(b.accounts).insert(key + key, value)));
      }
      EXPECT_EQ(seen, 3);
      for (const auto& key : tx(b.visits).keys()) EXPECT_TRUE(ok(tx(b.visits).add(key, 1)));
      int walked = 0;
      tx(b.visits).for_each(
          [&](const auto&, auto) { return ++walked == 2 ? walk::stop : walk::go_on; });
      EXPECT_EQ(walked, 2);
      EXPECT_EQ(
          tx(b.visits).fold(0, [](int s, const auto&, auto v) { return s + static_cast<int>(v); }),
          9);
    })));
    EXPECT_EQ(contents(b.accounts), (entries{{"aa", 1}, {"bb", 2}, {"cc", 3}}));
    EXPECT_EQ(contents(b.visits), (entries{{"a", 2}, {"b", 3}, {"c", 4}}));
  });
}

TEST(TransactionReads, RangesBeginAndEndWhereverTheyAreTold) {
  bank b;
  ASSERT_TRUE(ok(b.accounts.insert_range({{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}})));
  ASSERT_TRUE(ok(b.db.transact([&](transaction& tx) {
    auto t = tx(b.accounts);
    EXPECT_TRUE(ok(t.erase("b")));
    EXPECT_TRUE(ok(t.insert("bb", 5)));
    const auto keys = [](const auto& range) {
      std::string all;
      for (const auto& key : range.keys()) all += key + ' ';
      return all;
    };
    EXPECT_EQ(keys(t.range("a", "d")), "a bb c ");
    EXPECT_EQ(keys(t.range("a", "d").reversed()), "c bb a ");
    EXPECT_EQ(t.range("a", "d").size(), 3u);
    EXPECT_EQ(keys(t.range("d", "a")), "");
    EXPECT_TRUE(t.range("d", "a").empty());
    EXPECT_EQ(t.range("d", "a").size(), 0u);
    EXPECT_EQ(keys(t.starting_at("bb")), "bb c d ");
    EXPECT_EQ(keys(t.slice(1, 3)), "bb c ");
    EXPECT_EQ(keys(t.slice(1, 3).reversed()), "c bb ");
    EXPECT_EQ(keys(t.slice(1, 3).reversed().reversed()), "bb c ");
    EXPECT_EQ(keys(t.slice(2, 100)), "c d ");
    EXPECT_EQ(keys(t.slice(2, 100).reversed()), "d c ");
    EXPECT_EQ(t.slice(2, 100).size(), 2u);
    EXPECT_EQ(keys(t.slice(7, 9)), "");
    EXPECT_EQ(keys(t.slice(7, 9).reversed()), "");
    EXPECT_EQ(keys(t.slice(3, 1)), "");
    EXPECT_EQ(keys(t.reversed()), "d c bb a ");
    EXPECT_EQ(t.rank("c"), 2u);
    EXPECT_EQ(t.first()->first, "a");
    EXPECT_EQ(t.last()->first, "d");
    EXPECT_EQ(t.lower_bound("b")->first, "bb");
    EXPECT_EQ(t.upper_bound("a")->first, "bb");
    EXPECT_EQ(t.before("bb")->first, "a");
    EXPECT_TRUE(refuses(t.before("a"), errc::not_found));
    EXPECT_TRUE(ok(t.clear()));
    EXPECT_TRUE(refuses(t.first(), errc::not_found));
    EXPECT_EQ(keys(t.reversed()), "");
  })));
  EXPECT_TRUE(b.accounts.empty());
}

TEST(Transaction, ReadsManyKeysAndInsertsManyNewOnes) {
  bank b;
  ASSERT_TRUE(ok(b.accounts.insert_range({{"a", 1}, {"b", 2}})));
  int runs = 0;
  const auto done = b.db.transact([&](transaction& tx) -> result<> {
    auto t = tx(b.accounts);
    const auto found = or_throw(t.lookup_many({"a", "none", "b"}));
    EXPECT_EQ(found.size(), 3u);
    EXPECT_EQ(found[1], std::nullopt);
    EXPECT_EQ(found[2], 2);
    EXPECT_TRUE(refuses(t.insert_new_range({{"c", 3}, {"a", 4}}), errc::key_already_present));
    EXPECT_FALSE(t.contains("c")) << "all or none";
    EXPECT_TRUE(ok(t.insert_new_range({{"d", 5}, {"d", 6}})));
    EXPECT_EQ(t.lookup("d"), 6) << "the last of equal keys";
    // An absent key is read as well.
    if (++runs == 1) elsewhere([&] { EXPECT_TRUE(ok(b.accounts.insert("e", 1))); });
    return t.lookup_many({"e"}) ? result<>() : std::unexpected(error(errc::not_found));
  });
  ASSERT_TRUE(ok(done));
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(contents(b.accounts), (entries{{"a", 1}, {"b", 2}, {"d", 6}, {"e", 1}}));
}

}  // namespace
}  // namespace shelf::suite
