// SUITE  every verb over every kind, write mode and store
// Entries that expire: what each verb makes of them, on tables of every kind and in every mode.
#include "suite/expiry_ground.hpp"

#include "journal/journal_view.hpp"
#include "shelf/upkeep.hpp"

#include <limits>

namespace shelf::suite {
namespace {

template <class Kind>
class Expiry : public testing::Test {
 protected:
  static constexpr kind what = Kind::value;
  template <class F>
  static void everywhere(F body) {
    for (const auto how : every_keeping) {
      SCOPED_TRACE(to_string(how));
      timed_ground<what> g(how);
      body(g);
    }
  }
};
TYPED_TEST_SUITE(Expiry, map_kinds, kind_names);

using optional_time = std::optional<expiry::time>;

TYPED_TEST(Expiry, AnEntryIsAbsentFromItsDeadlineOnAndNotBefore) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    EXPECT_EQ(t.insert("a", 1, expiry::in(5s)), written::added);
    ASSERT_TRUE(ok(t.insert("b", 2)));
    EXPECT_EQ(or_throw(t.expires_at("a")), optional_time(year_2026 + 5s));
    EXPECT_EQ(or_throw(t.expires_at("b")), optional_time());
    g.reopen(t);
    g.time.advance(4999ms);
    EXPECT_EQ(t.lookup("a"), 1);
    EXPECT_EQ(contents(t), (entries{{"a", 1}, {"b", 2}}));
    g.time.advance(1ms);
    EXPECT_TRUE(refuses(t.lookup("a"), errc::not_found));
    EXPECT_FALSE(t.contains("a"));
    EXPECT_TRUE(refuses(t.expires_at("a"), errc::not_found));
    EXPECT_EQ(or_throw(t.lookup_many({"a", "b"}))[0], std::nullopt);
    EXPECT_EQ(contents(t), (entries{{"b", 2}}));
    EXPECT_EQ(t.count_if([](std::string_view, std::int64_t) { return true; }), 1u);
    EXPECT_FALSE(t.snapshot().contains("a"));
    EXPECT_EQ(or_throw(t.stats()).expired, 1u);
    EXPECT_EQ(or_throw(t.stats()).expiring, 1u);
    EXPECT_EQ(t.size(), 2u) << "size counts it until it is swept";
    g.reopen(t);
    EXPECT_EQ(contents(t), (entries{{"b", 2}}));
  });
}

TYPED_TEST(Expiry, OnAnExpiredKeyVerbsDoWhatTheyDoOnAMissingOne) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    const auto expired = [&](const char* key) {
      ASSERT_TRUE(ok(t.insert(key, 7, expiry::in(1s))));
      g.time.advance(1s);
    };
    expired("a");
    EXPECT_TRUE(ok(t.insert_new("a", 1)));
    expired("a");
    EXPECT_EQ(t.insert("a", 1), written::added);
    expired("a");
    EXPECT_EQ(t.insert("a", 7), written::added) << "also with the same value";
    expired("a");
    EXPECT_EQ(t.erase("a"), 0u);
    expired("a");
    EXPECT_EQ(t.erase("a", 7), 0u);
    expired("a");
    EXPECT_TRUE(refuses(t.take("a"), errc::not_found));
    expired("a");
    EXPECT_TRUE(refuses(t.update("a", [](std::int64_t v) { return v; }), errc::not_found));
    EXPECT_TRUE(refuses(t.touch("a", expiry::in(1h)), errc::not_found));
    EXPECT_TRUE(refuses(t.persist("a"), errc::not_found));
    EXPECT_TRUE(refuses(t.update_counter("a"), errc::not_found));
    EXPECT_EQ(t.update_counter("a", 1, {.initial = 10}), 11);
    expired("a");
    EXPECT_EQ(t.upsert("a", 3, [](std::int64_t v) { return v + 1; }), 3);
    expired("a");
    std::optional<std::int64_t> none;
    EXPECT_EQ(t.compare_exchange("a", none, 5), true);
    expired("a");
    none = 7;
    EXPECT_EQ(t.compare_exchange("a", none, 5), false);
    EXPECT_EQ(none, std::nullopt);
    EXPECT_EQ(t.get_or_compute("a", [] { return std::int64_t{9}; }), 9);
    expired("a");
    EXPECT_TRUE(ok(t.insert_new_range({{"a", 1}, {"b", 2}})));
    expired("a");
    shelf::batch<std::string, std::int64_t> b;
    b.insert("a", 1);
    b.erase("b");
    EXPECT_EQ(t.write(b), (write_counts{.added = 1, .erased = 1}));
    EXPECT_EQ(contents(t), (entries{{"a", 1}}));
    g.reopen(t);
    EXPECT_EQ(contents(t), (entries{{"a", 1}}));
  });
}

TYPED_TEST(Expiry, InsertSetsTheTimeToLiveAnewAndOtherVerbsKeepTheDeadline) {
  this->everywhere([](auto& g) {
    auto t = g.open(10s);
    const auto at = [&](const char* key) { return or_throw(t.expires_at(key)); };
    ASSERT_TRUE(ok(t.insert("a", 1)));
    EXPECT_EQ(at("a"), year_2026 + 10s);
    g.time.advance(3s);
    ASSERT_TRUE(ok(t.update("a", [](std::int64_t v) { return v + 1; })));
    ASSERT_TRUE(ok(t.update_counter("a", 5)));
    ASSERT_TRUE(ok(t.upsert("a", 0, [](std::int64_t v) { return v + 1; })));
    std::optional<std::int64_t> expected = 8;
    EXPECT_EQ(t.compare_exchange("a", expected, 9), true);
    EXPECT_EQ(t.update_if([](std::string_view, std::int64_t) { return true; },
                          [](std::int64_t& v) { ++v; }),
              1u);
    ASSERT_TRUE(ok(t.insert("a", 11, expiry::keep())));
    EXPECT_EQ(t.lookup("a"), 11);
    EXPECT_EQ(at("a"), year_2026 + 10s);
    ASSERT_TRUE(ok(t.insert("a", 11)));
    EXPECT_EQ(at("a"), year_2026 + 13s);
    ASSERT_TRUE(ok(t.insert("b", 1, expiry::keep())));
    EXPECT_EQ(at("b"), year_2026 + 13s) << "nothing to keep: the time to live";
    ASSERT_TRUE(ok(t.insert("b", 1, expiry::never())));
    EXPECT_EQ(at("b"), std::nullopt);
    ASSERT_TRUE(ok(t.insert("b", 2, expiry::keep())));
    EXPECT_EQ(at("b"), std::nullopt);
    ASSERT_TRUE(ok(t.update_counter("c", 1, {.initial = 0})));
    EXPECT_EQ(at("c"), year_2026 + 13s);
    ASSERT_TRUE(ok(t.update_counter("d", 1, {.initial = 0, .expiry = expiry::in(1min)})));
    EXPECT_EQ(at("d"), year_2026 + 63s);
    ASSERT_TRUE(ok(t.update_counter("d", 1, {.initial = 0, .expiry = expiry::in(1h)})));
    EXPECT_EQ(at("d"), year_2026 + 63s) << "only a counter that is created";
    ASSERT_TRUE(ok(t.insert_range({{"e", 1}, {"f", 2}}, expiry::at(year_2026 + 1h))));
    EXPECT_EQ(at("f"), year_2026 + 1h);
    ASSERT_TRUE(ok(t.get_or_compute("g", [] { return kept{std::int64_t{1}, expiry::in(2s)}; })));
    EXPECT_EQ(at("g"), year_2026 + 5s);
    const auto before = contents(t);
    g.reopen(t);
    EXPECT_EQ(contents(t), before);
    EXPECT_EQ(at("a"), year_2026 + 13s);
    EXPECT_EQ(at("b"), std::nullopt);
    EXPECT_EQ(at("g"), year_2026 + 5s);
  });
}

TYPED_TEST(Expiry, TouchMovesADeadlineAndASnapshotKeepsTheOldOne) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1, expiry::in(5s))));
    const auto old = t.snapshot();
    EXPECT_TRUE(ok(t.touch("a", expiry::in(1h))));
    EXPECT_EQ(or_throw(t.expires_at("a")), optional_time(year_2026 + 1h));
    g.time.advance(6s);
    EXPECT_EQ(t.lookup("a"), 1);
    EXPECT_TRUE(old.contains("a")) << "it has one fixed moment";
    EXPECT_TRUE(ok(t.touch("a", expiry::keep())));
    EXPECT_TRUE(ok(t.persist("a")));
    EXPECT_EQ(or_throw(t.expires_at("a")), optional_time());
    g.reopen(t);
    EXPECT_EQ(or_throw(t.expires_at("a")), optional_time());
    EXPECT_TRUE(ok(t.touch("a", expiry::at(year_2026))));
    EXPECT_FALSE(t.contains("a")) << "a deadline that has passed";
    EXPECT_TRUE(refuses(t.touch("b", expiry::in(1s)), errc::not_found));
    g.reopen(t);
    EXPECT_FALSE(t.contains("a"));
  });
}

TYPED_TEST(Expiry, ASnapshotShowsWhatWasThereWhenItWasTaken) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1, expiry::in(5s))));
    ASSERT_TRUE(ok(t.insert("b", 1, expiry::in(1s))));
    g.time.advance(1s);
    const auto moment = t.snapshot();
    g.time.advance(1h);
    EXPECT_EQ(sorted(moment), (entries{{"a", 1}}));
    sweep(t);
    EXPECT_EQ(t.size(), 0u);
    EXPECT_EQ(sorted(moment), (entries{{"a", 1}}));
    EXPECT_EQ(moment.lookup("a"), 1);
    EXPECT_TRUE(contents(t).empty());
  });
}

TYPED_TEST(Expiry, PurgeErasesWhatHasExpiredAndNothingElse) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    for (int i = 0; i < 2000; ++i) {
      ASSERT_TRUE(ok(t.insert(std::to_string(i), i, expiry::in(milliseconds(i + 1)))));
    }
    ASSERT_TRUE(ok(t.insert("stays", 1)));
    g.time.advance(1000ms);
    EXPECT_EQ(t.purge_expired(), 1000u);
    EXPECT_EQ(t.size(), 1001u);
    EXPECT_EQ(t.purge_expired(), 0u);
    EXPECT_EQ(or_throw(t.stats()).expired, 0u);
    g.reopen(t);
    EXPECT_EQ(t.size(), 1001u);
    g.time.advance(1h);
    EXPECT_EQ(t.purge_expired(), 1000u);
    EXPECT_EQ(contents(t), (entries{{"stays", 1}}));
  });
}

TYPED_TEST(Expiry, DeadlinesSurviveCompactionReloadAndCopy) {
  this->everywhere([](auto& g) {
    if (g.how == keeping::memory) return;
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1, expiry::in(5s))));
    ASSERT_TRUE(ok(t.insert("b", 2, expiry::in(9s))));
    ASSERT_TRUE(ok(t.insert("c", 3)));
    ASSERT_TRUE(ok(t.save()));
    ASSERT_TRUE(ok(t.compact()));
    ASSERT_TRUE(ok(t.touch("b", expiry::in(20s))));
    ASSERT_TRUE(ok(t.save()));
    ASSERT_TRUE(ok(t.reload()));
    EXPECT_EQ(or_throw(t.expires_at("a")), optional_time(year_2026 + 5s));
    EXPECT_EQ(or_throw(t.expires_at("b")), optional_time(year_2026 + 20s));
    ASSERT_TRUE(ok(t.close()));
    ASSERT_TRUE(ok(copy(path, "other.shelf", {.system = &g.disk})));
    ASSERT_TRUE(ok(check("other.shelf", {.system = &g.disk})));
    auto c = g.config();
    c.path = "other.shelf";
    c.clock = &g.time;
    auto other = or_throw(decltype(t)::open(std::move(c)));
    EXPECT_EQ(or_throw(other.expires_at("a")), optional_time(year_2026 + 5s));
    EXPECT_EQ(or_throw(other.expires_at("b")), optional_time(year_2026 + 20s));
    EXPECT_EQ(or_throw(other.expires_at("c")), optional_time());
  });
}

TEST(ExpiryOrder, SeeksWalksAndQueuesSkipExpiredEntriesInBothDirections) {
  for (const auto how : every_keeping) {
    timed_ground<kind::ordered_set> g(how);
    auto t = g.open();
    for (const char* key : {"a", "b", "d", "e", "g"}) {
      ASSERT_TRUE(ok(t.insert(key, 1, expiry::in(1s))));
    }
    for (const char* key : {"c", "f"}) ASSERT_TRUE(ok(t.insert(key, 1)));
    g.time.advance(1s);
    EXPECT_EQ(or_throw(t.first()).first, "c");
    EXPECT_EQ(or_throw(t.last()).first, "f");
    EXPECT_EQ(or_throw(t.lower_bound("a")).first, "c");
    EXPECT_EQ(or_throw(t.upper_bound("c")).first, "f");
    EXPECT_EQ(or_throw(t.before("f")).first, "c");
    EXPECT_TRUE(refuses(t.before("c"), errc::not_found));
    EXPECT_TRUE(refuses(t.upper_bound("f"), errc::not_found));
    std::string seen;
    for (const auto& [key, value] : t.range("a", "z")) seen += key;
    for (const auto& [key, value] : t.reversed()) seen += key;
    EXPECT_EQ(seen, "cffc");
    EXPECT_EQ(or_throw(t.take_first()).first, "c");
    EXPECT_EQ(or_throw(t.take_last()).first, "f");
    EXPECT_TRUE(refuses(t.take_last(), errc::not_found));
  }
}

TEST(ExpirySets, ExpireKeysWithoutValues) {
  manual_clock time(year_2026);
  auto t = or_throw(shelf::set<std::string>::in_memory("t", {.clock = &time}));
  ASSERT_TRUE(ok(t.insert("a", expiry::in(1s))));
  ASSERT_TRUE(ok(t.insert("b")));
  time.advance(1s);
  EXPECT_FALSE(t.contains("a"));
  EXPECT_TRUE(t.contains("b"));
}

TEST(ExpiryInput, OfBadDurationsAndMomentsIsRefusedWithAReason) {
  timed_ground<kind::set> g(keeping::through);
  auto t = g.open();
  const auto refused = [&](const expiry& e, std::string_view why) {
    EXPECT_TRUE(refuses(t.insert("a", 1, e), errc::invalid_argument, {why}));
    EXPECT_TRUE(refuses(t.insert_new("a", 1, e), errc::invalid_argument, {why}));
    EXPECT_TRUE(refuses(t.insert_range(entries{{"a", 1}}, e), errc::invalid_argument, {why}));
    EXPECT_TRUE(refuses(t.touch("a", e), errc::invalid_argument, {why}));
    EXPECT_TRUE(refuses(t.update_counter("a", 1, {.initial = 0, .expiry = e}),
                        errc::invalid_argument, {why}));
    EXPECT_TRUE(refuses(t.get_or_compute("a", [&] { return kept{std::int64_t{1}, e}; }),
                        errc::invalid_argument, {why}));
  };
  refused(expiry::in(0s), "must be positive");
  refused(expiry::in(-1s), "must be positive");
  refused(expiry::in(std::chrono::hours::min()), "must be positive");
  refused(expiry::in(std::chrono::hours::max()), "too long");
  refused(expiry::in(std::chrono::duration<double>(1e300)), "too long");
  refused(expiry::in(std::chrono::duration<double>(std::numeric_limits<double>::infinity())),
          "too long");
  refused(expiry::in(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN())),
          "must be positive");
  refused(expiry::at(expiry::time(-1ms)), "before 1970");
  refused(expiry::at(expiry::latest + 1ms), "after 9999");
  EXPECT_TRUE(ok(t.insert("a", 1, expiry::in(1ns)))) << "rounded up to a millisecond";
  EXPECT_EQ(or_throw(t.expires_at("a")), optional_time(year_2026 + 1ms));
  EXPECT_TRUE(ok(t.insert("a", 1, expiry::in(std::chrono::years(8000)))));
  EXPECT_EQ(or_throw(t.expires_at("a")), optional_time(expiry::latest));
  EXPECT_TRUE(ok(t.insert("a", 1, expiry::at(expiry::time(0ms)))));
  EXPECT_FALSE(t.contains("a"));
  EXPECT_TRUE(ok(t.insert("a", 1, expiry::at(std::chrono::system_clock::time_point::max()))));
}

TEST(ExpiryInput, OfAConfigurationIsRefused) {
  using map = shelf::map<std::string, std::int64_t>;
  using tags = shelf::bag<std::string, std::int64_t>;
  simulation::simulated_disk disk;
  const auto open = [&](auto c) {
    c.path = path;
    c.system = &disk;
    return c;
  };
  EXPECT_TRUE(refuses(map::open(open(map::config{.ttl = -1s})), errc::invalid_argument, {"ttl"}));
  EXPECT_TRUE(refuses(map::open(open(map::config{.ttl = milliseconds::max()})),
                      errc::invalid_argument, {"ttl"}));
  EXPECT_TRUE(refuses(tags::open(open(tags::config{.ttl = 1s})), errc::invalid_argument, {"bag"}));
  EXPECT_TRUE(refuses(map::open(open(map::config{.clock_grace = -1s})), errc::invalid_argument,
                      {"clock_grace"}));
  EXPECT_TRUE(refuses(map::open(open(map::config{.format = file_format::dets, .ttl = 1s})),
                      errc::invalid_argument, {"DETS"}));
  EXPECT_TRUE(refuses(map::in_memory("t", {.ttl = -1s}), errc::invalid_argument, {"ttl"}));
  auto t = or_throw(map::open(open(map::config{.format = file_format::dets})));
  EXPECT_TRUE(refuses(t.insert("a", 1, expiry::in(1s)), errc::invalid_argument, {"DETS"}));
  EXPECT_TRUE(ok(t.insert("a", 1, expiry::never())));
  EXPECT_TRUE(refuses(t.touch("a", expiry::in(1s)), errc::invalid_argument, {"DETS"}));
}

// --- files ---------------------------------------------------------------------------------------

TEST(ExpiryFiles, ThatUseNoneOfItAreAsBefore) {
  const auto bytes_of = [](milliseconds grace) {
    timed_ground<kind::set> g(keeping::through);
    g.grace = grace;
    auto t = g.open();
    (void)or_throw(t.insert("a", 1));
    (void)or_throw(t.insert("a", 2, expiry::never()));
    or_throw(t.persist("a"));
    (void)or_throw(t.purge_expired());
    sweep(t);
    or_throw(t.close());
    return *g.disk.read_all(path);
  };
  const auto plain_bytes = [] {
    ground<kind::set> g(keeping::through);
    auto t = g.open();
    (void)or_throw(t.insert("a", 1));
    (void)or_throw(t.insert("a", 2));
    or_throw(t.close());
    return *g.disk.read_all(path);
  };
  (void)plain_bytes();  // the first table of a process draws its hash seed from the disk's numbers
  const auto plain = plain_bytes();
  EXPECT_EQ(bytes_of(60s), plain);
  EXPECT_EQ(plain[32], std::byte{0}) << "no incompatible feature";
}

TEST(ExpiryFiles, SayInTheHeaderThatTheyHaveDeadlines) {
  timed_ground<kind::set> g(keeping::through);
  auto t = g.open();
  ASSERT_TRUE(ok(t.insert("a", 1, expiry::in(1h))));
  or_throw(t.close());
  EXPECT_EQ((*g.disk.read_all(path))[32], std::byte{2});
  // A file without deadlines is one that older versions can read.
  t = g.open();
  ASSERT_TRUE(ok(t.persist("a")));
  ASSERT_TRUE(ok(t.compact()));
  or_throw(t.close());
  EXPECT_EQ((*g.disk.read_all(path))[32], std::byte{0});
}

TEST(ExpiryFiles, AreOpenedWithoutATimeToLiveAndStillExpire) {
  timed_ground<kind::set> g(keeping::through);
  auto t = g.open(5s);
  ASSERT_TRUE(ok(t.insert("a", 1)));
  or_throw(t.close());
  auto c = g.config();
  c.clock = &g.time;
  c.opening = opening::read_only;
  auto reader = or_throw(decltype(t)::open(std::move(c)));
  EXPECT_EQ(reader.lookup("a"), 1);
  g.time.advance(5s);
  EXPECT_FALSE(reader.contains("a"));
  visit(reader);
  EXPECT_EQ(reader.size(), 1u) << "a reader sweeps nothing";
}

}  // namespace
}  // namespace shelf::suite
