// JOURNAL  api -> table -> [journal] -> file
// A reader without a lock, beside a writer that appends, cuts back, recovers and replaces its file.
#include "journal/journal_view.hpp"

#include "budget.hpp"
#include "small_journal.hpp"

#include <atomic>
#include <cerrno>
#include <thread>

namespace shelf::journal {
namespace {

using shelf::test::budgeted;
using simulation::call;
using simulation::simulated_disk;
using test::look;
using test::small_journal;

TEST(JournalView, SeesCompleteBatchesOnlyAndChangesNothing) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 1).put("b", 2);
  auto content = test::image_of(disk);
  const auto last = j.ends[1];
  for (auto size = last; size < content.size(); ++size) {
    const auto torn = test::disk_with(bytes(content).first(size));
    const auto seen = look(*torn);
    ASSERT_FALSE(seen.refused.has_value());
    EXPECT_EQ(seen.batches.size(), 2u);
    EXPECT_EQ(seen.found.found.torn_bytes, size - last);
    EXPECT_EQ(torn->calls(call::changing), 0u);
    EXPECT_EQ(torn->calls(call::lock), 0u);
  }
}

TEST(JournalView, RefusesWhatTheWriterRefuses) {
  simulated_disk disk;
  EXPECT_EQ(*look(disk).refused, errc::not_found);
  disk.put(test::name, {});
  EXPECT_EQ(*look(disk).refused, errc::not_a_table);
}

TEST(JournalView, NamesTheFileAndTheByteOfDamage) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 1).seal().leave();
  disk.flip_bit(test::name, (j.ends[0] + 45) * 8);
  const auto seen = look(disk);
  EXPECT_EQ(*seen.refused, errc::corrupt);
  EXPECT_TRUE(seen.refused->message().starts_with("ages.shelf: byte " + std::to_string(j.ends[0])))
      << *seen.refused;
}

TEST(JournalView, StaysOnTheOldFileAfterACompaction) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 1).put("b", 1);
  const auto before = j.given;
  auto view = journal_view::open(j.where());
  ASSERT_TRUE(view.has_value());
  j.compact().put("c", 1);
  test::collector old;
  ASSERT_TRUE((*view)->replay(old).has_value());
  EXPECT_EQ(old.batches, before);
  EXPECT_EQ(look(disk).batches, j.given);
}

/// Batches of a file the writer below made: each holds its own number, or something is wrong.
void expect_whole(const std::vector<test::batch>& batches) {
  std::uint64_t last = 0;
  for (const auto& b : batches) {
    if (b.changes.front().what == op::table_created) continue;
    ASSERT_EQ(b.changes.size(), 3u);
    const auto number = std::stoull(b.changes[0].value);
    ASSERT_GT(number, last);
    last = number;
    EXPECT_EQ(b.changes[1].key, b.changes[0].value);
    EXPECT_EQ(b.changes[2].key, b.changes[0].value);
  }
}

std::vector<test::kept_change> numbered(int i) {
  const auto n = std::to_string(i);
  return {{op::put, "n", n},
          {op::put, n, std::string(static_cast<std::size_t>(i * 37 % 700), 'x')},
          {op::put, n, "end"}};
}

/// All that a writer does to a file, over and over, until the readers are done.
void write_while(small_journal& j, const std::atomic<int>& readers) {
  for (int i = 1; readers > 0; ++i) {
    if (i % 5 == 0) {
      j.disk().inject({.kind = call::write, .error = i % 2 == 0 ? ENOSPC : EIO});
    }
    const bool written = j.try_append(numbered(i)).has_value();
    j.disk().clear_faults();
    if (written && i % 3 == 0) j.sync().note();
    if (j.file().is_fenced() || i % 17 == 0) {
      j.leave();
      j.open();
    }
    if (i % 23 == 0) j.seal();
    if (j.given.size() > 60) {
      const auto store = j.file().store_id();
      auto made = journal_file::create(j.where(), store, {.write_ahead = i % 2 == 0});
      (*made)->begin(j.file().last_sequence() + 1);
      for (const auto& c : numbered(i)) ASSERT_TRUE((*made)->add(as_change(c)).has_value());
      ASSERT_TRUE((*made)->commit().has_value());
      ASSERT_TRUE((*made)->publish(true).has_value());
      made->reset();
      j.leave();
      j.open();
      j.given.clear();
      j.ends.clear();
    }
  }
}

TEST(JournalView, BesideAWriterEveryLookIsWholeAndNoneIsCalledDamage) {
  simulated_disk disk;
  small_journal j(disk);
  j.create();
  std::atomic<int> readers{2};
  std::vector<std::jthread> threads;
  for (int r = 0; r < 2; ++r) {
    threads.emplace_back([&] {
      const std::shared_ptr<void> done(nullptr, [&](void*) { --readers; });
      for (std::size_t i = 0; i < budgeted(1000); ++i) {
        auto view = journal_view::open(j.where());
        ASSERT_TRUE(view.has_value()) << view.error();
        test::collector all;
        const auto read = (*view)->replay(all);
        ASSERT_TRUE(read.has_value()) << read.error();
        expect_whole(all.batches);
      }
    });
  }
  write_while(j, readers);
}

}  // namespace
}  // namespace shelf::journal
