// TEST  simulation room
// The simulated machine: faults where they are asked for, recording, resources, and what a failed
// sync does.
#include "simulation/simulated_disk.hpp"
#include "file/scratch.hpp"
#include "simulation/crash_states.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

namespace shelf::simulation {
namespace {

std::string text(const std::optional<std::vector<std::byte>>& content) {
  return content ? std::string(as_text(*content)) : "(no file)";
}

struct SimulatedDisk : testing::Test {
  simulated_disk disk;
  descriptor root = *disk.open_directory(descriptor::none, "/", false);

  descriptor make_file(std::string_view name) {
    return *disk.open_file(root, name, {.write = true, .create_new = true});
  }
  void write(descriptor file, std::uint64_t at, std::string_view content) {
    ASSERT_EQ(disk.write(file, at, as_bytes(content)), content.size());
  }
};

TEST_F(SimulatedDisk, WhatIsWrittenIsReadBeforeItIsDurable) {
  const auto file = make_file("ages");
  write(file, 0, "hello");
  EXPECT_EQ(text(disk.read_all("ages")), "hello");
  EXPECT_EQ(text(disk.read_durable("ages")), "");
  ASSERT_TRUE(disk.sync_data(file));
  EXPECT_EQ(text(disk.read_durable("ages")), "hello");
}

TEST_F(SimulatedDisk, ChangingCallsAreNumberedAndOthersAreNot) {
  const auto file = make_file("ages");
  write(file, 0, "hello");
  std::array<std::byte, 5> into{};
  static_cast<void>(disk.read(file, 0, into));
  static_cast<void>(disk.status(file));
  ASSERT_TRUE(disk.truncate(file, 2));
  ASSERT_TRUE(disk.sync(file));
  EXPECT_EQ(disk.operations(), 4U);
  EXPECT_EQ(disk.calls(call::changing), 4U);
  EXPECT_EQ(disk.calls(), 7U);
  EXPECT_EQ(disk.calls(call::any_sync), 1U);
  const auto past = disk.recorded();
  ASSERT_EQ(past.operations.size(), 4U);
  EXPECT_EQ(to_string(past.operations[1]), "write of 5 bytes at 0 to inode 2");
}

TEST_F(SimulatedDisk, AFaultStrikesTheNthCallOfItsKindOnce) {
  const auto file = make_file("ages");
  disk.inject({.kind = call::write, .nth = 2, .error = ENOSPC});
  write(file, 0, "a");
  EXPECT_EQ(disk.write(file, 1, as_bytes("b")).error(), ENOSPC);
  EXPECT_EQ(text(disk.read_all("ages")), "a") << "a failed write did nothing";
  write(file, 1, "c");
  EXPECT_EQ(disk.faults_met(), 1U);
}

TEST_F(SimulatedDisk, AStickyFaultStrikesUntilItIsCleared) {
  const auto file = make_file("ages");
  disk.inject({.kind = call::any_sync, .error = EIO, .sticky = true});
  EXPECT_EQ(disk.sync(file).error(), EIO);
  EXPECT_EQ(disk.sync_data(file).error(), EIO);
  disk.clear_faults();
  EXPECT_TRUE(disk.sync(file));
}

TEST_F(SimulatedDisk, AShortWriteDoesWhatItSays) {
  const auto file = make_file("ages");
  disk.inject({.kind = call::write, .at_most = 2});
  EXPECT_EQ(disk.write(file, 0, as_bytes("hello")), 2U);
  EXPECT_EQ(text(disk.read_all("ages")), "he");
}

TEST_F(SimulatedDisk, AFailedSyncDropsWhatWaitedAndTheNextOneLies) {
  const auto file = make_file("ages");
  write(file, 0, "old");
  ASSERT_TRUE(disk.sync(file));
  write(file, 0, "new");
  disk.inject({.kind = call::sync_data, .error = EIO, .reached = fault::reach::none});
  EXPECT_EQ(disk.sync_data(file).error(), EIO);
  EXPECT_EQ(text(disk.read_all("ages")), "new") << "reads still show it";
  EXPECT_TRUE(disk.sync_data(file)) << "the next sync says ok";
  EXPECT_EQ(text(disk.read_durable("ages")), "old");
  EXPECT_EQ(text(disk.read_all("ages")), "new");
  ASSERT_TRUE(disk.drop_cache(file));
  EXPECT_EQ(text(disk.read_all("ages")), "old") << "once the cache is gone the old bytes are back";
}

TEST_F(SimulatedDisk, WritesAfterAFailedSyncAreSyncedAndThoseBeforeAreNot) {
  const auto file = make_file("ages");
  write(file, 0, std::string(1024, 'o'));
  ASSERT_TRUE(disk.sync(file));
  write(file, 0, "lost");
  disk.inject({.kind = call::sync, .error = EIO, .reached = fault::reach::none});
  EXPECT_FALSE(disk.sync(file));
  write(file, 512, "kept");
  ASSERT_TRUE(disk.sync(file));
  ASSERT_TRUE(disk.drop_cache(file));
  EXPECT_EQ(text(disk.read_all("ages")).substr(0, 4), "oooo");
  EXPECT_EQ(text(disk.read_all("ages")).substr(512, 4), "kept");
}

TEST_F(SimulatedDisk, APartOfWhatAFailedSyncDroppedMayHaveReachedTheDisk) {
  const auto file = make_file("ages");
  write(file, 0, std::string(512 * 32, 'o'));
  ASSERT_TRUE(disk.sync(file));
  write(file, 0, std::string(512 * 32, 'n'));
  disk.inject({.kind = call::sync, .error = EIO, .reached = fault::reach::some});
  EXPECT_FALSE(disk.sync(file));
  ASSERT_TRUE(disk.drop_cache(file));
  const std::string now = text(disk.read_all("ages"));
  const auto fresh = static_cast<std::size_t>(std::ranges::count(now, 'n'));
  EXPECT_EQ(fresh % 512, 0U);
  EXPECT_GT(fresh, 0U);
  EXPECT_LT(fresh, now.size());
}

TEST_F(SimulatedDisk, DroppingTheCacheKeepsDirtyPages) {
  const auto file = make_file("ages");
  write(file, 0, "dirty");
  ASSERT_TRUE(disk.drop_cache(file));
  EXPECT_EQ(text(disk.read_all("ages")), "dirty");
}

TEST_F(SimulatedDisk, AFullDiskTakesWhatFitsAndThenRefuses) {
  disk.put("other", as_bytes("12345"));
  disk.set_options({.capacity = 15});
  const auto file = make_file("ages");
  EXPECT_EQ(disk.write(file, 0, as_bytes("0123456789abc")), 10U);
  EXPECT_EQ(disk.write(file, 10, as_bytes("x")).error(), ENOSPC);
  EXPECT_EQ(disk.write(file, 0, as_bytes("overwritten")), 10U)
      << "what is there may be overwritten";
  EXPECT_EQ(disk.truncate(file, 11).error(), ENOSPC);
  ASSERT_TRUE(disk.truncate(file, 3));
  EXPECT_EQ(disk.write(file, 3, as_bytes("0123456")), 7U);
  ASSERT_TRUE(disk.unlink(root, "other"));
  EXPECT_EQ(disk.write(file, 10, as_bytes("01234")), 5U);
}

TEST_F(SimulatedDisk, AnUnlinkedFileTakesSpaceUntilItIsClosed) {
  disk.set_options({.capacity = 10});
  const auto file = make_file("a");
  write(file, 0, "0123456789");
  ASSERT_TRUE(disk.unlink(root, "a"));
  const auto other = make_file("b");
  EXPECT_EQ(disk.write(other, 0, as_bytes("x")).error(), ENOSPC);
  ASSERT_TRUE(disk.close(file));
  EXPECT_EQ(disk.write(other, 0, as_bytes("x")), 1U);
}

TEST_F(SimulatedDisk, SizeLimitsAndDescriptorLimitsHold) {
  disk.set_options({.file_size_limit = 4, .descriptor_limit = 3});
  const auto file = make_file("ages");
  EXPECT_EQ(disk.write(file, 0, as_bytes("012345")), 4U);
  EXPECT_EQ(disk.write(file, 4, as_bytes("x")).error(), EFBIG);
  EXPECT_EQ(disk.truncate(file, 5).error(), EFBIG);
  ASSERT_TRUE(disk.open_file(root, "ages", {}));
  EXPECT_EQ(disk.open_file(root, "ages", {}).error(), EMFILE);
  EXPECT_EQ(disk.open_file(root, "b", {.write = true, .create_new = true}).error(), EMFILE);
  EXPECT_EQ(disk.files(), std::vector<std::string>{"ages"});
  EXPECT_EQ(disk.open_descriptors(), 3U);
}

TEST_F(SimulatedDisk, AMachineThatCrashedRefusesEverythingButClose) {
  const auto file = make_file("ages");
  disk.crash_at(2);
  write(file, 0, "a");
  EXPECT_TRUE(disk.is_off());
  std::array<std::byte, 1> into{};
  EXPECT_EQ(disk.write(file, 1, as_bytes("b")).error(), EIO);
  EXPECT_EQ(disk.read(file, 0, into).error(), EIO);
  EXPECT_EQ(disk.sync(file).error(), EIO);
  EXPECT_EQ(disk.status(file).error(), EIO);
  EXPECT_EQ(disk.open_file(root, "ages", {}).error(), EIO);
  EXPECT_EQ(disk.rename(root, "ages", "b", false).error(), EIO);
  EXPECT_TRUE(disk.close(file));
  EXPECT_EQ(disk.operations(), 2U);
}

TEST_F(SimulatedDisk, TestsChangeFilesBehindTheSystemsBack) {
  disk.put("ages", as_bytes("hello"));
  disk.flip_bit("ages", 8 * 4 + 5);
  EXPECT_EQ(text(disk.read_all("ages")), "hellO");
  disk.overwrite("ages", 1, as_bytes("EL"));
  disk.resize("ages", 3);
  EXPECT_EQ(text(disk.read_durable("ages")), "hEL");
  disk.make_directory("inner");
  disk.put("inner/names", as_bytes("x"));
  EXPECT_EQ(disk.files(), (std::vector<std::string>{"ages", "inner/names"}));
  disk.remove("ages");
  EXPECT_EQ(text(disk.read_all("ages")), "(no file)");
  const auto later = disk_at(disk.recorded(), disk.operations());
  EXPECT_EQ(later->files(), disk.files());
}

TEST_F(SimulatedDisk, TheClockStandsUntilATestMovesIt) {
  const auto before = disk.now();
  EXPECT_EQ(disk.now(), before);
  disk.advance(std::chrono::milliseconds(5));
  EXPECT_EQ(disk.now() - before, std::chrono::milliseconds(5));
  const auto wall = disk.wall_clock();
  disk.set_options({.sync_time = std::chrono::milliseconds(2)});
  ASSERT_TRUE(disk.sync(root));
  EXPECT_EQ(disk.wall_clock() - wall, std::chrono::milliseconds(2));
  EXPECT_FALSE(disk.has_background_threads());
}

TEST_F(SimulatedDisk, RandomNumbersFollowTheSeed) {
  simulated_disk same({.seed = 7});
  simulated_disk again({.seed = 7});
  simulated_disk other({.seed = 8});
  const auto first = same.random();
  EXPECT_EQ(first, again.random());
  EXPECT_NE(first, other.random());
  EXPECT_NE(first, same.random());
}

TEST_F(SimulatedDisk, ThreadsMayUseItTogether) {
  const auto work = [&](int me) {
    const auto file = make_file("file" + std::to_string(me));
    for (std::uint64_t i = 0; i < 200; ++i) {
      write(file, i, "x");
      if (i % 50 == 0) {
        EXPECT_TRUE(disk.sync_data(file));
      }
    }
    EXPECT_TRUE(disk.close(file));
  };
  std::thread a(work, 1);
  std::thread b(work, 2);
  work(3);
  a.join();
  b.join();
  EXPECT_EQ(disk.operations(), 3 * 205U);
  EXPECT_EQ(disk.open_descriptors(), 1U);
  const auto later = disk_at(disk.recorded(), disk.operations());
  EXPECT_EQ(text(later->read_all("file2")), std::string(200, 'x'));
}

TEST_F(SimulatedDisk, TheDiskAtAnyEarlierOperationIsWhatItWasThen) {
  const auto file = make_file("ages");
  for (char c = 'a'; c < 'k'; ++c) write(file, static_cast<std::uint64_t>(c - 'a'), {&c, 1});
  const auto past = disk.recorded();
  for (std::size_t at = 1; at <= past.operations.size(); ++at) {
    EXPECT_EQ(text(disk_at(past, at)->read_all("ages")),
              std::string("abcdefghij").substr(0, at - 1));
  }
}

}  // namespace
}  // namespace shelf::simulation
