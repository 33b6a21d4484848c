// JOURNAL  api -> table -> [journal] -> file
// Small journals of every kind, damaged in every way: an error that names the byte, or the same
// data.
#include "budget.hpp"
#include "forged_journal.hpp"
#include "small_journal.hpp"

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <random>

namespace shelf::journal {
namespace {

using simulation::simulated_disk;
using test::batch;
using test::look;
using test::reading;
using test::small_journal;

/// A frame, or the header (from 0 to 0), that says how much was on disk.
struct claim {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::uint64_t durable_up_to = 0;
};

/// A journal as it should be, and what is known of it.
struct specimen {
  std::string what;
  std::vector<std::byte> content;
  std::vector<batch> batches;
  std::vector<std::uint64_t> ends;  ///< of each batch
  std::vector<claim> claims;
  bool closed = false;

  /// What the claims prove that lie outside [from, to): all before it was on disk.
  [[nodiscard]] std::uint64_t proven(std::uint64_t from = 0, std::uint64_t to = 0) const {
    std::uint64_t up_to = 0;
    for (const auto& c : claims) {
      if (c.to <= from || c.from >= to) up_to = std::max(up_to, c.durable_up_to);
    }
    return up_to;
  }
};

std::vector<claim> claims_in(simulated_disk& disk, bytes content) {
  const auto header = decode_header(content, "");
  std::vector<claim> claims{{0, 0, header->durable_up_to}};
  const auto file = test::place(disk).open_to_read();
  frame_reader reader(*file, content.size(), header->file_id);
  for (std::uint64_t at = frames_start;;) {
    const auto f = *reader.at(at);
    if (!f) return claims;
    claims.push_back({at, f->next, f->header.durable_up_to});
    at = f->next;
  }
}

specimen taken_from(small_journal& j, std::string what, bool closed = false) {
  j.leave();
  auto content = test::image_of(j.disk());
  auto claims = claims_in(j.disk(), content);
  return {std::move(what), std::move(content), j.given, j.ends, std::move(claims), closed};
}

specimen closed_file() {
  simulated_disk disk({.seed = 11});
  small_journal j(disk);
  j.create().put("alice", 30).append({{op::put, "bob", "40"}, {op::erase, "alice", ""}}).seal();
  return taken_from(j, "closed", true);
}

specimen unclosed_file() {
  simulated_disk disk({.seed = 12});
  small_journal j(disk);
  j.create().put("alice", 30).sync().put("bob", 300).sync().put("carol", 20).put("dave", 9);
  return taken_from(j, "unclosed");
}

specimen noted_file() {
  simulated_disk disk({.seed = 13});
  small_journal j(disk);
  j.create().put("alice", 30).sync().note().put("bob", 300).sync().note();
  return taken_from(j, "noted");
}

specimen many_sessions() {
  simulated_disk disk({.seed = 14});
  small_journal j(disk);
  j.create().put("a", 30).seal().leave();
  j.open().put("b", 10).sync().put("c", 70).leave();
  j.open().put("d", 44).sync().note().seal().leave();
  j.open().put("e", 1).put("f", 2);
  return taken_from(j, "many sessions");
}

specimen recovered_file() {
  simulated_disk disk({.seed = 15});
  small_journal j(disk);
  j.create().put("a", 30).put("b", 200).leave();
  disk.resize(test::name, j.ends.back() - 40);
  j.given.pop_back();
  j.ends.pop_back();
  j.open().put("c", 190).sync().put("d", 7);
  return taken_from(j, "recovered");
}

specimen compacted_file() {
  simulated_disk disk({.seed = 16});
  small_journal j(disk);
  j.create().put("a", 30).put("b", 200).put("a", 31).compact().put("c", 5).put("d", 7);
  return taken_from(j, "compacted");
}

specimen rolled_back_file() {
  simulated_disk disk({.seed = 17});
  small_journal j(disk);
  j.create().put("a", 30);
  disk.inject({.kind = simulation::call::write, .error = 0, .at_most = 300});
  disk.inject({.kind = simulation::call::write, .error = ENOSPC});
  EXPECT_FALSE(j.try_append({{op::put, "b", std::string(800, 'b')}}).has_value());
  j.put("c", 10).put("d", 300).sync().put("e", 3);
  return taken_from(j, "rolled back");
}

specimen written_ahead() {
  simulated_disk disk({.seed = 18});
  small_journal j(disk, {.write_ahead = true});
  j.create().put("a", 30).sync().put("b", 200).sync().put("c", 10);
  j.leave();
  disk.resize(test::name, j.ends.back() + 1200);
  return taken_from(j, "written ahead");
}

std::vector<specimen> specimens() {
  return {closed_file(),    unclosed_file(),  noted_file(),       many_sessions(),
          recovered_file(), compacted_file(), rolled_back_file(), written_ahead()};
}

/// A batch of several frames, one of them long.
specimen long_file(bool closed) {
  simulated_disk disk({.seed = 19});
  small_journal j(disk);
  j.create().put("a", 30);
  std::vector<test::kept_change> changes;
  for (int i = 0; i < 30; ++i) {
    changes.push_back(
        {op::put, std::to_string(i), std::string(60'000, static_cast<char>('a' + i % 26))});
  }
  changes.push_back({op::put, "long", std::string((std::size_t{1} << 20) + 5000, 'l')});
  j.append(std::move(changes)).sync().put("b", 3);
  if (closed) j.seal();
  return taken_from(j, closed ? "long and closed" : "long", closed);
}

bool names_a_byte(const shelf::error& e) {
  return e.message().find(": byte ") != std::string::npos;
}

/// The rule. `first`: the first byte that differs from the specimen. What is left must be the
/// specimen's batches from the first on, all that end before the damage among them.
void expect_right_or_refused(const specimen& good, bytes damaged, const reading& got,
                             std::uint64_t first) {
  if (got.refused) {
    EXPECT_TRUE(*got.refused == errc::corrupt || *got.refused == errc::not_a_table ||
                *got.refused == errc::unsupported_version)
        << *got.refused;
    EXPECT_TRUE(names_a_byte(*got.refused)) << *got.refused;
    return;
  }
  ASSERT_LE(got.batches.size(), good.batches.size());
  for (std::size_t i = 0; i < got.batches.size(); ++i) {
    ASSERT_EQ(got.batches[i], good.batches[i]) << "batch " << i << " is wrong";
  }
  if (got.batches.size() == good.batches.size()) return;
  const auto lost_from = got.found.found.end;
  const auto next_end = good.ends[got.batches.size()];
  EXPECT_GT(next_end, first) << "a batch before the damage is lost";
  EXPECT_FALSE(good.closed) << "a closed file lost something unnoticed";
  // A shorter file that ends between two batches, or zeros behind one, look as if no more had been
  // written.
  const bool only_zeros =
      std::ranges::all_of(damaged.subspan(std::min<std::size_t>(lost_from, damaged.size())),
                          [](std::byte b) { return b == std::byte{}; });
  EXPECT_TRUE(only_zeros || got.found.found.torn_bytes > 0) << "unreported loss";
}

std::vector<std::byte> flipped(const std::vector<std::byte>& content, std::uint64_t bit) {
  auto out = content;
  out[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
  return out;
}

/// Bits in the slots and frames, and one a word in between, where nothing is.
std::vector<std::uint64_t> bits_of(const specimen& s) {
  std::vector<std::uint64_t> bits;
  for (std::uint64_t byte = 0; byte < s.content.size(); ++byte) {
    const bool in_slot = byte % 4096 < slot_size;
    const bool counts =
        (byte < frames_start && in_slot) || (byte >= frames_start && byte < s.ends.back() + 120);
    if (!counts && byte % 64 != 0) continue;
    for (std::uint64_t bit = 0; bit < 8; ++bit) bits.push_back(byte * 8 + bit);
  }
  return bits;
}

TEST(Damage, AFlippedBitIsAnErrorOrChangesNothingOrTearsTheUnprovenEndAndIsReported) {
  std::uint64_t flips = 0;
  std::uint64_t refused = 0;
  std::uint64_t torn = 0;
  for (const auto& s : specimens()) {
    SCOPED_TRACE(s.what);
    for (const auto bit : bits_of(s)) {
      const auto bad = flipped(s.content, bit);
      const auto got = look(*test::disk_with(bad));
      SCOPED_TRACE("bit " + std::to_string(bit));
      expect_right_or_refused(s, bad, got, bit / 8);
      const auto byte = bit / 8;
      if (byte < frames_start) {
        EXPECT_FALSE(got.refused.has_value());
      } else if (byte < s.proven(byte, byte + 1)) {
        ASSERT_TRUE(got.refused.has_value()) << "proven durable, and yet not missed";
      }
      if (got.batches.size() < s.batches.size() && !got.refused) {
        EXPECT_GT(got.found.found.torn_bytes, 0u);
        ++torn;
      }
      ++flips;
      if (got.refused) ++refused;
      if (testing::Test::HasFailure()) return;
    }
  }
  std::cout << flips << " flips: " << refused << " refused, " << torn << " torn and reported\n";
}

TEST(Damage, TwoFlippedBitsInAFrameHeaderAreNoticedToo) {
  std::mt19937_64 random(7);
  for (const auto& s : specimens()) {
    SCOPED_TRACE(s.what);
    for (std::size_t i = 0; i < shelf::test::budgeted(3000); ++i) {
      const auto start = s.ends[random() % (s.ends.size() - 1)];
      const auto a = start * 8 + random() % 320;
      const auto b = start * 8 + random() % 320;
      if (a == b) continue;
      const auto bad = flipped(flipped(s.content, a), b);
      expect_right_or_refused(s, bad, look(*test::disk_with(bad)), std::min(a, b) / 8);
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(Damage, EveryTruncationIsAnErrorOrKeepsAllBatchesBeforeIt) {
  for (const auto& s : specimens()) {
    SCOPED_TRACE(s.what);
    for (std::size_t size = 0; size < s.content.size(); ++size) {
      if (size > 600 && size < 8100 && size % 16 != 0) continue;
      SCOPED_TRACE("size " + std::to_string(size));
      const auto cut = bytes(s.content).first(size);
      const auto got = look(*test::disk_with(cut));
      expect_right_or_refused(s, cut, got, size);
      if (s.closed) {
        EXPECT_TRUE(got.refused.has_value());
      }
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(Damage, AppendedGarbageAndZerosCostNothing) {
  std::mt19937_64 random(8);
  for (const auto& s : specimens()) {
    SCOPED_TRACE(s.what);
    for (std::size_t more = 1; more <= 8192; more += more < 80 ? 1 : 97) {
      for (const int kind : {0, 1, 2}) {
        auto longer = s.content;
        for (std::size_t i = 0; i < more; ++i) {
          longer.push_back(kind == 0   ? std::byte{0}
                           : kind == 1 ? std::byte{0xff}
                                       : static_cast<std::byte>(random()));
        }
        const auto disk = test::disk_with(longer);
        const auto got = test::recover_and_read(*disk);
        ASSERT_FALSE(got.refused.has_value()) << *got.refused;
        ASSERT_EQ(got.batches, s.batches);
        if (kind == 1) {
          EXPECT_GE(got.found.cut_bytes, more);
        }
        EXPECT_FALSE(got.found.clean);
        // Cut off, and so not seen again.
        ASSERT_EQ(test::image_of(*disk).size(), got.found.found.end);
      }
    }
  }
}

/// Replaces a block of `s` and expects the rule to hold; the first byte that differs is worked out.
void try_block(const specimen& s, std::size_t at, bytes block) {
  auto bad = s.content;
  const auto size = std::min(block.size(), bad.size() - at);
  std::ranges::copy(block.first(size), bad.begin() + static_cast<std::ptrdiff_t>(at));
  const auto [differs, _] = std::ranges::mismatch(bad, s.content);
  if (differs == bad.end()) return;
  const auto first = static_cast<std::uint64_t>(differs - bad.begin());
  SCOPED_TRACE("block of " + std::to_string(block.size()) + " at " + std::to_string(at));
  const auto got = look(*test::disk_with(bad));
  expect_right_or_refused(s, bad, got, first);
  if (first >= frames_start && first < s.proven(at, at + size)) {
    EXPECT_TRUE(got.refused.has_value());
  }
}

std::vector<std::size_t> blocks_of(const specimen& s, std::size_t size) {
  std::vector<std::size_t> out;
  for (std::size_t at = 0; at < s.content.size(); at += size) out.push_back(at);
  return out;
}

constexpr std::size_t block_sizes[] = {8, 64, 512, 4096};

TEST(Damage, BlocksZeroedOrFilledAreErrorsOrTheReportedEnd) {
  for (const auto& s : specimens()) {
    SCOPED_TRACE(s.what);
    for (const auto size : block_sizes) {
      const std::vector<std::byte> zeros(size);
      const std::vector<std::byte> ones(size, std::byte{0xff});
      for (const auto at : blocks_of(s, size)) {
        try_block(s, at, zeros);
        try_block(s, at, ones);
      }
    }
  }
}

TEST(Damage, BlocksSwappedOrDuplicatedAreErrorsOrTheReportedEnd) {
  for (const auto& s : specimens()) {
    SCOPED_TRACE(s.what);
    for (const std::size_t size : {512u, 4096u}) {
      for (const auto from : blocks_of(s, size)) {
        for (const auto to : blocks_of(s, size)) {
          if (from == to) continue;
          const auto block =
              bytes(s.content).subspan(from, std::min(size, s.content.size() - from));
          try_block(s, to, block);
        }
      }
    }
    // Whole frames too, at every place where a frame stands.
    for (std::size_t i = 0; i + 1 < s.ends.size(); ++i) {
      for (std::size_t to = 0; to + 1 < s.ends.size(); ++to) {
        if (i == to) continue;
        const auto frame = bytes(s.content).subspan(s.ends[i], s.ends[i + 1] - s.ends[i]);
        try_block(s, s.ends[to], frame);
      }
    }
  }
}

TEST(Damage, BlocksOfAnotherFileAreErrorsOrTheReportedEnd) {
  const auto all = specimens();
  for (const auto& s : all) {
    for (const auto& other : all) {
      if (&s == &other) continue;
      SCOPED_TRACE(s.what + " with blocks of " + other.what);
      for (const std::size_t size : {512u, 4096u}) {
        // A slot of the other file is a valid slot: not what a single misplaced block should
        // decide.
        for (const auto at : blocks_of(s, size)) {
          if (at < other.content.size() && at >= frames_start) {
            try_block(s, at,
                      bytes(other.content).subspan(at, std::min(size, other.content.size() - at)));
          }
        }
      }
    }
  }
}

/// The file as it was after each step of its life, one inode throughout.
std::vector<specimen> versions_of_a_file() {
  simulated_disk disk({.seed = 21});
  small_journal j(disk);
  std::vector<specimen> all;
  const auto keep = [&](bool closed = false) {
    auto content = test::image_of(disk);
    auto claims = claims_in(disk, content);
    all.push_back({"version", std::move(content), j.given, j.ends, std::move(claims), closed});
  };
  j.create();
  keep();
  j.put("a", 300).put("a", 4000).sync();
  keep();
  j.put("b", 700).sync().put("c", 40);
  keep();
  j.seal().leave();
  keep(true);
  // A batch that a power cut takes, and another session in its place.
  j.open().put("lost", 500);
  keep();
  j.leave();
  disk.resize(test::name, j.ends.back() - 100);
  j.given.pop_back();
  j.ends.pop_back();
  j.open().put("d", 500);
  keep();
  j.put("e", 100).sync().note();
  keep();
  j.seal().leave();
  keep(true);
  return all;
}

/// True if the file with this block as its end holds what it held in the older version.
bool is_a_version(const specimen& old, std::size_t at, bytes block) {
  auto content = old.content;
  content.resize(at);
  content.insert(content.end(), block.begin(), block.end());
  const auto got = look(*test::disk_with(content));
  return !got.refused && got.batches == old.batches;
}

TEST(Damage, BlocksOfAnOlderVersionOfTheFileAreErrorsOrTheReportedEnd) {
  const auto versions = versions_of_a_file();
  for (std::size_t now = 1; now < versions.size(); ++now) {
    for (std::size_t old = 0; old < now; ++old) {
      SCOPED_TRACE("version " + std::to_string(now) + " with blocks of " + std::to_string(old));
      for (const std::size_t size : {64u, 512u, 4096u}) {
        for (const auto at : blocks_of(versions[now], size)) {
          // What the older version did not have was zeros, or was not there.
          std::vector<std::byte> block(size);
          const auto& from = versions[old].content;
          if (at < from.size()) {
            std::ranges::copy(bytes(from).subspan(at, std::min(size, from.size() - at)),
                              block.begin());
          }
          if (at + size >= versions[now].content.size() && is_a_version(versions[old], at, block)) {
            continue;  // nothing newer is left to contradict it
          }
          try_block(versions[now], at, block);
        }
      }
    }
  }
}

TEST(Damage, ALongFileIsNoDifferent) {
  std::mt19937_64 random(9);
  for (const bool closed : {false, true}) {
    const auto s = long_file(closed);
    ASSERT_EQ(look(*test::disk_with(s.content)).batches, s.batches);
    for (std::size_t i = 0; i < shelf::test::budgeted(60); ++i) {
      const auto bit = frames_start * 8 + random() % ((s.content.size() - frames_start) * 8);
      const auto bad = flipped(s.content, bit);
      const auto got = look(*test::disk_with(bad));
      expect_right_or_refused(s, bad, got, bit / 8);
      EXPECT_TRUE(got.refused.has_value() || bit / 8 >= s.proven(bit / 8, bit / 8 + 1));
      const auto cut = bytes(s.content).first(bit / 8);
      expect_right_or_refused(s, cut, look(*test::disk_with(cut)), bit / 8);
    }
  }
}

TEST(Damage, ARefusedFileIsNotTouchedByWhoOpensItToWrite) {
  std::mt19937_64 random(10);
  for (const auto& s : specimens()) {
    for (int i = 0; i < 200; ++i) {
      auto bad =
          flipped(s.content, frames_start * 8 + random() % ((s.ends.back() - frames_start) * 8));
      if (i % 2 == 0) bad.resize(bad.size() + 77, std::byte{0xa5});
      const auto disk = test::disk_with(bad);
      if (!test::recover_and_read(*disk).refused) continue;
      EXPECT_EQ(test::image_of(*disk), bad);
      EXPECT_EQ(disk->calls(simulation::call::changing), 0u);
    }
  }
}

TEST(Damage, RandomBytesBehindAValidHeaderNeverPass) {
  std::mt19937_64 random(11);
  const test::forged_journal f;
  for (std::size_t i = 0; i < shelf::test::budgeted(5000); ++i) {
    auto content = f.content;
    const auto more = random() % 600 + 1;
    for (std::size_t n = 0; n < more; ++n) {
      content.push_back(random() % 3 == 0 ? std::byte{1} : static_cast<std::byte>(random() % 5));
    }
    const auto got = look(*test::disk_with(content));
    EXPECT_TRUE(got.refused.has_value() || got.batches.empty());
  }
}

}  // namespace
}  // namespace shelf::journal
