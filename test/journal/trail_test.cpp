// JOURNAL  api -> table -> [journal] -> file
// Batches found by their names, and read on from there.
#include "journal/trail.hpp"

#include "journal/forged_journal.hpp"
#include "journal/small_journal.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace shelf::journal {
namespace {

using test::forged_journal;

struct walked {
  standing what = standing::foreign;
  std::vector<std::uint64_t> sequences;
};

/// Where the batch stands in the file, and the numbers of those behind it.
walked behind(forged_journal& f, const batch_id& which) {
  simulation::simulated_disk disk;
  disk.put(test::name, f.content);
  const auto where = test::place(disk);
  auto t = trail::open(where);
  EXPECT_TRUE(t) << t.error();
  const auto end = f.content.size();
  const auto found = (*t)->go_behind(which, end);
  EXPECT_TRUE(found) << found.error();
  walked all{.what = *found, .sequences = {}};
  test::collector into;
  while (*found == standing::kept && (*t)->next(~std::uint64_t{0}, end, into).value()) {
    all.sequences.push_back((*t)->behind().sequence);
  }
  return all;
}

using numbers = std::vector<std::uint64_t>;
constexpr std::uint32_t nonce = 9;

batch_id named(std::uint32_t era, std::uint64_t sequence) { return {{era, nonce}, sequence}; }

/// A state of era 1, two batches of era 1, and of era 5 batches with a number left out.
forged_journal two_sessions() {
  forged_journal f;
  f.put("state", {.era = 1, .nonce = nonce, .sequence = 10});
  f.put("a", {.era = 1, .nonce = nonce, .sequence = 11});
  f.put("b", {.era = 1, .nonce = nonce, .sequence = 13});
  f.put("c", {.era = 5, .nonce = nonce, .sequence = 15});
  f.put("d", {.era = 5, .nonce = nonce, .sequence = 18});
  return f;
}

TEST(Trail, ABatchIsFoundByItsNameAndWhatIsBehindItFollows) {
  auto f = two_sessions();
  EXPECT_EQ(behind(f, named(1, 10)).sequences, (numbers{11, 13, 15, 18})) << "behind the state";
  EXPECT_EQ(behind(f, named(1, 13)).sequences, (numbers{15, 18}));
  EXPECT_EQ(behind(f, named(5, 18)).sequences, numbers{});
  EXPECT_EQ(behind(f, named(5, 18)).what, standing::kept);
}

TEST(Trail, ANumberThatWasLeftOutStandsForTheBatchBeforeIt) {
  auto f = two_sessions();
  EXPECT_EQ(behind(f, named(1, 12)).sequences, (numbers{13, 15, 18}));
  EXPECT_EQ(behind(f, named(5, 17)).sequences, (numbers{18}));
}

TEST(Trail, WhatIsBeforeTheStateIsDropped) {
  auto f = two_sessions();
  EXPECT_EQ(behind(f, named(1, 9)).what, standing::dropped);
  forged_journal later;
  later.put("state", {.era = 3, .nonce = nonce, .sequence = 10});
  EXPECT_EQ(behind(later, named(1, 400)).what, standing::dropped);
}

TEST(Trail, TheLostTailOfASessionIsRolledBackUnlessItWasSealed) {
  auto f = two_sessions();
  EXPECT_EQ(behind(f, named(1, 14)).what, standing::rolled_back);
  EXPECT_EQ(behind(f, named(5, 19)).what, standing::rolled_back);
  f.seal({.era = 5, .nonce = nonce, .sequence = 18});
  EXPECT_EQ(behind(f, named(5, 19)).what, standing::kept) << "no file has got that batch";
  EXPECT_EQ(behind(f, named(1, 14)).what, standing::rolled_back);
}

TEST(Trail, ASessionThatIsNotThereIsForeign) {
  auto f = two_sessions();
  EXPECT_EQ(behind(f, named(3, 12)).what, standing::foreign);
  EXPECT_EQ(behind(f, named(6, 20)).what, standing::foreign);
  EXPECT_EQ(behind(f, {{1, nonce + 1}, 11}).what, standing::foreign);
}

TEST(Trail, AFrameThatChangedMeanwhileIsDamageAndNotTheEnd) {
  auto f = two_sessions();
  f.content[f.content.size() - 8] ^= std::byte{1};
  simulation::simulated_disk disk;
  disk.put(test::name, f.content);
  const auto where = test::place(disk);
  const auto t = std::move(*trail::open(where));
  const auto end = f.content.size();
  ASSERT_TRUE(t->go_to_first(end));
  test::collector into;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(t->next(~std::uint64_t{0}, end, into).value());
  EXPECT_EQ(t->next(~std::uint64_t{0}, end, into).error(), errc::corrupt);
}

TEST(Trail, ItReadsUpToANumberAndGoesOnFromThere) {
  auto f = two_sessions();
  simulation::simulated_disk disk;
  disk.put(test::name, f.content);
  const auto where = test::place(disk);
  const auto t = std::move(*trail::open(where));
  const auto end = f.content.size();
  ASSERT_TRUE(t->go_to_first(end));
  test::collector into;
  while (t->next(13, end, into).value()) {
  }
  EXPECT_EQ(t->behind(), named(1, 13));
  while (t->next(~std::uint64_t{0}, end, into).value()) {
  }
  EXPECT_EQ(into.batches.size(), 4u);
}

}  // namespace
}  // namespace shelf::journal
