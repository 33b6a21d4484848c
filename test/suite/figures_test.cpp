// SUITE  every verb over every kind, write mode and store
// Figures of writes and reads, and the list of what is open.
#include "suite/database_ground.hpp"

#include <algorithm>
#include <thread>

namespace shelf::suite {
namespace {

TEST(DurationHistogram, KnowsItsPercentiles) {
  duration_histogram h;
  EXPECT_EQ(h.count(), 0u);
  EXPECT_EQ(h.percentile(0.5).count(), 0);
  h.counts[4] = 90;  // below 16 ns
  h.counts[20] = 10;
  EXPECT_EQ(h.count(), 100u);
  EXPECT_EQ(h.percentile(0).count(), 16);
  EXPECT_EQ(h.percentile(0.9).count(), 16);
  EXPECT_EQ(h.percentile(0.91).count(), 1 << 20);
  EXPECT_EQ(h.percentile(1).count(), 1 << 20);
}

TEST(Figures, CountWritesTheirGroupsAndSyncs) {
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    bank b(how);
    const auto before = or_throw(b.accounts.stats()).writes;
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(ok(b.accounts.insert("k" + std::to_string(i), i)));
    }
    ASSERT_TRUE(ok(b.db.transact([&](transaction& tx) { return tx(b.visits).insert("a", 1); })));
    ASSERT_TRUE(ok(b.db.sync()));
    const auto after = or_throw(b.accounts.stats()).writes;
    EXPECT_EQ(after.operations - before.operations, 101u);
    EXPECT_EQ(after.groups - before.groups, 101u) << "one thread: each has a group of its own";
    EXPECT_GE(after.turn.count(), 101u / 64);
    EXPECT_LE(after.turn.count(), after.groups / 64 + 1);
    EXPECT_EQ(after.append.count() > 0, how != keeping::back);
    EXPECT_EQ(after.sync.count() > before.sync.count(), how != keeping::back);
    EXPECT_EQ(or_throw(b.db.stats()).all.writes.operations, after.operations);
  }
}

TEST(Figures, CountReadsOnlyWhereTheyAreAskedFor) {
  ground<kind::set> g(keeping::through);
  auto c = g.config();
  EXPECT_FALSE(g.open().stats()->reads.has_value());
  c.metrics = metrics::reads;
  auto t = or_throw(decltype(g)::table::open(c));
  ASSERT_TRUE(ok(t.insert("a", 1)));
  std::thread other([&] {
    for (int i = 0; i < 300; ++i) EXPECT_EQ(t.lookup("a"), 1);
  });
  for (int i = 0; i < 300; ++i) EXPECT_FALSE(t.lookup("none"));
  other.join();
  EXPECT_TRUE(t.contains("a"));
  EXPECT_FALSE(t.contains("none"));
  EXPECT_TRUE(ok(t.lookup_many({"a", "none", "a"})));
  const auto reads = *or_throw(t.stats()).reads;
  EXPECT_EQ(reads.hits, 300u + 1 + 2);
  EXPECT_EQ(reads.misses, 300u + 1 + 1);
  EXPECT_GE(reads.lookup.count(), 2u);
  EXPECT_LE(reads.lookup.count(), 6u);
}

TEST(OpenTables, ListWhatIsOpenInTheProcess) {
  const auto labels = [] {
    std::vector<std::string> all;
    for (const auto& t : tables()) all.push_back(t.label + "/" + t.name);
    return all;
  };
  const auto before = labels().size();
  bank b(keeping::durable);
  auto memory = map<int, int>::in_memory("cache");
  ASSERT_TRUE(ok(memory.insert(1, 1)));
  EXPECT_EQ(labels().size(), before + 3);
  const auto all = tables();
  const auto found = std::ranges::find(all, "cache", &open_table::label);
  ASSERT_NE(found, all.end());
  EXPECT_EQ(found->entries, 1u);
  EXPECT_EQ(found->path, "");
  EXPECT_GT(found->memory_bytes, 0u);
  const auto of_bank = std::ranges::find(all, "visits", &open_table::name);
  ASSERT_NE(of_bank, all.end());
  EXPECT_EQ(of_bank->path, path);
  EXPECT_EQ(of_bank->mode, write_mode::durable);
  EXPECT_EQ(of_bank->what, kind::set);
  EXPECT_FALSE(of_bank->is_read_only);
  ASSERT_TRUE(ok(b.db.close()));
  memory.abandon();
  EXPECT_EQ(labels().size(), before);
}

}  // namespace
}  // namespace shelf::suite
