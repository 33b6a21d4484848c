// SUITE  every verb over every kind, write mode and store
// write(batch): inserts and erases in one step.
#include "budget.hpp"
#include "suite/ground.hpp"

#include <limits>
#include <random>
#include <vector>

namespace shelf::suite {
namespace {

using batch = shelf::batch<std::string, std::int64_t>;

template <class Kind>
class Batch : public each_kind<Kind> {};
TYPED_TEST_SUITE(Batch, all_kinds, kind_names);

TYPED_TEST(Batch, ItsInsertsAndErasesHappenInTheirOrder) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range({{"alice", 1}, {"bob", 2}})));
    batch changes;
    changes.insert("carol", 3).erase("alice").insert("alice", 4).erase("bob", 2).erase("carol");
    EXPECT_EQ(t.write(changes), (write_counts{.added = 2, .erased = 3}));
    EXPECT_EQ(contents(t), (entries{{"alice", 4}}));
    EXPECT_EQ(t.size(), 1u);
    g.reopen(t);
    EXPECT_EQ(contents(t), (entries{{"alice", 4}}));
  });
}

TYPED_TEST(Batch, ItCountsWhatBecameOfItsEntries) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}})));
    batch changes;
    changes.insert("a", 1).insert("a", 5).insert("c", 3);
    changes.erase("b").erase("b").erase("nobody").erase("c", 8);
    const auto counts = t.write(changes);
    if (TypeParam::value == kind::duplicate_bag) {
      EXPECT_EQ(counts, (write_counts{.added = 3, .erased = 1}));
    } else if (TypeParam::value == kind::bag) {
      EXPECT_EQ(counts, (write_counts{.added = 2, .unchanged = 1, .erased = 1}));
    } else {
      EXPECT_EQ(counts, (write_counts{.added = 1, .replaced = 1, .unchanged = 1, .erased = 1}));
    }
  });
}

TYPED_TEST(Batch, ErasingAKeyOfABagCountsItsValues) {
  if constexpr (is_bag(TypeParam::value)) {
    this->everywhere([](auto& g) {
      auto t = g.open();
      ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"a", 2}, {"a", 3}})));
      EXPECT_EQ(t.write(batch().insert("a", 4).erase("a")),
                (write_counts{.added = 1, .erased = 4}));
      EXPECT_TRUE(t.empty());
    });
  }
}

TYPED_TEST(Batch, OneWithoutEffectWritesNothing) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    const auto before = or_throw(t.stats());
    EXPECT_EQ(t.write(batch()), write_counts{});
    EXPECT_EQ(t.write(batch().erase("b").erase("a", 2)), write_counts{});
    const auto after = or_throw(t.stats());
    EXPECT_EQ(after.sequence, before.sequence);
    EXPECT_EQ(after.file_bytes, before.file_bytes);
  });
}

TYPED_TEST(Batch, ItStaysAsItIsAndIsWrittenAgain) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    batch changes;
    changes.erase("a").insert("a", 1);
    EXPECT_EQ(changes.size(), 2u);
    EXPECT_EQ(t.write(changes), write_counts{.added = 1});
    EXPECT_EQ(t.write(changes), (write_counts{.added = 1, .erased = 1}));
    changes.clear();
    EXPECT_TRUE(changes.empty());
    EXPECT_EQ(t.write(changes), write_counts{});
    EXPECT_EQ(contents(t), (entries{{"a", 1}}));
  });
}

TYPED_TEST(Batch, OneThatTheDiskRefusesChangesNothing) {
  this->where_writes_reach_the_file([](auto& g) {
    if (g.lacks(capability::full_disks)) return;
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}})));
    const auto before = contents(t);
    const auto changes = batch().erase("a").insert("b", 3).insert("c", 4);
    g.disk.inject({.kind = simulation::call::write, .nth = 1, .error = ENOSPC});
    EXPECT_TRUE(refuses(t.write(changes), errc::no_space));
    g.disk.clear_faults();
    EXPECT_EQ(contents(t), before);
    EXPECT_TRUE(ok(t.write(changes)));
    const auto after = contents(t);
    EXPECT_NE(after, before);
    g.reopen(t);
    EXPECT_EQ(contents(t), after);
  });
}

TYPED_TEST(Batch, AnEntryBeyondTheLimitMakesTheWholeBatchFail) {
  auto c = typename Batch<TypeParam>::table_of_kind::config();
  simulation::simulated_disk disk;
  c.path = path;
  c.system = &disk;
  c.limits.entry_bytes = 1000;
  auto t = or_throw(TestFixture::table_of_kind::open(c));
  ASSERT_TRUE(ok(t.insert("a", 1)));
  const auto changes = batch().erase("a").insert(std::string(2000, 'k'), 1);
  EXPECT_TRUE(refuses(t.write(changes), errc::size_limit_exceeded, {path, "1000"}));
  EXPECT_EQ(contents(t), (entries{{"a", 1}}));
}

TYPED_TEST(Batch, AClosedOrReadOnlyTableRefusesIt) {
  this->in_every_file([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.close()));
    EXPECT_TRUE(refuses(t.write(batch().erase("a")), errc::table_closed));
    auto c = g.config();
    c.opening = opening::read_only;
    t = or_throw(std::remove_reference_t<decltype(g)>::table::open(c));
    EXPECT_TRUE(refuses(t.write(batch().erase("a")), errc::read_only));
  });
}

/// Each batch moves an entry from one key to another: whoever looks sees it once.
TYPED_TEST(Batch, ASnapshotHoldsAllOfItOrNothing) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("left", 1)));
    const auto before = t.snapshot();
    ASSERT_TRUE(ok(t.write(batch().erase("left").insert("right", 1))));
    EXPECT_EQ(sorted(before), (entries{{"left", 1}}));
    EXPECT_EQ(contents(t), (entries{{"right", 1}}));
  });
}

TYPED_TEST(Batch, OfManyChangesDoesWhatTheSingleCallsDo) {
  std::mt19937_64 dice(7);
  const auto roll = [&](std::size_t sides) { return static_cast<std::int64_t>(dice() % sides); };
  this->everywhere([&](auto& g) {
    auto t = g.open();
    auto one_by_one = ground<TypeParam::value>(keeping::memory).open();
    for (std::size_t round = 0; round < test::budgeted(8); ++round) {
      batch changes;
      write_counts expected;
      const auto count = roll(200);
      for (std::int64_t i = 0; i < count; ++i) {
        const auto key = "k" + std::to_string(roll(20));
        const auto value = roll(4);
        switch (roll(4)) {
          case 0:
            changes.erase(key);
            expected.erased += or_throw(one_by_one.erase(key));
            break;
          case 1:
            changes.erase(key, value);
            expected.erased += or_throw(one_by_one.erase(key, value));
            break;
          default:
            changes.insert(key, value);
            switch (or_throw(one_by_one.insert(key, value))) {
              case written::added: ++expected.added; break;
              case written::replaced: ++expected.replaced; break;
              case written::unchanged: ++expected.unchanged; break;
            }
        }
      }
      ASSERT_EQ(t.write(changes), expected);
      ASSERT_EQ(contents(t), contents(one_by_one));
      if (round % 3 == 0 && g.how != keeping::memory) {
        ASSERT_TRUE(ok(t.save()));
      }
    }
    g.reopen(t);
    EXPECT_EQ(contents(t), contents(one_by_one));
  });
}

TEST(BatchOfMap, AKeyOrValueThatCannotBeStoredMakesTheWholeBatchFail) {
  auto t = shelf::map<std::string, double>::in_memory("numbers");
  ASSERT_TRUE(ok(t.insert("a", 1)));
  shelf::batch<std::string, double> changes;
  changes.erase("a").insert("b", std::numeric_limits<double>::quiet_NaN()).insert("c", 3);
  EXPECT_TRUE(refuses(t.write(changes), errc::invalid_argument, {"numbers: NaN"}));
  EXPECT_EQ(t.size(), 1u);
  changes.clear();
  EXPECT_TRUE(ok(t.write(changes.insert("c", 3))));
}

TEST(BatchOfMap, OneWhoseWriteFailsIsNotEmpty) {
  auto t = shelf::map<std::string, double>::in_memory("numbers");
  shelf::batch<std::string, double> changes;
  changes.insert("a", std::numeric_limits<double>::quiet_NaN());
  EXPECT_FALSE(changes.empty());
  EXPECT_EQ(changes.size(), 1u);
  EXPECT_TRUE(refuses(t.write(changes), errc::invalid_argument));
  EXPECT_EQ(changes.insert("b", 1).erase("c").size(), 3u);
  changes.clear();
  EXPECT_TRUE(changes.empty());
}

/// Holds itself: a record and a list per level.
struct doll {
  std::vector<doll> inside;
};
[[nodiscard]] doll nested(int levels) {
  doll made;
  for (int i = 1; i < levels; ++i) made = doll{{std::move(made)}};
  return made;
}

TEST(BatchOfMap, NestingIsBoundedByTheTableThatTakesIt) {
  using deep_table = shelf::map<std::int64_t, doll>;
  simulation::simulated_disk disk;
  const auto open = [&](std::size_t nesting) {
    return or_throw(deep_table::open({.path = std::to_string(nesting) + ".shelf",
                                      .limits = {.nesting = nesting},
                                      .system = &disk}));
  };
  auto shallow = open(10);
  auto usual = open(256);
  auto deep = open(1024);
  const auto changes = deep_table::batch_type().erase(1).insert(2, nested(120));
  EXPECT_TRUE(refuses(shallow.write(changes), errc::size_limit_exceeded, {"10 levels"}));
  EXPECT_TRUE(ok(usual.write(changes)));
  EXPECT_TRUE(ok(deep.write(changes)));
  const auto deeper = deep_table::batch_type().insert(3, nested(200)).erase(1, nested(2));
  EXPECT_TRUE(refuses(usual.write(deeper), errc::size_limit_exceeded, {"256 levels"}));
  EXPECT_TRUE(ok(deep.write(deeper)));
  EXPECT_EQ(deep.size(), 2u);
}

}  // namespace
}  // namespace shelf::suite
