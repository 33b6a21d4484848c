// TEST  cluster
// Writes through the server: each verb as on a local table, once whatever the network does, and
// with an outcome that is true. Over the server in memory, step by step.
#include "budget.hpp"
#include "cluster_ground.hpp"
#include "shelf/batch.hpp"
#include "shelf/ordered_access.hpp"

#include <gmock/gmock.h>

#include <random>
#include <set>

namespace shelf::test {
namespace {

using namespace shelf::cluster;
using ::testing::HasSubstr;
using ages_table = map<std::string, int>;

const auto later = std::chrono::steady_clock::now() + std::chrono::hours(1);

buffer text(std::string_view content) {
  const auto t = term::binary(content);
  return {t.encoded().begin(), t.encoded().end()};
}
buffer number(std::int64_t value) {
  const auto t = term::integer(value);
  return {t.encoded().begin(), t.encoded().end()};
}
void put(fake_server& at, std::int32_t table, std::string_view key, int value) {
  const change c{
      .code = change_code::put, .table = table, .key = text(key), .content = number(value)};
  (void)or_throw(at.commit(
      {.base = *at.head({}), .nonce = random_uuid(), .waves = {{{.changes = {c}, .reads = {}}}}},
      {}));
}

/// What a call has returned, to be compared.
template <class T>
std::string said(const result<T>& r) {
  if (!r) return std::string(to_string(r.error().code()));
  if constexpr (std::is_void_v<T>) {
    return "ok";
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<int>(*r));
  } else if constexpr (requires { std::to_string(*r); }) {
    return std::to_string(*r);
  } else if constexpr (requires { r->first; }) {
    return r->first + "=" + std::to_string(r->second);
  } else {
    std::string all;
    for (const auto& v : *r) all += std::to_string(v) + ",";
    return all;
  }
}

std::string said(const result<write_counts>& r) {
  if (!r) return std::string(to_string(r.error().code()));
  return std::to_string(r->added) + "," + std::to_string(r->replaced) + "," +
         std::to_string(r->unchanged) + "," + std::to_string(r->erased);
}

std::string exchanged(random_tables& t, const std::string& key, std::optional<int> expected,
                      std::optional<int> desired) {
  const auto before = expected;
  const auto done = t.in_set.compare_exchange(key, expected, desired);
  return said(done) + (expected == before ? "" : " not " + std::to_string(before.value_or(-1)));
}

/// One random verb on tables of all kinds; what it says.
std::string random_verb(random_tables& t, std::uint64_t choice) {
  const auto key = "key" + std::to_string(choice % 5);
  const auto value = static_cast<int>(choice / 5 % 4);
  const auto other = static_cast<int>(choice / 20 % 4);
  switch (choice / 80 % 24) {
    case 0: return said(t.in_set.insert(key, value));
    case 1: return said(t.in_set.insert_new(key, value));
    case 2: return said(t.in_set.erase(key));
    case 3: return said(t.in_set.erase(key, value));
    case 4: return exchanged(t, key, value, other);
    case 5: return exchanged(t, key, std::nullopt, other);
    case 6: return said(t.in_set.update(key, [&](int v) { return v + value; }));
    case 7: return said(t.in_set.upsert(key, value, [&](int v) { return v - other; }));
    case 8: return said(t.in_set.take(key));
    case 9: {
      batch<std::string, int> b;
      b.insert(key, value);
      b.insert("key" + std::to_string(other), other);
      b.erase("key4");
      return said(t.in_set.write(b));
    }
    case 10: return said(t.in_set.insert_range({{key, value}, {"key0", other}}));
    case 11: return said(t.in_set.insert_new_range({{key, value}, {"key9", other}}));
    case 12: return said(t.in_order.insert(key, value));
    case 13: return said(t.in_order.take_first());
    case 14: return said(t.in_order.take_last());
    case 15: return said(t.in_order.insert_new(key, value));
    case 16: return said(t.in_bag.insert(key, value));
    case 17: return said(t.in_bag.erase(key, value));
    case 18: return said(t.in_bag.take(key));
    case 19: return said(t.in_duplicates.insert(key, value));
    case 20: return said(t.in_duplicates.erase(key, other));
    case 21: return said(t.in_counters.update_counter(key, value - 1));
    case 22: return said(t.in_set.erase_if([&](const std::string&, int v) { return v == value; }));
    default: break;
  }
  if (choice % 7 == 0) return said(t.in_set.clear());
  return said(t.in_counters.update_counter(key, 1, {.initial = 10}));
}

TEST(ClusterWrite, EveryVerbSaysAndDoesOnEachNodeWhatItDoesOnALocalTable) {
  for (std::uint64_t seed = 1; seed <= budgeted(20); ++seed) {
    SCOPED_TRACE(seed);
    fake_cluster c;
    std::mt19937_64 random(seed);
    random_tables nodes[] = {{.db = or_throw(open_random_tables(c, by_hand()))},
                             {.db = or_throw(open_random_tables(c, by_hand()))}};
    random_tables local{
        .db = or_throw(database::in_memory(declare<map<std::string, int>>("set"),
                                           declare<ordered_map<std::string, int>>("order"),
                                           declare<bag<std::string, int>>("bag"),
                                           declare<duplicate_bag<std::string, int>>("duplicates"),
                                           declare<map<std::string, std::int64_t>>("counters")))};
    for (int i = 0; i < 200; ++i) {
      const auto choice = random();
      // It may be the first that this node hears of what the other one has done. What begins with
      // a look at memory may have a look at the past.
      auto& node = nodes[random() % 2];
      const auto verb = choice / 80 % 24;
      if (verb == 6 || verb == 7 || verb == 22) or_throw(node.db.sync());
      ASSERT_EQ(random_verb(node, choice), random_verb(local, choice))
          << "verb " << verb << " in step " << i;
      or_throw(node.db.sync());
      ASSERT_EQ(node.entries(), local.entries()) << "verb " << verb;
    }
    for (auto& n : nodes) settle(n.db);
    EXPECT_EQ(nodes[0].entries(), nodes[1].entries());
    EXPECT_EQ(nodes[0].entries(), entries_of(*c.space));
  }
}

TEST(ClusterWrite, HappensOnceWhateverGetsLostAndIsReportedAsItHappened) {
  int unknown = 0;
  for (std::uint64_t seed = 1; seed <= budgeted(100); ++seed) {
    SCOPED_TRACE(seed);
    fake_cluster c;
    std::mt19937_64 random(seed);
    const auto chance = [&](unsigned per_cent) { return random() % 100 < per_cent; };
    using counters = map<std::string, std::int64_t>;
    database nodes[] = {or_throw(open_in(c, by_hand(6), declare<counters>("n"))),
                        or_throw(open_in(c, by_hand(6), declare<counters>("n")))};
    c.fails = [&](std::string_view) { return chance(15); };
    c.loses = [&](std::string_view which) { return which == "commit" && chance(25); };
    std::int64_t acknowledged = 0;
    std::int64_t in_doubt = 0;
    std::set<std::int64_t> values;
    for (int i = 0; i < 60; ++i) {
      auto n = nodes[random() % 2].table<counters>("n");
      if (!n) continue;
      const auto stepped = n->update_counter("k", 1, {.initial = 0});
      if (stepped) {
        ++acknowledged;
        EXPECT_TRUE(values.insert(*stepped).second) << "two steps have made " << *stepped;
      } else if (stepped.error() == errc::indeterminate) {
        ++in_doubt;
      } else {
        EXPECT_TRUE(stepped.error() == errc::unavailable || stepped.error() == errc::conflict)
            << stepped.error();
      }
      if (chance(5)) c.space->trim_to(2);
    }
    c.fails = [](std::string_view) { return false; };
    c.loses = c.fails;
    for (auto& db : nodes) or_throw(db.close());
    const auto all = entries_of(*c.space);
    ASSERT_EQ(all.size(), acknowledged + in_doubt == 0 ? 0u : 1u);
    const auto sum = or_throw(term::from_encoded(all.begin()->second.front())).as_integer();
    EXPECT_GE(*sum, acknowledged);
    EXPECT_LE(*sum, acknowledged + in_doubt);
    unknown += static_cast<int>(in_doubt);
  }
  EXPECT_GT(unknown, 0);
}

TEST(ClusterWrite, WhatAnotherNodeChangesBeforeTheCommitCountsAndNotWhatWasSeenBefore) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<ages_table>("ages")));
  auto ages = or_throw(db.table<ages_table>("ages"));
  int times = 0;
  const auto meanwhile = [&](std::function<void()> change) {
    times = 1;
    c.fails = [&times, change = std::move(change)](std::string_view which) {
      if (which == "commit" && times-- > 0) change();
      return false;
    };
  };
  meanwhile([&] { put(*c.space, 1, "a", 1); });
  EXPECT_EQ(ages.insert("a", 2), written::replaced);
  meanwhile([&] { put(*c.space, 1, "a", 3); });
  EXPECT_EQ(ages.insert("a", 3), written::unchanged);
  meanwhile([&] { put(*c.space, 1, "b", 1); });
  EXPECT_EQ(ages.insert_new("b", 2).error(), errc::key_already_present);
  meanwhile([&] { put(*c.space, 1, "b", 7); });
  std::optional<int> expected = 1;
  EXPECT_EQ(ages.compare_exchange("b", expected, 2), false);
  EXPECT_EQ(expected, 7);
  meanwhile([&] { put(*c.space, 1, "b", 10); });
  EXPECT_EQ(ages.update("b", [](int v) { return v + 1; }), 11);
  meanwhile([&] { put(*c.space, 1, "c", 1); });
  EXPECT_EQ(ages.erase("c"), 1u);
  meanwhile([&] { put(*c.space, 1, "b", 20); });
  EXPECT_EQ(ages.take("b"), 20);
  meanwhile([&] { put(*c.space, 1, "d", 1); });
  EXPECT_EQ(ages.clear(), 2u);
}

TEST(ClusterWrite, ThatWouldChangeNothingIsDecidedByWhatTheServerHasNow) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<ages_table>("ages")));
  auto ages = or_throw(db.table<ages_table>("ages"));
  EXPECT_TRUE(ages.insert_new("a", 1));
  const change gone{.code = change_code::erase, .table = 1, .key = text("a")};
  (void)or_throw(c.space->commit({.base = *c.space->head({}),
                                  .nonce = random_uuid(),
                                  .waves = {{{.changes = {gone}, .reads = {}}}}},
                                 {}));
  EXPECT_TRUE(ages.contains("a")) << "the replica has not heard of it";
  EXPECT_TRUE(ages.insert_new("a", 2));
  EXPECT_EQ(ages.lookup("a"), 2);
}

TEST(ClusterWrite, ThatWasNeverSentIsUnavailableAndNothingHasHappened) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(5), declare<ages_table>("ages")));
  auto ages = or_throw(db.table<ages_table>("ages"));
  c.fails = [](std::string_view) { return true; };
  const auto refused = ages.insert("a", 1);
  EXPECT_EQ(refused.error(), errc::unavailable);
  EXPECT_THAT(refused.error().message(), HasSubstr("fake: not reached"));
  c.fails = [](std::string_view) { return false; };
  or_throw(db.sync());
  EXPECT_TRUE(ages.empty());
  EXPECT_EQ(ages.insert("b", 1), written::added);
}

TEST(ClusterWrite, WhoseAnswersAreLostIsIndeterminateAndSettledLater) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(5), declare<ages_table>("ages")));
  auto ages = or_throw(db.table<ages_table>("ages"));
  c.loses = [](std::string_view which) { return which == "commit"; };
  c.fails = [](std::string_view which) { return which == "since"; };
  EXPECT_EQ(ages.insert("a", 1).error(), errc::indeterminate);
  c.loses = [](std::string_view) { return false; };
  c.fails = c.loses;
  EXPECT_EQ(ages.insert("b", 1), written::added);
  EXPECT_EQ(ages.lookup("a"), 1);
  EXPECT_EQ(entries_of(*c.space).size(), 2u);
}

TEST(ClusterWrite, ThatIsOvertakenEachTimeIsAConflictAndHasNotHappened) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(10), declare<ages_table>("ages")));
  auto ages = or_throw(db.table<ages_table>("ages"));
  int count = 0;
  c.fails = [&](std::string_view which) {
    if (which == "commit") put(*c.space, 1, "a", ++count);
    return false;
  };
  EXPECT_EQ(ages.update_counter("a", 1, {.initial = 0}).error(), errc::conflict);
  c.fails = [](std::string_view) { return false; };
  or_throw(db.sync());
  EXPECT_EQ(ages.lookup("a"), count);
}

TEST(ClusterWrite, ThatTheServerRefusesFailsWithItsReasonAndTheNextOneHappens) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<ages_table>("ages")));
  auto ages = or_throw(db.table<ages_table>("ages"));
  c.refuses = [](const commit_call&) { return error(errc::denied, "fake: may not"); };
  EXPECT_EQ(ages.insert("a", 1).error(), errc::denied);
  c.refuses = [](const commit_call&) { return std::nullopt; };
  EXPECT_EQ(ages.insert("a", 1), written::added);
}

TEST(ClusterWrite, ToAForkedServerIsDecidedByTheHistoryThatItHas) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<ages_table>("ages")));
  auto ages = or_throw(db.table<ages_table>("ages"));
  const auto backup = *c.space;
  EXPECT_EQ(ages.insert("a", 1), written::added);
  *c.space = backup;
  put(*c.space, 1, "b", 1);
  EXPECT_TRUE(ages.insert_new("a", 2)) << "the server has lost the first one";
  EXPECT_EQ(behind(db).status().divergences, 1u);
  EXPECT_EQ(ages.lookup("b"), 1);
}

TEST(ClusterWrite, OfAKeyThatTheServerCannotOrderIsAnInvalidArgument) {
  fake_cluster c;
  using terms_table = ordered_map<term, int>;
  auto db = or_throw(open_in(c, by_hand(), declare<terms_table>("t")));
  auto t = or_throw(db.table<terms_table>("t"));
  EXPECT_EQ(t.insert(or_throw(term::map({})), 1).error(), errc::invalid_argument);
  EXPECT_EQ(t.insert(term::integer(1), 1), written::added);
  EXPECT_EQ(t.insert(or_throw(term::floating(1.0)), 2), written::replaced) << "one key";
}

TEST(ClusterWrite, WithADeadlineIsRefusedBecauseTheServerKeepsNone) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<ages_table>("ages")));
  auto ages = or_throw(db.table<ages_table>("ages"));
  EXPECT_EQ(ages.insert("a", 1, expiry::in(std::chrono::hours(1))).error(), errc::invalid_argument);
  EXPECT_TRUE(ages.empty());
}

TEST(ClusterWrite, LeavesALogThatNodesTrimNowAndThen) {
  fake_cluster c;
  auto db = or_throw(open_in(c, by_hand(), declare<ages_table>("ages")));
  for (int i = 0; i < 12'000; ++i) put(*c.space, 1, "k", i);
  settle(db);
  or_throw(db.sync());
  or_throw(db.sync());
  EXPECT_EQ(c.space->trims(), 1);
  EXPECT_EQ(or_throw(c.space->since({2'001, {}}, 1, {})).how, log_slice::relation::trimmed);
  EXPECT_EQ(behind(db).status().resyncs, 0u);
}

/// A write that only takes room.
class large_write final : public detail::replica_write {
 public:
  void fail(const error& why) override { failure = why; }
  bool succeed() noexcept override { return true; }
  std::optional<error> finished() noexcept override { return failure; }
  std::size_t size() const noexcept override { return std::size_t{30} << 20; }
  const std::string& label() const noexcept override { return label_; }
  std::optional<error> failure;

 private:
  std::string label_ = "large";
};

TEST(ClusterWrite, IsOverloadedIfTooMuchWaitsAndTheRestFailsWhenTheDatabaseIsClosed) {
  write_queue queue;
  large_write first;
  large_write second;
  large_write third;
  const auto a = or_throw(queue.push(first));
  const auto b = or_throw(queue.push(second));
  EXPECT_EQ(queue.push(third).error(), errc::overloaded);
  EXPECT_EQ(queue.give_up(a), errc::unavailable);
  const auto c = or_throw(queue.push(third));
  queue.close();
  EXPECT_TRUE(queue.is_done(b));
  EXPECT_TRUE(queue.is_done(c));
  EXPECT_EQ(third.failure, errc::table_closed);
  EXPECT_EQ(queue.push(first).error(), errc::table_closed);
}

}  // namespace
}  // namespace shelf::test
