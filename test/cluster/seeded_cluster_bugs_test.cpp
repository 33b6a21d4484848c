// TEST  cluster
// Mistakes that nodes and servers could make: the histories must catch each.
#include "cluster/seeded_bug.hpp"
#include "history.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>
#include <ostream>
#include <string>

namespace shelf::cluster {

void PrintTo(seeded_bug b, std::ostream* out) { *out << "bug " << static_cast<int>(b); }

}  // namespace shelf::cluster

namespace shelf::test {
namespace {

using cluster::seeded_bug;

constexpr std::uint64_t histories = 4'000;

/// Whether one of the histories finds something, or ends the process.
bool is_caught(seeded_bug of_node, fake_bug of_server) {
  const auto child = ::fork();
  if (child == 0) {
    cluster::active_bug = of_node;
    for (std::uint64_t seed = 1; seed <= histories; ++seed) {
      const bool forks = seed % 2 == 0;
      if (!violations_of({.seed = seed, .forks = forks, .bug = of_server}).empty()) ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status != 0;
}

class SeededNodeBugs : public ::testing::TestWithParam<seeded_bug> {};

TEST_P(SeededNodeBugs, AreCaughtByAHistory) { EXPECT_TRUE(is_caught(GetParam(), fake_bug::none)); }

std::vector<seeded_bug> all_of_nodes() {
  std::vector<seeded_bug> all;
  for (auto b = 1; b <= static_cast<int>(seeded_bug::sync_without_waiting); ++b) {
    all.push_back(static_cast<seeded_bug>(b));
  }
  return all;
}
INSTANTIATE_TEST_SUITE_P(All, SeededNodeBugs, ::testing::ValuesIn(all_of_nodes()));

class SeededServerBugs : public ::testing::TestWithParam<int> {};

TEST_P(SeededServerBugs, AreCaughtByAHistory) {
  EXPECT_TRUE(is_caught(seeded_bug::none, static_cast<fake_bug>(GetParam())));
}

INSTANTIATE_TEST_SUITE_P(All, SeededServerBugs,
                         ::testing::Range(1, static_cast<int>(fake_bug::last) + 1));

}  // namespace
}  // namespace shelf::test
