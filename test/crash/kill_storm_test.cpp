// TEST  crash
// SIGKILL, for real: a program with several writing threads is killed at a moment by chance, two
// hundred times, and the table it leaves is opened, checked and written on.
#include "budget.hpp"
#include "crash/campaign.hpp"
#include "crash/storm.hpp"
#include "crash/workloads.hpp"
#include "file/crash_space.hpp"

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
bool run_and_kill(const std::string& path, write_mode mode, const std::string& board_path,
                  storm_board& board, file::chooser& choose, bool patient) {
  const int child = start({SHELF_STORM_WRITER, path, to_string(mode), board_path});
  if (child < 0) return false;
  // Now and then it dies while it opens the table.
  const bool early = !patient && choose.below(8) == 0;
  const auto is_waited_for = [&] {
    return !early && (board.opened == 0 || (patient && !has_promises(board, mode)));
  };
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (is_waited_for() && board.failed == 0 && std::chrono::steady_clock::now() < patience) {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  std::this_thread::sleep_for(std::chrono::microseconds(choose.below(early ? 4'000 : 25'000)));
  ::kill(child, SIGKILL);
  return ::waitpid(child, nullptr, 0) == child;
}

void kill_again_and_again(write_mode mode, std::size_t rounds, std::uint64_t chance) {
  file::chooser choose(chance);
  const scratch_directory directory("storm_" + to_string(mode));
  const auto board_path = directory.path() + "/board";
  auto& board = *map_board(board_path, true);
  std::uint64_t writes = 0;
  for (std::size_t round = 0; round < rounds;) {
    const auto path = directory.path() + "/t" + std::to_string(round) + ".shelf";
    storm_check expect(path, mode);
    for (std::size_t i = 0; i < kills_a_file && round < rounds; ++i, ++round) {
      expect.prepare(board);
      ASSERT_TRUE(run_and_kill(path, mode, board_path, board, choose, round % 2 == 0));
      ASSERT_EQ(expect.check(board, storm_check::promise::acknowledged), "")
          << "SHELF_TEST_SEED=" << seed() << ", mode " << to_string(mode) << ", kill " << round;
    }
    writes += expect.writes_seen();
  }
  std::printf("%s: %zu kills, %llu writes of killed programs checked\n", to_string(mode).c_str(),
              rounds, static_cast<unsigned long long>(writes));
  EXPECT_GT(writes, 0U);
}

TEST(KillStorm, WritesThroughSurviveEveryKill) {
  kill_again_and_again(write_mode::through, test::budgeted(kills / 2), seed());
}

TEST(KillStorm, SavesOfWriteBackSurviveEveryKill) {
  kill_again_and_again(write_mode::back, test::budgeted(kills / 4), seed() + 1);
}

TEST(KillStorm, DurableWritesSurviveEveryKill) {
  kill_again_and_again(write_mode::durable, test::budgeted(kills / 4), seed() + 2);
}

}  // namespace
}  // namespace shelf::crash
