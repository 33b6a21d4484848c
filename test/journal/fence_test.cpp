// JOURNAL  api -> table -> [journal] -> file
// What a journal does when the disk refuses: it cuts back exactly, or fences itself; syncs beside
// appends.
#include "small_journal.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <thread>

namespace shelf::journal {
namespace {

using simulation::call;
using simulation::simulated_disk;
using test::recover_and_read;
using test::small_journal;

constexpr std::size_t mebibyte = std::size_t{1} << 20;

TEST(Fence, AFailedSyncIsInDoubtThenFencedAndNeverTriedAgain) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 1);
  disk.inject({.kind = call::any_sync});
  EXPECT_EQ(j.file().sync().error(), errc::indeterminate);
  EXPECT_TRUE(j.file().is_fenced());
  EXPECT_FALSE(j.file().is_durable());
  const auto syncs = disk.calls(call::any_sync);
  const auto e = j.file().sync().error();
  EXPECT_EQ(e, errc::fenced);
  EXPECT_EQ(e.os_error(), EIO);
  EXPECT_EQ(j.file().seal().error(), errc::fenced);
  j.note();
  EXPECT_EQ(disk.calls(call::any_sync), syncs);
}

TEST(Fence, AnAppendThatFailsInDoubtFences) {
  for (const int cause : {EIO, EROFS, ESTALE}) {
    simulated_disk disk;
    small_journal j(disk);
    j.create().put("a", 1).sync();
    disk.inject({.kind = call::write, .error = cause});
    EXPECT_EQ(j.try_append({{op::put, "b", "2"}}).error(), errc::indeterminate);
    EXPECT_EQ(j.file().fence()->os_error(), cause);
    j.leave();
    EXPECT_EQ(recover_and_read(disk).batches, j.given);
  }
}

TEST(Fence, AFullDiskCostsTheBatchAloneOnceAndAgain) {
  for (const int cause : {ENOSPC, EDQUOT, EFBIG, ENOMEM}) {
    for (const bool sticky : {false, true}) {
      simulated_disk disk;
      small_journal j(disk);
      j.create().put("a", 1);
      const auto before = test::image_of(disk);
      for (int times = 0; times < 3; ++times) {
        disk.inject({.kind = call::write, .error = cause, .sticky = sticky});
        const auto refused = j.try_append({{op::put, "b", "2"}});
        EXPECT_EQ(refused.error().os_error(), cause);
        EXPECT_FALSE(j.file().is_fenced());
        EXPECT_EQ(test::image_of(disk), before);
      }
      disk.clear_faults();
      j.put("c", 3).seal().leave();
      EXPECT_EQ(recover_and_read(disk).batches, j.given);
    }
  }
}

TEST(Fence, ALongBatchThatMeetsAFullDiskIsCutBackExactly) {
  for (std::size_t room = 0; room < 5 * mebibyte; room += 300'000) {
    simulated_disk disk;
    small_journal j(disk, {.write_ahead = room % 200'000 == 0});
    j.create().put("a", 1).sync();
    const auto before = test::image_of(disk);
    const auto end = j.file().end();
    disk.set_options({.capacity = before.size() + room});
    std::vector<test::kept_change> changes;
    for (int i = 0; i < 60; ++i) {
      changes.push_back({op::put, std::to_string(i), std::string(100'000, 'x')});
    }
    EXPECT_EQ(j.try_append(changes).error(), errc::no_space);
    EXPECT_FALSE(j.file().is_fenced());
    EXPECT_EQ(test::image_of(disk).size(), end);
    j.put("small", std::min<std::size_t>(room, 10));
    disk.set_options({});
    j.append(changes).leave();
    EXPECT_EQ(recover_and_read(disk).batches, j.given);
  }
}

TEST(Fence, ACutThatFailsFences) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 1);
  disk.inject({.kind = call::write, .error = ENOSPC});
  disk.inject({.kind = call::truncate});
  EXPECT_EQ(j.try_append({{op::put, "b", "2"}}).error(), errc::indeterminate);
  EXPECT_TRUE(j.file().is_fenced());
}

TEST(Fence, AShortOrInterruptedWriteIsFinishedUnseen) {
  for (const std::size_t most : {std::size_t{1}, std::size_t{7}, std::size_t{63}}) {
    simulated_disk disk;
    small_journal j(disk);
    j.create();
    disk.inject({.kind = call::write, .error = 0, .sticky = true, .at_most = most});
    disk.inject({.kind = call::write, .nth = 3, .error = EINTR});
    disk.inject({.kind = call::write, .nth = 5, .error = EAGAIN});
    j.put("a", 300).put("b", 2);
    disk.clear_faults();
    j.seal().leave();
    EXPECT_EQ(recover_and_read(disk).batches, j.given);
  }
}

TEST(Fence, ASequenceThatMayHaveReachedTheFileIsNotUsedAgain) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 1);
  const auto used = j.file().last_sequence();
  disk.inject({.kind = call::write, .error = ENOSPC});
  EXPECT_FALSE(j.try_append({{op::put, "b", "2"}}).has_value());
  EXPECT_EQ(j.file().last_sequence(), used + 1);
}

TEST(Fence, AFileWhoseSyncFailedBeforeItHadANameNeverGetsOne) {
  for (const bool early : {true, false}) {
    simulated_disk disk;
    small_journal j(disk);
    j.create().put("a", 1).sync();
    auto made = journal_file::create(j.where(), test::any_store, {});
    (*made)->begin(2);
    ASSERT_TRUE((*made)->add({}).has_value());
    ASSERT_TRUE((*made)->commit().has_value());
    disk.inject({.kind = call::any_sync});
    EXPECT_EQ((early ? (*made)->sync_unpublished() : (*made)->publish(true)).error(),
              errc::file_error);
    // The kernel forgets: the next sync would say ok.
    EXPECT_FALSE((*made)->sync_unpublished().has_value());
    EXPECT_FALSE((*made)->publish(true).has_value());
    made->reset();
    j.leave();
    EXPECT_EQ(recover_and_read(disk).batches, j.given);
  }
}

// An append may begin while another thread's sync fences: no assert may stand in the way.
TEST(Fence, ASyncThatFencesBesideAnAppendIsNoMistakeOfTheCaller) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 1);
  disk.inject({.kind = call::sync_data});
  EXPECT_FALSE(j.file().sync().has_value());
  j.file().begin(j.file().last_sequence() + 1);
  ASSERT_TRUE(j.file().add({}).has_value());
  (void)j.file().commit();
  EXPECT_EQ(j.file().sync().error(), errc::fenced);
}

TEST(Fence, SyncsBesideAppendsNeverClaimMoreThanIsDurable) {
  simulated_disk disk;
  small_journal j(disk);
  j.create();
  {
    std::atomic<bool> done{false};
    std::jthread syncing([&] {
      while (!done) ASSERT_TRUE(j.file().sync().has_value());
    });
    for (int i = 0; i < 2000; ++i) {
      j.put(std::to_string(i % 9), static_cast<std::size_t>(i % 50));
      if (i % 100 == 0) j.note();
    }
    done = true;
  }
  const auto durable = disk.read_durable(test::name);
  const auto up_to = j.file().durable_up_to();
  ASSERT_GE(durable->size(), up_to);
  const auto now = test::image_of(disk);
  EXPECT_TRUE(
      std::equal(now.begin(), now.begin() + static_cast<std::ptrdiff_t>(up_to), durable->begin()));
  j.leave();
  EXPECT_EQ(recover_and_read(disk).batches, j.given);
}

TEST(Fence, AnAnnouncementThatFailsFencesUnlessTheDiskIsFull) {
  for (const auto kind : {call::write, call::sync_data}) {
    for (const int cause : {EIO, ENOSPC}) {
      simulated_disk disk;
      small_journal j(disk);
      j.create().put("a", 1).sync().leave();
      j.open();
      disk.inject({.kind = kind, .error = cause});
      const auto refused = j.try_append({{op::put, "b", "2"}});
      EXPECT_FALSE(refused.has_value());
      const bool healthy = kind == call::write && cause == ENOSPC;
      EXPECT_EQ(j.file().is_fenced(), !healthy);
      EXPECT_EQ(refused.error(), healthy ? errc::no_space : errc::indeterminate);
      if (healthy) j.put("c", 3);
      j.leave();
      EXPECT_EQ(recover_and_read(disk).batches, j.given);
    }
  }
}

}  // namespace
}  // namespace shelf::journal
