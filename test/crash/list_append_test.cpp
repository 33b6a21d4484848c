// TEST  crash
// The checker finds every anomaly in a history made by hand, and none in what the library does.
#include "crash/list_append.hpp"

#include "budget.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shelf::crash {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

list_step append(std::int64_t list, std::int64_t value) { return {.list = list, .value = value}; }
list_step read(std::int64_t list, std::vector<std::int64_t> seen) {
  return {.list = list, .is_read = true, .seen = std::move(seen)};
}

/// All at the same time, but for the last one.
std::vector<list_transaction> at_once(std::vector<std::vector<list_step>> all) {
  std::vector<list_transaction> history;
  const auto count = all.size();
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_last = i + 1 == count;
    history.push_back({.steps = std::move(all[i]),
                       .began = is_last ? 2 * count : i,
                       .ended = is_last ? 2 * count + 1 : count + i});
  }
  return history;
}
/// One after the other.
std::vector<list_transaction> in_turn(std::vector<std::vector<list_step>> all) {
  std::vector<list_transaction> history;
  for (std::size_t i = 0; i < all.size(); ++i) {
    history.push_back({.steps = std::move(all[i]), .began = 2 * i, .ended = 2 * i + 1});
  }
  return history;
}

TEST(ListAppend, ASerialHistoryHasNoAnomaly) {
  EXPECT_THAT(find_anomalies(in_turn({{append(1, 1), append(2, 2)},
                                      {read(1, {1}), append(1, 3), read(1, {1, 3})},
                                      {read(2, {2}), append(2, 4), append(2, 5)},
                                      {read(1, {1, 3}), read(2, {2, 4, 5})}})),
              IsEmpty());
}

TEST(ListAppend, ALostUpdateIsACycle) {
  EXPECT_THAT(find_anomalies(at_once(
                  {{read(1, {}), append(1, 1)}, {read(1, {}), append(1, 2)}, {read(1, {1, 2})}})),
              Each(AllOf(HasSubstr("cycle"), HasSubstr("-rw"), HasSubstr("-ww"))));
}

TEST(ListAppend, WriteSkewIsACycleOfTwoReadsThatLackSomething) {
  const auto found = find_anomalies(at_once(
      {{read(1, {}), append(2, 1)}, {read(2, {}), append(1, 2)}, {read(1, {2}), read(2, {1})}}));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0], AllOf(HasSubstr("-rw of list 1-> "), HasSubstr("-rw of list 2-> "),
                              Not(HasSubstr("-ww")), Not(HasSubstr("T2"))));
}

TEST(ListAppend, ATransactionSeenInPartIsACycle) {
  EXPECT_THAT(find_anomalies(at_once({{append(1, 1), append(2, 2)},
                                      {read(1, {1}), read(2, {})},
                                      {read(1, {1}), read(2, {2})}})),
              Each(AllOf(HasSubstr("-wr"), HasSubstr("-rw"))));
}

TEST(ListAppend, AReadOfThePastIsACycleByRealTimeAlone) {
  const auto stale =
      std::vector<std::vector<list_step>>{{append(1, 1)}, {read(1, {})}, {read(1, {1})}};
  EXPECT_THAT(find_anomalies(at_once(stale)), IsEmpty()) << "the two overlap";
  const auto found = find_anomalies(in_turn(stale));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0], AllOf(HasSubstr("T0 -real time-> "), HasSubstr("T1 -rw of list 1-> ")));
}

TEST(ListAppend, ReadsThatFitNoOrderAreFound) {
  const auto finds = [](std::vector<std::vector<list_step>> all, const char* what) {
    EXPECT_THAT(find_anomalies(at_once(std::move(all))), testing::Contains(HasSubstr(what)));
  };
  finds({{append(1, 1)}, {append(1, 2)}, {read(1, {2, 1})}, {read(1, {1})}}, "no beginning of");
  finds({{append(1, 1)}, {read(1, {1, 7})}}, "nobody has committed");
  finds({{append(1, 1), append(1, 2)}, {read(1, {1})}, {read(1, {1, 2})}}, "is a part of what T0");
  finds({{append(1, 1), read(1, {})}, {read(1, {1})}}, "after it had appended [1]");
  finds({{append(1, 1)}, {append(1, 2)}, {read(1, {1})}}, "appended 2 to list 1, which is [1]");
  finds({{append(1, 1)}, {read(1, {1, 1})}}, "a value twice");
}

class ListAppendOf : public testing::TestWithParam<int> {};

TEST_P(ListAppendOf, ThreadsHasNoCycle) {
  enum class place : std::uint8_t { memory, through, durable };
  for (const auto where : {place::memory, place::through, place::durable}) {
    SCOPED_TRACE(static_cast<int>(where));
    const std::size_t usual = where == place::memory ? 40'000 : 8'000;
    const auto threads = static_cast<std::uint64_t>(GetParam());
    const auto report = check_lists({.threads = GetParam(),
                                     .transactions = test::budgeted(usual) / threads + 1,
                                     .seed = threads,
                                     .in_memory = where == place::memory,
                                     .is_durable = where == place::durable});
    EXPECT_THAT(report.anomalies, IsEmpty());
    EXPECT_GT(report.committed, test::budgeted(usual) / 2);
    if (threads > 1 && where == place::memory) {
      EXPECT_GT(report.again, 0u) << "nobody met anybody";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, ListAppendOf, testing::Values(2, 4, 8));

}  // namespace
}  // namespace shelf::crash
