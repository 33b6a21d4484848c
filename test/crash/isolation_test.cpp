// TEST  crash
// Transactions are strictly serializable: shown by replaying them.
#include "crash/isolation.hpp"

#include "budget.hpp"

#include <gtest/gtest.h>

namespace shelf::crash {
namespace {

using ::testing::TestWithParam;

struct Isolation : TestWithParam<int> {};

TEST_P(Isolation, EveryReadIsWhatAReplayInTheOrderOfTheCommitsSees) {
  const int threads = GetParam();
  enum class place : std::uint8_t { memory, through, durable };
  for (const auto where : {place::memory, place::through, place::durable}) {
    SCOPED_TRACE(static_cast<int>(where));
    const std::size_t usual = where == place::memory ? 220'000 : 20'000;
    const auto report = check_isolation(
        {.threads = threads,
         .transactions = test::budgeted(usual) / static_cast<std::uint64_t>(threads),
         .seed = static_cast<std::uint64_t>(threads),
         .keys = threads == 1 ? 4 : 8,
         .in_memory = where == place::memory,
         .durable = where == place::durable});
    EXPECT_TRUE(report.violations.empty()) << report.violations.front();
    if (threads > 1 && where == place::memory) {
      EXPECT_GT(report.conflicts, 0u) << "nobody met anybody";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, Isolation, testing::Values(1, 2, 4, 8));

TEST(Isolation, ALongTransactionAmongShortOnesIsNotStarved) {
  EXPECT_LE(attempts_of_a_long_one(7, 50), 8);
}

TEST(Isolation, ATransactionThatIsAlwaysInterruptedGetsThroughByItsReservation) {
  EXPECT_LE(interrupt_a_transaction().attempts, 8);
}

}  // namespace
}  // namespace shelf::crash
