// TEST  crash
// SIGKILL, for real: a program with several writing threads is killed at a moment by chance, two
// hundred times, and the table it leaves is opened, checked and written on.
#include "budget.hpp"
#include "can_keep.hpp"
#include "crash/campaign.hpp"
#include "crash/storm.hpp"
#include "crash/transfers.hpp"
#include "crash/workloads.hpp"
#include "simulation/crash_space.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

namespace shelf::crash {
namespace {

constexpr std::size_t kills = 200;
constexpr std::size_t kills_a_file = 12;

/// Whether the writer has been promised something: a write, or in write-back a save.
bool has_promises(const storm_board& board, write_mode mode) {
  return std::ranges::any_of(board.lanes, [&](const storm_lane& lane) {
    return (mode == write_mode::back ? lane.saved : lane.acknowledged) > lane.first;
  });
}

/// Lets a writer run for a while and kills it, if `patient` not before it has been promised
/// something. False if it could not be started.
bool run_and_kill(const storm_table& t, const std::string& board_path, storm_board& board,
                  simulation::chooser& choose, bool patient) {
  const int child = start_writer(SHELF_STORM_WRITER, t, board_path);
  if (child < 0) return false;
  // Now and then it dies while it opens the table.
  const bool early = !patient && choose.below(8) == 0;
  const auto is_waited_for = [&] {
    return !early && (board.opened == 0 || (patient && !has_promises(board, t.mode)));
  };
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (is_waited_for() && board.failed == 0 && std::chrono::steady_clock::now() < patience) {
    std::this_thread::sleep_for(std::chrono::microseconds(200));  // sleeps: polls until a deadline
  }
  // sleeps: a random time until the kill
  std::this_thread::sleep_for(std::chrono::microseconds(choose.below(early ? 4'000 : 25'000)));
  ::kill(child, SIGKILL);
  return ::waitpid(child, nullptr, 0) == child;
}

template <class Check = storm_check>
void kill_again_and_again(storm_table t, std::size_t rounds, std::uint64_t chance) {
  simulation::chooser choose(chance);
  const auto name = to_string(t.mode) + "_" + to_string(t.what) + "_" + test::to_string(t.format) +
                    (t.transfers ? "_transfers" : "");
  const scratch_directory directory("storm_" + name);
  const auto board_path = directory.path() + "/board";
  auto& board = *map_board(board_path, true);
  std::uint64_t writes = 0;
  for (std::size_t round = 0; round < rounds;) {
    t.path = directory.path() + "/t" + std::to_string(round) + ".shelf";
    Check expect(t);
    for (std::size_t i = 0; i < kills_a_file && round < rounds; ++i, ++round) {
      expect.prepare(board);
      t.io = choose.below(2) == 0 ? file_io::calls : file_io::mapped;
      ASSERT_TRUE(run_and_kill(t, board_path, board, choose, round % 2 == 0));
      ASSERT_EQ(expect.check(board, Check::promise::acknowledged), "")
          << "SHELF_TEST_SEED=" << seed() << ", " << name << ", kill " << round;
    }
    writes += expect.writes_seen();
  }
  std::printf("%s: %zu kills, %llu writes of killed programs checked\n", name.c_str(), rounds,
              static_cast<unsigned long long>(writes));
  EXPECT_GT(writes, 0U);
}

TEST(KillStorm, WritesThroughSurviveEveryKill) {
  kill_again_and_again({.mode = write_mode::through}, test::budgeted(kills / 2), seed());
}

TEST(KillStorm, SavesOfWriteBackSurviveEveryKill) {
  kill_again_and_again({.mode = write_mode::back}, test::budgeted(kills / 4), seed() + 1);
}

TEST(KillStorm, DurableWritesSurviveEveryKill) {
  kill_again_and_again({.mode = write_mode::durable}, test::budgeted(kills / 4), seed() + 2);
}

/// Batches are transactions over two tables: none is there in part.
TEST(KillStorm, TransactionsOverTwoTablesSurviveEveryKillAsAWhole) {
  std::uint64_t chance = seed() + 20;
  for (const auto mode : {write_mode::through, write_mode::back, write_mode::durable}) {
    kill_again_and_again({.mode = mode, .what = flavour::database}, test::budgeted(kills / 16),
                         chance++);
  }
}

/// Threads that move money between the accounts of two tables meet all the time.
TEST(KillStorm, TransfersLeaveTheTotalAsItWasAndAreThereIfAcknowledged) {
  std::uint64_t chance = seed() + 30;
  for (const auto mode : {write_mode::through, write_mode::back, write_mode::durable}) {
    kill_again_and_again<transfer_check>(
        {.mode = mode, .what = flavour::database, .transfers = true}, test::budgeted(kills / 12),
        chance++);
  }
}

/// A batch may be there in part, see storm_check::is_part().
TEST(KillStorm, WritesAndSavesOfDetsFilesSurviveEveryKill) {
  static_cast<void>(test::can_keep(file_format::dets, stores::capability::atomic_batches));
  std::uint64_t chance = seed() + 3;
  for (const auto what : {flavour::map, flavour::bag, flavour::duplicate_bag}) {
    for (const auto mode : {write_mode::through, write_mode::back, write_mode::durable}) {
      const auto rounds = mode == write_mode::through ? kills / 10 : kills / 20;
      kill_again_and_again({.mode = mode, .what = what, .format = file_format::dets},
                           test::budgeted(rounds), chance++);
    }
  }
}

}  // namespace
}  // namespace shelf::crash
