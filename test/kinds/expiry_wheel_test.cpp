// TEST  kinds
// The timing wheel against a plain list of deadlines.
#include "kinds/expiry_wheel.hpp"

#include "kinds/kinds.hpp"

#include <array>
#include <map>
#include <random>
#include <set>

namespace shelf::kinds {
namespace {

constexpr deadline year_2026 = 1'767'225'600'000;
constexpr deadline a_day = 86'400'000;

/// Entries in a wheel, and what a list says of them.
class wheel_and_list {
 public:
  explicit wheel_and_list(deadline now) { wheel.advance(now, 0); }
  ~wheel_and_list() {
    while (!entries.empty()) drop(entries.begin()->first);
  }
  void add(deadline until) {
    auto made = entry::make(as_bytes("k"), as_bytes("v"), until);
    wheel.reserve(1);
    wheel.link(made.get());
    entries.emplace(made.get(), std::move(made));
  }
  void drop(entry* e) {
    wheel.unlink(e);
    entries.erase(e);
  }
  [[nodiscard]] std::set<const entry*> expired(deadline now) const {
    std::set<const entry*> all;
    for (const auto& [e, owner] : entries) {
      if (e->is_expired(now)) all.insert(e);
    }
    return all;
  }
  [[nodiscard]] std::set<const entry*> due(deadline now) {
    while (!wheel.advance(now, 7)) {
    }
    std::vector<const entry*> found;
    wheel.collect_due(now, entries.size() + 1, true, found);
    const std::set<const entry*> all(found.begin(), found.end());
    EXPECT_EQ(all.size(), found.size()) << "an entry is due twice";
    return all;
  }

  memory::byte_count held;
  expiry_wheel wheel{held};
  std::map<entry*, entry::owner> entries;
};

TEST(ExpiryWheel, FindsExactlyWhatAListOfDeadlinesFinds) {
  for (const auto start : {deadline{0}, year_2026, deadline{253'402'300'700'000}}) {
    for (unsigned seed = 0; seed < 8; ++seed) {
      std::mt19937_64 dice(seed);
      wheel_and_list w(start);
      auto now = start;
      for (std::uint64_t step = 0; step < scaled(3000); ++step) {
        const auto reach = std::array<deadline, 6>{1000,  70'000,      5'000'000,
                                                   a_day, 300 * a_day, 3000 * a_day}[dice() % 6];
        if (dice() % 3 != 0) w.add(now + dice() % reach);
        if (dice() % 5 == 0 && !w.entries.empty()) {
          auto which = w.entries.begin();
          std::advance(which, static_cast<std::ptrdiff_t>(dice() % w.entries.size()));
          w.drop(which->first);
        }
        now += dice() % (dice() % 50 == 0 ? reach : 3000);
        ASSERT_EQ(w.wheel.size(), w.entries.size());
        ASSERT_EQ(w.wheel.count_due(now), w.expired(now).size()) << seed << ' ' << step;
        ASSERT_EQ(w.due(now), w.expired(now)) << seed << ' ' << step;
        if (dice() % 4 != 0) continue;
        for (const auto* e : w.expired(now)) w.drop(const_cast<entry*>(e));
      }
    }
  }
}

TEST(ExpiryWheel, IsPutInOrderAnewWhenTimeGoesBack) {
  wheel_and_list w(year_2026);
  for (deadline d = 0; d < 40; ++d) w.add(year_2026 + d * 3'600'000);
  EXPECT_EQ(w.due(year_2026 + 10 * a_day).size(), 40u);
  EXPECT_EQ(w.due(year_2026).size(), 1u);
  for (deadline hours = 1; hours < 40; ++hours) {
    EXPECT_EQ(w.due(year_2026 + hours * 3'600'000 - 1).size(), hours);
    EXPECT_EQ(w.due(year_2026 + hours * 3'600'000).size(), hours + 1);
  }
}

TEST(ExpiryWheel, IsNeverEarlyWithoutTheExactLook) {
  wheel_and_list w(year_2026);
  w.add(year_2026 + 500);
  std::vector<const entry*> found;
  for (deadline now = year_2026; now < year_2026 + 500; now += 10) {
    w.wheel.advance(now, 100);
    w.wheel.collect_due(now, 10, false, found);
    ASSERT_TRUE(found.empty()) << now - year_2026;
  }
  w.wheel.advance(year_2026 + 2500, 100);
  w.wheel.collect_due(year_2026 + 2500, 10, false, found);
  EXPECT_EQ(found.size(), 1u);
}

TEST(ExpiryWheel, TakesSixteenBytesPerEntryAndUsesThemAgain) {
  wheel_and_list w(year_2026);
  for (int i = 0; i < 10'000; ++i) w.add(year_2026 + 1);
  const auto held = w.held.value();
  EXPECT_LE(held, 10'000u * 16 + 3 * 512 * 16);
  while (w.entries.size() > 1) w.drop(w.entries.begin()->first);
  for (int i = 0; i < 9'000; ++i) w.add(year_2026 + 2);
  EXPECT_EQ(w.held.value(), held);
}

TEST(ExpiringEntry, KeepsItsDeadlineBehindItsValue) {
  const auto e = entry::make(as_bytes("key"), as_bytes("value"), year_2026);
  EXPECT_EQ(key_text(e.get()), "key");
  EXPECT_EQ(value_text(e.get()), "value");
  EXPECT_EQ(e->until(), year_2026);
  EXPECT_FALSE(e->is_expired(year_2026 - 1));
  EXPECT_TRUE(e->is_expired(year_2026));
  const auto plain = entry::make(as_bytes("key"), as_bytes("value"));
  EXPECT_EQ(plain->until(), no_deadline);
  EXPECT_FALSE(plain->is_expired(no_deadline));
  EXPECT_EQ(e->footprint(), plain->footprint() + 13);
  EXPECT_FALSE(plain->has_same_value(*e));
}

std::shared_ptr<contents> make_contents(kind what) {
  const auto compare = [](bytes a, bytes b) -> std::weak_ordering {
    return as_text(a) <=> as_text(b);
  };
  const auto prefix = [](bytes key) {
    return key.empty() ? std::uint64_t{0} : std::to_integer<std::uint64_t>(key.front());
  };
  return contents::make({.what = what, .order = {.compare = compare, .prefix = prefix}});
}

/// Every kind of change of a published entry finds its node of the wheel.
TEST(ExpiringContents, LinkWhatIsPublishedAndNothingElse) {
  for (const auto what : {kind::set, kind::ordered_set}) {
    const auto t = make_contents(what);
    const auto put = [&](std::string_view key, deadline until) {
      auto e = entry::make(as_bytes(key), as_bytes("v"), until);
      return t->stage_insert(e);
    };
    EXPECT_FALSE(t->has_deadlines());
    (void)put("a", 5);
    (void)put("b", 6);
    EXPECT_EQ(t->wheel().size(), 0u);
    publish(*t);
    EXPECT_TRUE(t->has_deadlines());
    EXPECT_EQ(t->wheel().size(), 2u);
    EXPECT_EQ(put("a", 5).what, staged::unchanged);
    EXPECT_EQ(put("a", 7).what, staged::replaced);
    t->discard();
    EXPECT_EQ(t->wheel().size(), 2u);
    (void)put("a", 8);
    (void)put("a", no_deadline);
    (void)put("a", 9);
    EXPECT_EQ(erase(*t, "b").what, staged::erased);
    (void)put("b", 10);
    (void)erase(*t, "b");
    (void)put("c", 11);
    (void)erase(*t, "c");
    publish(*t);
    EXPECT_EQ(t->wheel().size(), 1u);
    EXPECT_EQ(t->wheel().count_due(9), 1u);
    (void)put("a", no_deadline);
    publish(*t);
    EXPECT_EQ(t->wheel().size(), 0u);
  }
}

}  // namespace
}  // namespace shelf::kinds
