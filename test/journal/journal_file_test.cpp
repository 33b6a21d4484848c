// JOURNAL  api -> table -> [journal] -> file
// A journal written, synced, sealed, reopened, recovered and compacted.
#define XXH_INLINE_ALL
#include "journal/journal_file.hpp"

#include "forged_journal.hpp"
#include "small_journal.hpp"

#include <xxhash.h>
#include <algorithm>
#include <cerrno>

namespace shelf::journal {
namespace {

using simulation::call;
using simulation::simulated_disk;
using test::forged_journal;
using test::look;
using test::recover_and_read;
using test::small_journal;

constexpr std::size_t mebibyte = std::size_t{1} << 20;

std::vector<std::byte> changed_slots(const std::vector<std::byte>& content, const file_header& to) {
  auto out = content;
  for (std::size_t slot = 0; slot < 2; ++slot) {
    const auto encoded = encode_slot(to, slot);
    std::ranges::copy(encoded, out.begin() + static_cast<std::ptrdiff_t>(slot_offsets[slot]));
  }
  return out;
}

/// Sets the lowest bit of a feature mask in a slot.
void forge(std::vector<std::byte>& content, std::uint64_t slot, std::size_t mask) {
  auto* const at = content.data() + slot;
  at[mask] = std::byte{128};
  store_le(at + 504, std::uint64_t{XXH3_64bits_withSeed(at, 504, slot)});
}

TEST(JournalFile, WhatWasAppendedComesBackInOrder) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("alice", 30).append({{op::put, "bob", "1"}, {op::erase, "alice", ""}});
  j.append({{op::clear, "", ""}}).sync().leave();
  const auto back = recover_and_read(disk);
  EXPECT_FALSE(back.refused.has_value());
  EXPECT_EQ(back.batches, j.given);
  EXPECT_FALSE(back.found.clean);
  EXPECT_EQ(back.found.cut_bytes, 0u);
}

TEST(JournalFile, ASealedFileOpensCleanAndWithoutWriting) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("alice", 30).seal().leave();
  const auto before = disk.calls(call::changing);
  const auto back = recover_and_read(disk);
  EXPECT_TRUE(back.found.clean);
  EXPECT_EQ(back.batches, j.given);
  EXPECT_EQ(disk.calls(call::changing), before);
}

TEST(JournalFile, SealingACleanFileAgainWritesNothing) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("alice", 30).seal().leave();
  j.open();
  const auto before = disk.calls(call::changing);
  j.seal().leave();
  EXPECT_EQ(disk.calls(call::changing), before);
  j.open().put("bob", 2).seal().leave();
  EXPECT_EQ(recover_and_read(disk).batches, j.given);
  EXPECT_TRUE(recover_and_read(disk).found.clean);
}

TEST(JournalFile, EveryWritingSessionHasANewEraAndReadingOnesHaveNone) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 1);
  const auto first = j.file().era();
  j.leave();
  j.open().leave();
  j.open().put("b", 1);
  EXPECT_EQ(j.file().era(), first + 2);
  j.seal().leave();
  j.open();
  EXPECT_EQ(j.file().era(), first + 4);
}

TEST(JournalFile, OpeningChangesNothingUntilTheFileIsRecovered) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 100).put("b", 100).leave();
  disk.resize(test::name, j.ends[1] + 20);
  const auto torn = test::image_of(disk);
  const auto before = disk.calls(call::changing);
  {
    const auto opened = journal_file::open(j.where(), {});
    ASSERT_TRUE(opened.has_value());
    test::collector all;
    ASSERT_TRUE((*opened)->replay(frames_start, (*opened)->end(), all).has_value());
    EXPECT_EQ(all.batches.size(), 2u);
    EXPECT_EQ((*opened)->recovered().cut_bytes, 20u);
  }
  EXPECT_EQ(disk.calls(call::changing), before);
  EXPECT_EQ(test::image_of(disk), torn);
  EXPECT_EQ(recover_and_read(disk).batches.size(), 2u);
  EXPECT_EQ(test::image_of(disk).size(), j.ends[1]);
}

TEST(JournalFile, ASessionIsAnnouncedInTheHeaderAndSyncedBeforeItsFirstFrame) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 1).sync().leave();
  j.open();
  const auto before = disk.operations();
  j.put("b", 1).put("c", 1);
  const auto past = disk.recorded();
  std::vector<simulation::disk_operation::type> done;
  for (auto i = before; i < past.operations.size(); ++i) done.push_back(past.operations[i].what);
  using type = simulation::disk_operation::type;
  EXPECT_EQ(done, (std::vector<type>{type::write, type::sync_data, type::write, type::write}));
  EXPECT_LT(past.operations[before].offset, frames_start);
  const auto header = decode_header(test::image_of(disk), "");
  EXPECT_EQ(header->durable_up_to, j.ends[1]);
  EXPECT_EQ(header->era + 1, j.file().era());
}

// A batch that a power cut took, and that nobody saw after the recovery, must not come back when
// the next session's frames are lost too and the disk shows its old bytes in their place.
TEST(JournalFile, FramesLostOnceDoNotComeBackWhereALaterSessionGrewTheFile) {
  for (const bool sealed : {false, true}) {
    simulated_disk disk;
    small_journal j(disk);
    j.create().put("a", 100).sync();
    if (sealed) j.seal().leave();
    if (sealed) j.open();
    const auto start = j.file().end();
    j.put("lost", 100);
    const auto with_lost = test::image_of(disk);
    j.leave();
    disk.resize(test::name, start);
    if (sealed) disk.overwrite(test::name, 0, bytes(with_lost).first(frames_start));
    j.given.pop_back();
    j.open().put("new", 100).leave();
    j.given.pop_back();  // taken by the second power cut
    disk.overwrite(test::name, start, bytes(with_lost).subspan(start));
    const auto back = recover_and_read(disk);
    EXPECT_FALSE(back.refused.has_value());
    EXPECT_EQ(back.batches, j.given);
    EXPECT_GT(back.found.cut_bytes, 0u);
  }
}

TEST(JournalFile, SequencesGoOnWhereTheyEnded) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 1).put("b", 1);
  const auto last = j.file().last_sequence();
  j.seal().leave();
  EXPECT_EQ(j.open().file().last_sequence(), last);
}

TEST(JournalFile, ABatchOfSeveralFramesIsOneBatch) {
  simulated_disk disk;
  small_journal j(disk);
  std::vector<test::kept_change> changes;
  for (int i = 0; i < 50; ++i)
    changes.push_back({op::put, std::to_string(i), std::string(100'000, 'x')});
  j.create().append(std::move(changes)).put("after", 3).leave();
  const auto back = recover_and_read(disk);
  EXPECT_EQ(back.batches, j.given);
}

TEST(JournalFile, ARecordLargerThanAFrameStandsAloneInALongerOne) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().append({{op::put, "small", "1"},
                     {op::put, "large", std::string(6 * mebibyte, 'x')},
                     {op::put, "small too", "2"}});
  j.put("after", 3).leave();
  EXPECT_EQ(recover_and_read(disk).batches, j.given);
  const auto content = test::image_of(disk);
  std::vector<std::size_t> records;
  const auto file = j.where().open_to_read();
  frame_reader reader(*file, content.size(), load_le<std::uint64_t>(content.data() + 56));
  for (std::uint64_t at = j.ends[0]; at < j.ends[1];) {
    const auto f = *reader.at(at);
    ASSERT_TRUE(f.has_value());
    std::size_t count = 0;
    for (bytes rest = f->records; take_record(rest).has_value();) ++count;
    records.push_back(count);
    EXPECT_TRUE(count == 1 || f->header.size <= frame_capacity);
    at = f->next;
  }
  EXPECT_EQ(records, (std::vector<std::size_t>{1, 1, 1}));
}

TEST(JournalFile, OneDamagedSlotIsFineAndBothAreCorrupt) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 9).seal().leave();
  const auto good = test::image_of(disk);
  for (const std::uint64_t slot : slot_offsets) {
    auto one = good;
    one[slot + 100] ^= std::byte{4};
    EXPECT_EQ(recover_and_read(*test::disk_with(one)).batches, j.given);
  }
  auto both = good;
  for (const std::uint64_t slot : slot_offsets) both[slot + 100] ^= std::byte{4};
  const auto bad = test::disk_with(both);
  EXPECT_EQ(*recover_and_read(*bad).refused, errc::corrupt);
  EXPECT_EQ(test::image_of(*bad), both);
}

// The slot that still holds may be the only one: it must not be the first to be overwritten.
TEST(JournalFile, TheOnlyGoodSlotIsWrittenLast) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 9).seal().leave();
  const auto good = test::image_of(disk);
  for (std::size_t broken = 0; broken < 2; ++broken) {
    auto one = good;
    one[slot_offsets[broken] + 100] ^= std::byte{4};
    const auto damaged = test::disk_with(one);
    small_journal again(*damaged);
    const auto before = damaged->operations();
    again.open().put("b", 9).seal();
    const auto past = damaged->recorded();
    std::vector<std::uint64_t> slots;
    for (auto i = before; i < past.operations.size(); ++i) {
      const auto& o = past.operations[i];
      if (o.what == simulation::disk_operation::type::write && o.offset < frames_start)
        slots.push_back(o.offset);
    }
    EXPECT_EQ(slots, (std::vector<std::uint64_t>{slot_offsets[broken], slot_offsets[1 - broken],
                                                 slot_offsets[broken]}));
  }
}

TEST(JournalFile, FeaturesThatWritersMustKnowAreReadAndNeverTouched) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 9).leave();
  for (const std::size_t mask : {std::size_t{24}, std::size_t{32}}) {
    auto content = test::image_of(disk);
    for (const auto slot : slot_offsets) forge(content, slot, mask);
    content.resize(content.size() + 99, std::byte{0xa5});  // torn: a writer would cut it
    const auto newer = test::disk_with(content);
    EXPECT_EQ(*recover_and_read(*newer).refused, errc::unsupported_version);
    EXPECT_EQ(newer->calls(call::changing), 0u);
    const auto seen = look(*newer);
    if (mask == 24) {
      EXPECT_EQ(seen.batches, j.given);
    } else {
      EXPECT_EQ(*seen.refused, errc::unsupported_version);
    }
  }
}

TEST(JournalFile, UnknownCompatibleFeaturesSurviveASession) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 9).seal().leave();
  auto content = test::image_of(disk);
  auto header = *decode_header(content, "");
  header.compatible = 0xbeef;
  ++header.generation;
  disk.put(test::name, changed_slots(content, header));
  j.open().put("b", 2).seal().leave();
  content = test::image_of(disk);
  EXPECT_EQ(decode_header(content, "")->compatible, 0xbeefu);
  EXPECT_EQ(recover_and_read(disk).batches, j.given);
}

/// A file of one entry whose counters stand where nobody has counted to.
struct far_counter {
  const char* what;
  std::uint32_t header_era = 0;
  std::uint32_t era = 1;
  std::uint64_t header_sequence = 0;
  std::uint64_t sequence = 1;
  std::uint64_t generation = 0;

  [[nodiscard]] std::vector<std::byte> content() const {
    file_header h;
    h.era = header_era;
    h.sequence = header_sequence;
    h.generation = generation;
    h.durable_up_to = frames_start + 48;  // behind the frame
    forged_journal f(h);
    return f.put("a", {.era = era, .sequence = sequence}).content;
  }
};

TEST(JournalFile, CountersBeyondTheirLimitAreRefusedForWritingAndReadAllTheSame) {
  const far_counter beyond[] = {
      {.what = "session", .header_era = most_era + 1},
      {.what = "session", .header_era = 0xffff'ffff},
      {.what = "session", .era = most_era + 1},
      {.what = "session", .era = 0xffff'ffff},
      {.what = "batch", .header_sequence = most_sequence + 1},
      {.what = "batch", .sequence = most_sequence + 1},
      {.what = "batch", .sequence = (std::uint64_t{1} << 62) - 1},
      {.what = "batch", .sequence = ~std::uint64_t{0}},
      {.what = "header", .generation = most_generation + 1},
      {.what = "header", .generation = ~std::uint64_t{0}},
  };
  for (const auto& c : beyond) {
    const auto content = c.content();
    const auto disk = test::disk_with(content);
    const auto refused = recover_and_read(*disk).refused;
    ASSERT_TRUE(refused.has_value()) << c.what;
    EXPECT_EQ(*refused, errc::corrupt);
    for (const auto* piece : {c.what, "the limit is", "read_only"}) {
      EXPECT_NE(refused->message().find(piece), std::string::npos) << refused->message();
    }
    EXPECT_EQ(test::image_of(*disk), content);
    EXPECT_EQ(look(*disk).batches.size(), 1u);
  }
}

TEST(JournalFile, CountersAtTheirLimitCanStillBeWritten) {
  const far_counter last[] = {
      {.what = "header's era", .header_era = most_era},
      {.what = "era", .era = most_era},
      {.what = "header's sequence", .header_sequence = most_sequence},
      {.what = "sequence", .sequence = most_sequence},
      {.what = "generation", .generation = most_generation},
  };
  for (const auto& c : last) {
    SCOPED_TRACE(c.what);
    const auto disk = test::disk_with(c.content());
    small_journal j(*disk);
    j.open();
    for (int i = 0; i < 10; ++i) j.put("b", 1).sync().note();
    j.seal().put("c", 1).seal().leave();
    EXPECT_EQ(look(*disk).batches.size(), 12u);
  }
}

TEST(JournalFile, APublishedFileCannotLoseItsFirstBatchUnnoticed) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().leave();
  const auto good = test::image_of(disk);
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto cut = test::disk_with(bytes(good).first(size));
    EXPECT_TRUE(recover_and_read(*cut).refused.has_value()) << size;
  }
}

TEST(JournalFile, VerifyFindsDamageAndChangesNothing) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 100).sync().put("b", 100);
  EXPECT_EQ(j.file().verify()->batches, 3u);
  disk.flip_bit(test::name, (j.ends[0] + 60) * 8);
  const auto before = test::image_of(disk);
  EXPECT_EQ(j.file().verify().error(), errc::corrupt);
  EXPECT_EQ(test::image_of(disk), before);
}

TEST(JournalFile, IsLockedWhileOpenAndFreeAfterwards) {
  simulated_disk disk;
  small_journal j(disk);
  j.create();
  EXPECT_EQ(*recover_and_read(disk).refused, errc::already_open);
  EXPECT_FALSE(look(disk).refused.has_value());
  j.leave();
  EXPECT_FALSE(recover_and_read(disk).refused.has_value());
  EXPECT_EQ(disk.locks_held(), 0u);
}

TEST(JournalFile, ACompactedFileHoldsTheSameAndTheOldIsGone) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 100).put("b", 100).sync().compact().put("c", 3).leave();
  EXPECT_EQ(recover_and_read(disk).batches, j.given);
  EXPECT_EQ(disk.files(), std::vector<std::string>{test::name});
}

TEST(JournalFile, AnUnpublishedFileLeavesNothingBehind) {
  simulated_disk disk;
  {
    const auto where = test::place(disk);
    const auto made = journal_file::create(where, test::any_store, {});
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(disk.files().size(), 1u);
  }
  EXPECT_TRUE(disk.files().empty());
  EXPECT_EQ(disk.locks_held(), 0u);
  EXPECT_EQ(disk.open_descriptors(), 0u);
}

TEST(JournalFile, ANewNameThatIsTakenMeanwhileIsNotReplaced) {
  simulated_disk disk;
  const auto where = test::place(disk);
  auto made = journal_file::create(where, test::any_store, {});
  (*made)->begin(1);
  ASSERT_TRUE((*made)->add({}).has_value());
  ASSERT_TRUE((*made)->commit().has_value());
  const std::string mine = "mine";
  disk.put(test::name, as_bytes(mine));
  EXPECT_EQ((*made)->publish(false).error(), errc::already_open);
  EXPECT_FALSE((*made)->is_fenced());
  EXPECT_EQ(test::image_of(disk).size(), 4u);
}

TEST(JournalFile, WrittenAheadZerosAreThereBeforeThemselvesNeedASize) {
  simulated_disk disk;
  small_journal j(disk, {.write_ahead = true});
  j.create().put("a", 100).sync();
  const auto size = test::image_of(disk).size();
  EXPECT_GT(size, j.file().end());
  j.put("b", 1000).put("c", 1000).sync();
  EXPECT_EQ(test::image_of(disk).size(), size);
  const auto killed = test::disk_with(test::image_of(disk));
  const auto back = recover_and_read(*killed);
  EXPECT_EQ(back.batches, j.given);
  EXPECT_EQ(back.found.cut_bytes, 0u);
  EXPECT_EQ(test::image_of(*killed).size(), j.file().end());
  j.seal();
  EXPECT_EQ(test::image_of(disk).size(), j.file().end());
}

TEST(JournalFile, ADiskTooFullForZerosStillTakesTheBatch) {
  simulated_disk disk;
  small_journal j(disk, {.write_ahead = true});
  j.create();
  disk.set_options({.capacity = j.file().end() + 2000});
  j.put("a", 100).sync().put("b", 100).sync();
  EXPECT_FALSE(j.file().is_fenced());
  j.leave();
  EXPECT_EQ(recover_and_read(disk).batches, j.given);
}

TEST(JournalFile, NoteMakesLaterDamageProvable) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 100).sync().note();
  const auto end = j.file().end();
  j.note();
  EXPECT_EQ(j.file().end(), end) << "one note is enough";
  EXPECT_TRUE(j.file().is_durable());
  j.leave();
  disk.flip_bit(test::name, (j.ends[1] - 20) * 8);
  EXPECT_EQ(*recover_and_read(disk).refused, errc::corrupt);
}

TEST(JournalFile, NothingIsNotedBeforeItIsDurable) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 100);
  const auto end = j.file().end();
  j.note();
  EXPECT_EQ(j.file().end(), end);
}

TEST(JournalFile, ASyncWithNothingToSyncCallsNobody) {
  simulated_disk disk;
  small_journal j(disk);
  j.create().put("a", 1).sync().note();
  const auto before = disk.calls(call::any_sync);
  j.sync();
  EXPECT_EQ(disk.calls(call::any_sync), before);
}

}  // namespace
}  // namespace shelf::journal
