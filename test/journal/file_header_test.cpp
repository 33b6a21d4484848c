// JOURNAL  api -> table -> [journal] -> file
// The two header slots: which one counts, and what is refused.
#include "journal/file_header.hpp"

#define XXH_INLINE_ALL
#include "journal/little_endian.hpp"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <cstring>
#include <string>
#include <vector>

namespace shelf::journal {
namespace {

file_header some_header() {
  file_header h;
  h.closed = true;
  h.compatible = 0x5000;
  h.store_id.fill(std::byte{0xab});
  h.file_id = 7;
  h.generation = 5;
  h.durable_up_to = 9000;
  h.sequence = 44;
  h.era = 6;
  return h;
}

std::vector<std::byte> front_of(const file_header& first, const file_header& second) {
  std::vector<std::byte> front(frames_start);
  const auto a = encode_slot(first, 0);
  const auto b = encode_slot(second, 1);
  std::memcpy(front.data() + slot_offsets[0], a.data(), a.size());
  std::memcpy(front.data() + slot_offsets[1], b.data(), b.size());
  return front;
}

/// Changes an integer of both slots and makes their checksums right again.
template <class T>
std::vector<std::byte> forged(std::size_t at, T value, std::size_t only = 2) {
  auto front = front_of(some_header(), some_header());
  for (std::size_t slot = 0; slot < 2; ++slot) {
    if (only < 2 && slot != only) continue;
    auto* const from = front.data() + slot_offsets[slot];
    store_le(from + at, value);
    store_le(from + 504, std::uint64_t{XXH3_64bits_withSeed(from, 504, slot_offsets[slot])});
  }
  return front;
}

TEST(FileHeader, EveryFieldComesBackFromEitherSlot) {
  for (const std::size_t broken : {0u, 1u, 2u}) {
    auto front = front_of(some_header(), some_header());
    if (broken < 2) front[slot_offsets[broken] + 60] ^= std::byte{1};
    const auto back = decode_header(front, "a");
    ASSERT_TRUE(back.has_value()) << back.error();
    EXPECT_TRUE(back->closed);
    EXPECT_EQ(back->compatible, 0x5000u);
    EXPECT_EQ(back->store_id, some_header().store_id);
    EXPECT_EQ(back->file_id, 7u);
    EXPECT_EQ(back->generation, 5u);
    EXPECT_EQ(back->durable_up_to, 9000u);
    EXPECT_EQ(back->sequence, 44u);
    EXPECT_EQ(back->era, 6u);
    EXPECT_FALSE(back->write_refused);
    EXPECT_EQ(back->slot, broken == 0 ? 1u : 0u);
  }
}

TEST(FileHeader, TheHigherGenerationCountsWhicheverSlotItIsIn) {
  auto newer = some_header();
  newer.generation = 6;
  newer.durable_up_to = 10000;
  EXPECT_EQ(decode_header(front_of(newer, some_header()), "a")->durable_up_to, 10000u);
  EXPECT_EQ(decode_header(front_of(some_header(), newer), "a")->durable_up_to, 10000u);
}

TEST(FileHeader, AFlippedBitInASlotNeverChangesWhatIsRead) {
  const auto good = front_of(some_header(), some_header());
  for (std::size_t bit = 0; bit < slot_size * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    const auto back = decode_header(bad, "a");
    ASSERT_TRUE(back.has_value());
    ASSERT_EQ(back->slot, 1u);
    bad[slot_offsets[1] + bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    ASSERT_EQ(decode_header(bad, "a").error(), bit < 64 ? errc::not_a_table : errc::corrupt);
  }
}

TEST(FileHeader, ASlotInThePlaceOfTheOtherDoesNotPass) {
  auto front = front_of(some_header(), some_header());
  std::vector<std::byte> moved(frames_start);
  std::memcpy(moved.data() + slot_offsets[1], front.data(), slot_size);
  EXPECT_EQ(decode_header(moved, "a").error(), errc::corrupt);
}

TEST(FileHeader, AShortFrontIsReadAsFarAsItGoes) {
  const auto front = front_of(some_header(), some_header());
  EXPECT_EQ(decode_header({}, "a").error(), errc::not_a_table);
  for (std::size_t size = 1; size < slot_size; ++size) {
    const auto e = decode_header(bytes(front).first(size), "ages.shelf");
    ASSERT_EQ(e.error(), size < 8 ? errc::not_a_table : errc::corrupt) << size;
    EXPECT_TRUE(e.error().message().starts_with("ages.shelf: byte 0: "));
  }
  EXPECT_TRUE(decode_header(bytes(front).first(slot_size), "a").has_value());
}

TEST(FileHeader, AnotherVersionOrAnUnknownFeatureIsRefusedNamingTheByte) {
  const auto refused = [](const std::vector<std::byte>& front, const std::string& where) {
    const auto e = decode_header(front, "a");
    ASSERT_FALSE(e.has_value());
    EXPECT_EQ(e.error(), errc::unsupported_version);
    EXPECT_TRUE(e.error().message().starts_with("a: byte " + where + ": ")) << e.error();
  };
  refused(forged(8, std::uint32_t{2}), "8");
  refused(forged(8, std::uint32_t{0}), "8");
  refused(forged(12, std::uint8_t{132}), "12");
  refused(forged(8, std::uint32_t{2}, 1), "4104");
  for (unsigned bit = 0; bit < 64; ++bit) {
    if (bit > 3) refused(forged(32, std::uint64_t{1} << bit), "32");
    const auto readable = decode_header(forged(24, std::uint64_t{1} << bit), "a");
    ASSERT_TRUE(readable.has_value());
    EXPECT_TRUE(readable->write_refused);
    const auto harmless = decode_header(forged(16, std::uint64_t{1} << bit), "a");
    ASSERT_TRUE(harmless.has_value());
    EXPECT_FALSE(harmless->write_refused);
    EXPECT_EQ(harmless->compatible, std::uint64_t{1} << bit);
  }
}

TEST(FileHeader, TheBitOfAnIncrementIsKeptAndOnlyTakenByThoseWhoAskForIt) {
  const auto front = forged(32, std::uint64_t{8});
  const auto as_table = decode_header(front, "a");
  ASSERT_FALSE(as_table.has_value());
  EXPECT_EQ(as_table.error(), errc::not_a_table);
  const auto increment = decode_header(front, "a", file_role::any);
  ASSERT_TRUE(increment.has_value());
  EXPECT_TRUE(increment->increment);
  EXPECT_EQ(encode_slot(*increment, 0)[32], std::byte{8});
}

TEST(FileHeader, TheBitOfSeveralTablesIsKeptAndSaysSo) {
  const auto several = decode_header(forged(32, std::uint64_t{1}), "a");
  ASSERT_TRUE(several.has_value());
  EXPECT_TRUE(several->several_tables);
  const auto again = encode_slot(*several, 0);
  EXPECT_EQ(std::to_integer<int>(again[32]), 1);
  EXPECT_FALSE(decode_header(forged(16, std::uint64_t{0}), "a")->several_tables);
}

}  // namespace
}  // namespace shelf::journal
