// JOURNAL  api -> table -> [journal] -> file
// The rule of recovery, case by case: which frames follow each other, what proves damage, what
// costs too much.
#include "journal/scan.hpp"

#include "cpu_time.hpp"
#include "forged_journal.hpp"
#include "small_journal.hpp"

#include <chrono>

namespace shelf::journal {
namespace {

using test::forged_journal;
using shape = forged_journal::shape;

result<scanned> scan_of(const std::vector<std::byte>& content) {
  const auto disk = test::disk_with(content);
  const auto file = test::place(*disk).open_to_read();
  const auto header = decode_header(content, test::name);
  EXPECT_TRUE(header.has_value());
  frame_reader reader(*file, content.size(), header->file_id);
  return scan(reader, *header);
}

std::uint64_t batches_in(const forged_journal& f) {
  const auto found = scan_of(f.content);
  EXPECT_TRUE(found.has_value()) << found.error();
  return found ? found->batches : 0;
}

file_header claiming(std::uint64_t durable_up_to) {
  file_header h;
  h.durable_up_to = durable_up_to;
  return h;
}

TEST(Scan, CountsBatchesChangesAndKnowsTheSeal) {
  forged_journal f;
  f.put("a", {.sequence = 1}).put("b", {.commit = false, .sequence = 2});
  f.put("c", {.first = false, .sequence = 2}).seal({.sequence = 2});
  const auto found = scan_of(f.content);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->batches, 3u);
  EXPECT_EQ(found->changes, 3u);
  EXPECT_EQ(found->sequence, 2u);
  EXPECT_EQ(found->end, f.content.size());
  EXPECT_TRUE(found->sealed);
  EXPECT_EQ(found->torn_bytes, 0u);
  f.put("d", {.sequence = 3});
  EXPECT_FALSE(scan_of(f.content)->sealed);
}

TEST(Scan, AFrameOfTheSameEraByAnotherSessionDoesNotFollow) {
  forged_journal f;
  f.put("a", {.era = 2, .nonce = 10});
  f.put("stale", {.era = 2, .nonce = 11, .sequence = 2});
  EXPECT_EQ(batches_in(f), 1u);
  EXPECT_GT(scan_of(f.content)->torn_bytes, 0u);
}

TEST(Scan, AFrameOfAnOlderEraDoesNotFollowAndOneOfANewerDoes) {
  forged_journal older;
  older.put("a", {.era = 3}).put("stale", {.era = 2, .sequence = 2});
  EXPECT_EQ(batches_in(older), 1u);
  forged_journal newer;
  newer.put("a", {.era = 3}).put("b", {.era = 7, .nonce = 5, .sequence = 2});
  EXPECT_EQ(batches_in(newer), 2u);
}

TEST(Scan, FromTheHeadersClaimOnOnlyLaterErasFollow) {
  for (const std::uint32_t over : {1u, 2u, 3u}) {
    auto h = claiming(frames_start + 48);
    h.era = over;
    forged_journal f(h);
    f.put("a", {.era = 1});
    ASSERT_EQ(f.content.size(), h.durable_up_to);
    f.put("b", {.era = 2, .sequence = 2});
    EXPECT_EQ(batches_in(f), over < 2 ? 2u : 1u);
  }
}

TEST(Scan, AnOlderSequenceDoesNotFollow) {
  forged_journal f;
  f.put("a", {.sequence = 5}).put("stale", {.sequence = 4});
  EXPECT_EQ(batches_in(f), 1u);
}

TEST(Scan, ABatchTakesOnlyItsOwnLaterFrames) {
  const shape later{.first = false, .sequence = 2};
  for (const shape& wrong :
       {shape{.first = false, .sequence = 3}, shape{.first = true, .sequence = 2},
        shape{.first = false, .era = 2, .sequence = 2},
        shape{.first = false, .nonce = 1, .sequence = 2}}) {
    forged_journal f;
    f.put("a", {}).put("b", {.commit = false, .sequence = 2});
    auto torn = f;
    EXPECT_EQ(batches_in(torn.put("c", wrong)), 1u);
    EXPECT_EQ(batches_in(f.put("c", later)), 2u);
  }
  forged_journal stray;
  stray.put("a", {}).put("c", later);
  EXPECT_EQ(batches_in(stray), 1u);
}

TEST(Scan, ABatchWithoutItsCommitDoesNotCount) {
  forged_journal f;
  f.put("a", {});
  const auto end = f.content.size();
  f.put("b", {.commit = false, .sequence = 2})
      .put("c", {.first = false, .commit = false, .sequence = 2});
  const auto found = scan_of(f.content);
  EXPECT_EQ(found->batches, 1u);
  EXPECT_EQ(found->end, end);
  EXPECT_EQ(found->torn_bytes, f.content.size() - end);
}

TEST(Scan, GarbageThatNothingProvesIsTornAndReported) {
  forged_journal f;
  f.put("a", {}).garbage(100);
  const auto found = scan_of(f.content);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->torn_bytes, 100u);
}

TEST(Scan, ZerosBehindTheEndAreRoomWrittenAheadAndNotTorn) {
  forged_journal f;
  f.put("a", {});
  const auto end = f.content.size();
  f.content.resize(end + 100'000);
  const auto found = scan_of(f.content);
  EXPECT_EQ(found->end, end);
  EXPECT_EQ(found->torn_bytes, 0u);
}

TEST(Scan, ALaterValidFrameAloneProvesNoDamage) {
  forged_journal f;
  f.put("a", {}).garbage(64).put("late", {.sequence = 3, .durable_up_to = 8192});
  EXPECT_EQ(batches_in(f), 1u);
}

TEST(Scan, ALaterFrameThatClaimsTheBadByteProvesDamage) {
  forged_journal f;
  f.put("a", {});
  const auto bad = f.content.size();
  f.garbage(64).put("late", {.sequence = 3, .durable_up_to = bad + 1});
  const auto found = scan_of(f.content);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error(), errc::corrupt);
  EXPECT_TRUE(
      found.error().message().starts_with(test::name + ": byte " + std::to_string(bad) + ":"));
  forged_journal exact;
  exact.put("a", {}).garbage(64).put("late", {.sequence = 3, .durable_up_to = bad});
  EXPECT_EQ(batches_in(exact), 1u);
}

TEST(Scan, TheHeadersClaimProvesDamage) {
  forged_journal f(claiming(8192 + 49));
  f.put("a", {}).garbage(64);
  EXPECT_EQ(scan_of(f.content).error(), errc::corrupt);
  forged_journal met(claiming(8192 + 48));
  met.put("a", {}).garbage(64);
  EXPECT_EQ(batches_in(met), 1u);
}

TEST(Scan, AFileThatEndsInsideItsHeaderIsDamaged) {
  const forged_journal f;
  for (const std::size_t size : {512u, 4096u, 4608u, 8191u}) {
    const std::vector<std::byte> cut(f.content.begin(),
                                     f.content.begin() + static_cast<std::ptrdiff_t>(size));
    const auto found = scan_of(cut);
    ASSERT_FALSE(found.has_value()) << size;
    EXPECT_EQ(found.error(), errc::corrupt);
    EXPECT_TRUE(
        found.error().message().starts_with(test::name + ": byte " + std::to_string(size) + ":"));
  }
}

TEST(Scan, ACheckedFrameWithoutValidRecordsIsCorruptAtThatByte) {
  for (std::size_t good = 0; good < 3; ++good) {
    std::vector<std::byte> records;
    for (std::size_t i = 0; i < good; ++i) {
      append_record(records, {.what = op::put, .flags = 0, .table = 1, .key = {}, .value = {}});
    }
    const auto bad = frames_start + frame_header_size + records.size();
    records.insert(records.end(), 3, std::byte{0xee});
    forged_journal f;
    f.frame(records, {});
    const auto found = scan_of(f.content);
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error(), errc::corrupt);
    EXPECT_TRUE(found.error().message().starts_with(test::name + ": byte " + std::to_string(bad) +
                                                    ": no valid record;"));
  }
}

TEST(Scan, OverlappingClaimsTooManyToCheckAreRefusedInLinearTime) {
  forged_journal f;
  f.put("a", {});
  const auto bad = f.content.size();
  f.garbage(64);
  const auto from = f.content.size();
  f.content.resize(from + (std::size_t{8} << 20));
  for (auto at = from; at + 40 <= f.content.size(); at += 40) {
    const std::uint64_t fields[] = {
        0, (std::uint64_t{3} << 32) | (((f.content.size() - at) & ~std::size_t{7})), 1, 1, bad + 1};
    std::memcpy(f.content.data() + at, fields, sizeof fields);
  }
  const auto start = shelf::test::cpu_time();
  const auto found = scan_of(f.content);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error(), errc::corrupt);
  // All claims together are 800 GiB.
  EXPECT_LT(shelf::test::cpu_time() - start, std::chrono::seconds(20));
}

TEST(Scan, DeadlinesThatTheHeaderDoesNotAnnounceAreDamage) {
  for (const auto& c :
       {change{.what = op::put,
               .flags = flag::deadline,
               .key = as_bytes(std::string_view("b")),
               .value = {},
               .deadline = 5},
        change{.what = op::expire, .key = as_bytes(std::string_view("b")), .value = {}},
        change{.what = op::erase,
               .flags = flag::expired,
               .key = as_bytes(std::string_view("b")),
               .value = {}}}) {
    std::vector<std::byte> records;
    append_record(records, c);
    forged_journal f;
    f.put("a", {});
    f.frame(records, {.sequence = 2});
    const auto found = scan_of(f.content);
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error(), errc::corrupt);
  }
}

TEST(Scan, HistoryStandsBehindTheFirstBatchAndItsStateMustFollow) {
  file_header h;
  h.history = true;
  forged_journal whole(h);
  whole.put("catalog", {.sequence = 1});
  const auto first_end = whole.content.size();
  whole.put("a", {.sequence = 2, .history = true}).put("b", {.sequence = 3, .history = true});
  const auto history_end = whole.content.size();
  forged_journal lacking = whole;
  whole.put("state", {.sequence = 3});
  const auto state_end = whole.content.size();
  whole.put("c", {.sequence = 4});
  const auto found = scan_of(whole.content);
  ASSERT_TRUE(found) << found.error();
  EXPECT_EQ(found->batches, 5u);
  EXPECT_EQ(found->parts.first_end, first_end);
  EXPECT_EQ(found->parts.history_end, history_end);
  EXPECT_EQ(found->parts.state_end, state_end);
  EXPECT_EQ(found->first.sequence, 1u);
  EXPECT_EQ(scan_of(lacking.content).error(), errc::corrupt) << "the state is missing";

  whole.put("late", {.sequence = 5, .history = true});
  EXPECT_EQ(scan_of(whole.content)->batches, 5u) << "history has no place there";
  forged_journal at_once(h);
  at_once.put("a", {.sequence = 1, .history = true});
  EXPECT_EQ(scan_of(at_once.content)->batches, 0u);
  forged_journal unannounced;
  unannounced.put("catalog", {.sequence = 1}).put("a", {.sequence = 2, .history = true});
  EXPECT_EQ(scan_of(unannounced.content)->batches, 1u);
}

TEST(Scan, RecordsWithUnknownFlagsAreOfANewerShelfAndNotDamage) {
  for (const int flag : {4, 8, 128}) {
    std::vector<std::byte> records;
    append_record(records, {.what = op::put,
                            .flags = static_cast<std::uint8_t>(flag),
                            .table = 1,
                            .key = as_bytes(std::string_view("b")),
                            .value = {}});
    forged_journal f;
    const auto at = f.put("a", {}).content.size();
    f.frame(records, {.sequence = 2});
    const auto found = scan_of(f.content);
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error(), errc::unsupported_version);
    EXPECT_NE(found.error().message().find("byte " + std::to_string(at)), std::string::npos);
    EXPECT_NE(found.error().message().find("flags " + std::to_string(flag)), std::string::npos);
    const auto disk = test::disk_with(f.content);
    for (const auto& refused :
         {*test::recover_and_read(*disk).refused, *test::look(*disk).refused}) {
      EXPECT_EQ(refused, errc::unsupported_version);
      EXPECT_TRUE(refused.message().starts_with(test::name + ": byte ")) << refused.message();
    }
    EXPECT_EQ(test::image_of(*disk), f.content);
    const auto file = test::place(*disk).open_to_read();
    frame_reader reader(*file, f.content.size(), 0);
    test::collector out;
    EXPECT_EQ(replay(reader, frames_start, f.content.size(), out).error(),
              errc::unsupported_version);
  }
}

TEST(Replay, StopsAtTheVisitorsError) {
  class refuses final : public visitor {
   public:
    result<> visit(const change&, std::uint64_t) override {
      return std::unexpected(error(errc::busy));
    }
    result<> committed(std::uint64_t) override { return {}; }
  } out;
  forged_journal f;
  f.put("a", {});
  const auto disk = test::disk_with(f.content);
  const auto file = test::place(*disk).open_to_read();
  frame_reader reader(*file, f.content.size(), 0);
  EXPECT_EQ(replay(reader, frames_start, f.content.size(), out).error(), errc::busy);
}

TEST(Replay, AFrameThatChangedSinceTheScanIsCorrupt) {
  forged_journal f;
  f.put("a", {});
  f.content.back() ^= std::byte{1};
  const auto disk = test::disk_with(f.content);
  const auto file = test::place(*disk).open_to_read();
  frame_reader reader(*file, f.content.size(), 0);
  test::collector out;
  EXPECT_EQ(replay(reader, frames_start, f.content.size(), out).error(), errc::corrupt);
}

}  // namespace
}  // namespace shelf::journal
