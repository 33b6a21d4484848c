// SUITE  every verb over every kind, write mode and store
// The sweep: what it erases and when, and what it makes of clocks that jump.
#include "suite/expiry_ground.hpp"

#include "journal/journal_view.hpp"

#include <random>

namespace shelf::suite {
namespace {

template <class Kind>
class Sweep : public testing::Test {
 protected:
  static constexpr kind what = Kind::value;
  template <class F>
  static void everywhere(expiry::time boot, F body) {
    for (const auto how : every_keeping) {
      SCOPED_TRACE(to_string(how));
      timed_ground<what> g(how, boot);
      body(g);
    }
  }
  template <class F>
  static void everywhere(F body) {
    everywhere(year_2026, body);
  }
};
TYPED_TEST_SUITE(Sweep, map_kinds, kind_names);

const expiry::time year_1970{milliseconds(1000)};
const expiry::time year_2099{milliseconds(4'070'908'800'000)};

/// Time passes in steps that a housekeeper makes.
template <class Ground, class Table>
void pass(Ground& g, Table& t, milliseconds time) {
  for (; time > 0ms; time -= 1s) {
    g.time.advance(std::min(time, milliseconds(1s)));
    visit(t);
  }
}

TYPED_TEST(Sweep, ErasesWhatHasExpiredAndNothingElse) {
  for (const auto boot : {year_2026, year_1970, year_2099}) {
    this->everywhere(boot, [](auto& g) {
      auto t = g.open();
      pass(g, t, 61s);
      for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(ok(t.insert(std::to_string(i), i, expiry::in(i % 2 == 0 ? 5s : 5h))));
      }
      ASSERT_TRUE(ok(t.insert("stays", 1)));
      sweep(t);
      EXPECT_EQ(t.size(), 1001u);
      g.time.advance(7s);
      visit(t);
      EXPECT_EQ(t.size(), 1001u - 256u) << "so many in a turn";
      sweep(t);
      EXPECT_EQ(t.size(), 501u);
      EXPECT_EQ(or_throw(t.stats()).expiring, 500u);
      g.reopen(t);
      EXPECT_EQ(t.size(), 501u);
      pass(g, t, 61s);
      g.time.advance(5h);
      sweep(t);
      EXPECT_EQ(contents(t), (entries{{"stays", 1}}));
      EXPECT_EQ(t.size(), 1u);
    });
  }
}

TYPED_TEST(Sweep, ErasesNothingInsideTheGraceTimeAfterOpen) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1, expiry::in(1s))));
    g.reopen(t);
    pass(g, t, 59s);
    EXPECT_FALSE(t.contains("a")) << "reads go by the wall clock at once";
    EXPECT_EQ(t.size(), 1u);
    pass(g, t, 4s);
    EXPECT_EQ(t.size(), 0u);
  });
}

TYPED_TEST(Sweep, DoesNotFollowAClockThatJumpsAheadBeforeTheGraceTimeIsOver) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    pass(g, t, 61s);
    ASSERT_TRUE(ok(t.insert("hour", 1, expiry::in(30min))));
    ASSERT_TRUE(ok(t.insert("soon", 1, expiry::in(10s))));
    const auto before = expiry::time(g.time.wall());
    g.time.set(before + 1h);
    visit(t);
    pass(g, t, 5s);
    EXPECT_FALSE(t.contains("hour"));
    EXPECT_EQ(t.size(), 2u) << "nothing is erased";
    pass(g, t, 10s);
    EXPECT_EQ(t.size(), 1u) << "what has expired by either clock is";
    g.time.set(before + 15s);
    visit(t);
    EXPECT_EQ(t.lookup("hour"), 1) << "nothing was lost";
    g.time.set(before + 1h);
    pass(g, t, 62s);
    EXPECT_EQ(t.size(), 0u) << "a clock that stands is trusted";
  });
}

TYPED_TEST(Sweep, AClockThatJumpsBackMayShowWhatWasNotSwept) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    pass(g, t, 61s);
    ASSERT_TRUE(ok(t.insert("swept", 1, expiry::in(1s))));
    ASSERT_TRUE(ok(t.insert("kept", 1, expiry::in(10min))));
    pass(g, t, 5s);
    EXPECT_EQ(t.size(), 1u);
    const auto before = expiry::time(g.time.wall());
    g.time.set(before + 11min);
    EXPECT_FALSE(t.contains("kept"));
    g.time.set(before - 1h);
    EXPECT_EQ(contents(t), (entries{{"kept", 1}})) << "what was swept never comes back";
    ASSERT_TRUE(ok(t.insert("new", 1, expiry::in(2s))));
    pass(g, t, 120s);
    EXPECT_EQ(contents(t), (entries{{"kept", 1}}));
    EXPECT_EQ(t.size(), 1u);
    pass(g, t, 70min + 12min);
    EXPECT_EQ(t.size(), 0u);
  });
}

TYPED_TEST(Sweep, OfATouchedEntryGoesByTheLastDeadline) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    pass(g, t, 61s);
    ASSERT_TRUE(ok(t.insert("a", 1, expiry::in(5s))));
    for (int i = 0; i < 100; ++i) {
      pass(g, t, 3s);
      ASSERT_TRUE(ok(t.touch("a", expiry::in(5s))));
    }
    EXPECT_EQ(t.lookup("a"), 1);
    EXPECT_EQ(or_throw(t.stats()).expiring, 1u);
    ASSERT_TRUE(ok(t.persist("a")));
    pass(g, t, 1min);
    EXPECT_EQ(t.lookup("a"), 1);
    EXPECT_EQ(or_throw(t.stats()).expiring, 0u);
  });
}

TYPED_TEST(Sweep, ThatTheDiskRefusesErasesNothingAndIsTriedAgain) {
  for (const auto how : at_once) {
    timed_ground<TypeParam::value> g(how);
    auto t = g.open();
    pass(g, t, 61s);
    ASSERT_TRUE(ok(t.insert("a", 1, expiry::in(1s))));
    g.time.advance(5s);
    g.disk.inject({.kind = simulation::call::write, .nth = 1, .error = ENOSPC});
    visit(t);
    EXPECT_EQ(t.size(), 1u);
    g.disk.clear_faults();
    sweep(t);
    EXPECT_EQ(t.size(), 0u);
  }
}

/// Sees what a file says of why entries went.
class causes final : public journal::visitor {
 public:
  result<> visit(const journal::change& c, std::uint64_t) override {
    if (c.what == journal::op::erase) seen.push_back(c.flags);
    return {};
  }
  result<> committed(std::uint64_t) override { return {}; }
  std::vector<std::uint8_t> seen;
};

TEST(SweepRecords, SayThatTheEntryHadExpired) {
  timed_ground<kind::set> g(keeping::through);
  auto t = g.open();
  pass(g, t, 61s);
  ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 1}}, expiry::in(1s))));
  ASSERT_TRUE(ok(t.erase("b")));
  g.time.advance(5s);
  sweep(t);
  or_throw(t.close());
  const auto where = or_throw(file::location::find(g.disk, path, std::nullopt));
  const auto view = or_throw(journal::journal_view::open(where));
  causes seen;
  ASSERT_TRUE(ok(view->replay(seen)));
  EXPECT_EQ(seen.seen, (std::vector<std::uint8_t>{0, journal::flag::expired}));
}

/// The whole way of random writes, time and sweeps, against a map with deadlines.
TYPED_TEST(Sweep, AndAllVerbsAgreeWithAModel) {
  struct value {
    std::int64_t content;
    std::int64_t until;  // milliseconds; 0 is never
  };
  for (const auto how : every_keeping) {
    for (unsigned seed = 0; seed < 6; ++seed) {
      timed_ground<TypeParam::value> g(how);
      auto t = g.open(20s);
      std::map<std::string, value> model;
      std::mt19937 dice(seed);
      const auto roll = [&](unsigned sides) { return static_cast<int>(dice() % sides); };
      const auto now = [&] { return g.time.wall().count(); };
      const auto live = [&](const std::string& key) {
        const auto found = model.find(key);
        const bool there =
            found != model.end() && (found->second.until == 0 || found->second.until > now());
        return there ? &found->second : nullptr;
      };
      for (int step = 0; step < 400; ++step) {
        const auto key = "k" + std::to_string(roll(12));
        const std::int64_t v = roll(4);
        auto* const there = live(key);
        const std::int64_t soon = now() + 1000 + roll(30'000);
        const auto until = expiry::at(expiry::time(milliseconds(soon)));
        switch (roll(12)) {
          case 0: {
            const bool same =
                there != nullptr && there->content == v && there->until == now() + 20'000;
            ASSERT_EQ(t.insert(key, v), there == nullptr ? written::added
                                        : same           ? written::unchanged
                                                         : written::replaced);
            model[key] = {v, now() + 20'000};
            break;
          }
          case 1:
            ASSERT_TRUE(ok(t.insert(key, v, until)));
            model[key] = {v, soon};
            break;
          case 2:
            ASSERT_TRUE(ok(t.insert(key, v, expiry::never())));
            model[key] = {v, 0};
            break;
          case 3:
            ASSERT_TRUE(ok(t.insert(key, v, expiry::keep())));
            model[key] = {v, there != nullptr ? there->until : now() + 20'000};
            break;
          case 4:
            ASSERT_EQ(t.touch(key, until).has_value(), there != nullptr);
            if (there != nullptr) there->until = soon;
            break;
          case 5:
            ASSERT_EQ(t.erase(key), there != nullptr ? 1u : 0u);
            model.erase(key);
            break;
          case 6: {
            const auto sum = t.update_counter(key, 1, {.initial = 5});
            if (there == nullptr) model[key] = {5, now() + 20'000};
            ASSERT_EQ(sum, ++model[key].content);
            break;
          }
          case 7:
            ASSERT_EQ(t.insert_new(key, v, until).has_value(), there == nullptr);
            if (there == nullptr) model[key] = {v, soon};
            break;
          case 8: {
            const auto got = t.take(key);
            ASSERT_EQ(got.has_value(), there != nullptr);
            if (there != nullptr) {
              ASSERT_EQ(*got, there->content);
            }
            model.erase(key);
            break;
          }
          case 9: pass(g, t, milliseconds(roll(15'000))); break;
          case 10: g.reopen(t); break;
          default: g.time.advance(milliseconds(roll(3000))); break;
        }
        entries expected;
        for (const auto& [k, kept] : model) {
          if (live(k) != nullptr) expected.emplace_back(k, kept.content);
        }
        ASSERT_EQ(contents(t), expected) << "step " << step << ", seed " << seed;
        const auto* const after = live(key);
        ASSERT_EQ(t.lookup(key).has_value(), after != nullptr);
        if (after == nullptr) continue;
        const auto at = or_throw(t.expires_at(key));
        ASSERT_EQ(at ? at->time_since_epoch().count() : 0, after->until);
      }
    }
  }
}

}  // namespace
}  // namespace shelf::suite
