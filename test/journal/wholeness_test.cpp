// JOURNAL  api -> table -> [journal] -> file
// A file that others cut, changed, removed or replaced is found where something is promised.
#include "small_journal.hpp"

#include <atomic>
#include <cerrno>
#include <thread>

namespace shelf::journal {
namespace {

using simulation::call;
using simulation::simulated_disk;
using test::recover_and_read;
using test::small_journal;

const journal_file::settings every_setting[] = {{}, {.write_ahead = true}};

/// sync() and what comes after it say that the file is not ours any more.
void expect_replaced(small_journal& j, const std::string& piece) {
  const auto synced = j.file().sync();
  ASSERT_FALSE(synced.has_value());
  EXPECT_EQ(synced.error(), errc::replaced) << synced.error();
  EXPECT_NE(synced.error().message().find(piece), std::string::npos) << synced.error();
  EXPECT_TRUE(synced.error().message().starts_with(test::name + ": ")) << synced.error();
  const auto fence = j.file().fence();
  ASSERT_TRUE(fence.has_value());
  EXPECT_EQ(*fence, errc::fenced);
  EXPECT_NE(fence->message().find(piece), std::string::npos) << *fence;
  EXPECT_EQ(fence->message().find(test::name), fence->message().rfind(test::name)) << *fence;
  EXPECT_EQ(j.file().seal().error(), errc::fenced);
  EXPECT_EQ(j.file().is_whole(look_at::content).error(), errc::fenced);
}

TEST(Wholeness, AFileThatWasCutIsNoticedAtTheNextSync) {
  for (const auto& s : every_setting) {
    simulated_disk whole;
    small_journal model(whole, s);
    model.create().put("a", 100).sync().put("b", 30);
    for (std::uint64_t size = 0; size < model.file().end(); size += size < 8000 ? 500 : 1) {
      simulated_disk disk;
      small_journal j(disk, s);
      j.create().put("a", 100).sync().put("b", 30);
      disk.resize(test::name, size);
      SCOPED_TRACE(size);
      expect_replaced(j, "another program truncated the file: " + std::to_string(size) + " of ");
    }
  }
}

TEST(Wholeness, AFileThatWasCutAndWrittenOnIsNoticedAtTheNextSync) {
  for (const auto& s : every_setting) {
    simulated_disk whole;
    small_journal model(whole, s);
    model.create().put("a", 100).sync().put("b", 30);
    const auto end = model.file().end();
    // Behind the last byte that is not zero there is nothing to lose.
    for (std::uint64_t size = 0; size < end - 8; size += size < 8000 ? 500 : 1) {
      simulated_disk disk;
      small_journal j(disk, s);
      j.create().put("a", 100).sync().put("b", 30);
      disk.resize(test::name, size);
      (void)j.try_append({{op::put, "c", std::string(50, 'c')}});
      (void)j.try_append({{op::put, "d", "1"}});
      SCOPED_TRACE(size);
      expect_replaced(j, "another program");
    }
  }
}

/// Fixed: of a frame of more than 4 MiB only the header was looked at.
TEST(Wholeness, ACutInsideALargeFrameThatWasWrittenOverIsNoticedAtTheNextSync) {
  constexpr std::size_t large = std::size_t{5} << 20;
  for (const bool ends_in_zeros : {false, true}) {
    std::string value(large, 'x');
    if (ends_in_zeros) value.replace(large - 100, 100, 100, '\0');
    for (const std::uint64_t lost : {std::uint64_t{120}, std::uint64_t{large / 2}}) {
      simulated_disk disk;
      small_journal j(disk);
      j.create().put("a", 100).sync().append({{op::put, "b", value}});
      disk.resize(test::name, j.file().end() - lost);
      j.put("c", 50);
      SCOPED_TRACE(lost);
      expect_replaced(j, "what was written at byte " + std::to_string(j.ends[1]) + " is gone");
    }
  }
}

TEST(Wholeness, ALargeFrameThatEndsInZerosIsWhole) {
  constexpr std::size_t large = std::size_t{5} << 20;
  for (const std::size_t zeros : {std::size_t{1}, std::size_t{100}, large}) {
    simulated_disk disk;
    small_journal j(disk);
    std::string value(large, 'x');
    value.replace(large - zeros, zeros, zeros, '\0');
    j.create().append({{op::put, "a", value}}).put("b", 50).sync().leave();
    EXPECT_EQ(recover_and_read(disk).batches, j.given);
  }
}

TEST(Wholeness, AFileThatWasCutBeforeTheFirstWriteOfASessionIsNoticed) {
  for (const auto& s : every_setting) {
    simulated_disk disk;
    small_journal j(disk, s);
    j.create().put("a", 100).seal().leave();
    j.open();
    disk.resize(test::name, frames_start + 20);
    // Where zeros are written ahead the write itself finds out.
    const auto written = j.try_append({{op::put, "b", "2"}});
    EXPECT_EQ(written.has_value(), !s.write_ahead);
    if (written) {
      expect_replaced(j, "another program");
    } else {
      EXPECT_EQ(written.error(), errc::indeterminate);
      EXPECT_TRUE(j.file().is_fenced());
    }
  }
}

TEST(Wholeness, ZerosAheadAreNeverWrittenOverACut) {
  simulated_disk disk;
  small_journal j(disk, {.write_ahead = true});
  j.create().put("a", 100);
  disk.resize(test::name, frames_start);
  EXPECT_EQ(j.try_append({{op::put, "b", std::string(300'000, 'b')}}).error(), errc::indeterminate);
  EXPECT_TRUE(j.file().is_fenced());
  EXPECT_EQ(disk.read_all(test::name)->size(), frames_start);
}

TEST(Wholeness, ARollBackNeverMakesAFileLonger) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 100);
  disk.resize(test::name, frames_start);
  disk.inject({.kind = call::write, .error = ENOSPC});
  EXPECT_EQ(j.try_append({{op::put, "b", "2"}}).error(), errc::indeterminate);
  EXPECT_TRUE(j.file().is_fenced());
  EXPECT_EQ(disk.read_all(test::name)->size(), frames_start);
}

TEST(Wholeness, ARemovedReplacedOrRenamedFileIsNoticedAtTheNextSync) {
  for (const bool new_changes : {false, true}) {
    simulated_disk disk;
    small_journal j(disk);
    j.create().put("a", 100).sync();
    disk.remove(test::name);
    if (new_changes) {
      j.put("b", 1);
      expect_replaced(j, "removed");
    } else {
      EXPECT_EQ(j.file().is_whole(look_at::content).error(), errc::replaced);
      EXPECT_TRUE(j.file().is_fenced());
    }
    simulated_disk other;
    small_journal k(other);
    k.create().put("a", 100).sync();
    other.remove(test::name);
    other.put(test::name, as_bytes(std::string_view("another")));
    if (new_changes) {
      k.put("b", 1);
      expect_replaced(k, "another file has taken this name");
    } else {
      EXPECT_EQ(k.file().is_whole(look_at::content).error(), errc::replaced);
    }
  }
}

TEST(Wholeness, WhatOthersWroteOverTheLastBatchesIsNoticed) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 100).sync().put("b", 100).put("c", 100);
  disk.flip_bit(test::name, (j.ends[2] - 20) * 8);
  expect_replaced(j, "what was written at byte " + std::to_string(j.ends[1]) + " is gone");
}

TEST(Wholeness, ALookThatFailsForAnotherReasonIsNotHeldAgainstTheFile) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 100);
  disk.inject({.kind = call::status_at, .error = EACCES});
  EXPECT_TRUE(j.file().sync().has_value());
  EXPECT_FALSE(j.file().is_fenced());
}

TEST(Wholeness, WhatWasSyncedAndCannotBeReadBackIsInDoubt) {
  for (const auto kind : {call::read, call::status}) {
    simulated_disk disk;
    small_journal j(disk);
    j.create().put("a", 100);
    disk.inject({.kind = kind, .error = EIO});
    EXPECT_EQ(j.file().sync().error(), errc::indeterminate);
    EXPECT_TRUE(j.file().is_fenced());
    j.leave();
    EXPECT_EQ(recover_and_read(disk).batches, j.given);
  }
}

TEST(Wholeness, ALongBatchIsReadBackInPart) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", std::size_t{9} << 20).put("b", 100).sync();
  std::vector<test::kept_change> many;
  for (int i = 0; i < 100; ++i)
    many.push_back({op::put, std::to_string(i), std::string(90'000, 'x')});
  j.append(many).sync().put("c", 10).sync().seal().leave();
  EXPECT_EQ(recover_and_read(disk).batches, j.given);
}

TEST(Wholeness, OurOwnRollBacksBesideASyncAreNoCut) {
  for (const auto& s : every_setting) {
    simulated_disk disk;
    small_journal j(disk, s);
    j.create();
    {
      std::atomic<bool> done{false};
      std::jthread syncing([&] {
        while (!done) {
          EXPECT_TRUE(j.file().sync().has_value());
          EXPECT_TRUE(j.file().is_whole(look_at::content).has_value());
        }
      });
      for (int i = 0; i < 2000; ++i) {
        if (i % 3 == 0) {
          disk.inject({.kind = call::write, .error = ENOSPC});
          (void)j.try_append({{op::put, "in vain", std::string(1000, 'v')}});
        } else {
          j.put(std::to_string(i % 9), static_cast<std::size_t>(i % 50));
        }
      }
      done = true;
    }
    EXPECT_FALSE(j.file().is_fenced());
    disk.clear_faults();
    j.leave();
    EXPECT_EQ(recover_and_read(disk).batches, j.given);
  }
}

}  // namespace
}  // namespace shelf::journal
