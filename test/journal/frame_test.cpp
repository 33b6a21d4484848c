// JOURNAL  api -> table -> [journal] -> file
// Frames: what their checksum ties together.
#include "journal/frame.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace shelf::journal {
namespace {

constexpr std::uint64_t file_id = 0x1122334455667788;
constexpr std::uint64_t offset = 8192;

frame_header header_of(std::uint32_t size) {
  return {.size = size,
          .first = true,
          .commit = true,
          .written_in = {.era = 3, .nonce = 99},
          .sequence = 12,
          .durable_up_to = 8192};
}

std::vector<std::byte> sealed(std::uint32_t size) {
  std::vector<std::byte> frame(padded(size));
  for (std::size_t i = frame_header_size; i < size; ++i) frame[i] = static_cast<std::byte>(i);
  seal_frame(frame, header_of(size), file_id, offset);
  return frame;
}

bool holds(bytes frame, std::uint64_t file = file_id, std::uint64_t at = offset) {
  const auto header = read_frame_header(frame);
  if (!header || padded(header->size) != frame.size()) return false;
  return checksum_holds(frame, *header, file, at);
}

TEST(Frame, ItsHeaderComesBackAsItWas) {
  const auto frame = sealed(77);
  const auto back = read_frame_header(frame);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->size, 77u);
  EXPECT_TRUE(back->first);
  EXPECT_TRUE(back->commit);
  EXPECT_EQ(back->written_in, (session{3, 99}));
  EXPECT_EQ(back->sequence, 12u);
  EXPECT_EQ(back->durable_up_to, 8192u);
  EXPECT_TRUE(holds(frame));
}

TEST(Frame, AnyFlippedBitOrPairOfNeighboursBreaksIt) {
  auto frame = sealed(77);
  for (std::size_t bit = 0; bit + 1 < frame.size() * 8; ++bit) {
    for (const int width : {1, 2}) {
      auto bad = frame;
      for (int i = 0; i < width; ++i) {
        const auto at = bit + static_cast<std::size_t>(i);
        bad[at / 8] ^= static_cast<std::byte>(1u << (at % 8));
      }
      EXPECT_FALSE(holds(bad)) << "bit " << bit << " width " << width;
    }
  }
}

TEST(Frame, DoesNotPassAtAnotherPlaceOrInAnotherFileOrSession) {
  const auto frame = sealed(64);
  EXPECT_TRUE(holds(frame));
  EXPECT_FALSE(holds(frame, file_id, offset + 8));
  EXPECT_FALSE(holds(frame, file_id + 1));
  for (const std::size_t at : {16u, 20u}) {  // era, nonce
    auto other = frame;
    other[at] ^= std::byte{1};
    EXPECT_FALSE(holds(other));
  }
}

TEST(Frame, PaddingIsCheckedToo) {
  auto frame = sealed(41);
  ASSERT_EQ(frame.size(), 48u);
  frame.back() = std::byte{1};
  EXPECT_FALSE(holds(frame));
}

TEST(Frame, ZerosAndShortOrEmptyOrRoleLessBytesAreNoHeader) {
  const std::vector<std::byte> zeros(4096);
  EXPECT_FALSE(read_frame_header(zeros).has_value());
  const auto frame = sealed(64);
  for (std::size_t size = 0; size < frame_header_size; ++size) {
    EXPECT_FALSE(read_frame_header(bytes(frame).first(size)).has_value());
  }
  const auto with = [&](std::size_t at, std::byte value) {
    auto bad = frame;
    bad[at] = value;
    return read_frame_header(bad);
  };
  EXPECT_FALSE(with(8, std::byte{40}).has_value()) << "no records";
  EXPECT_TRUE(with(12, std::byte{7})->history);
  EXPECT_FALSE(with(12, std::byte{8}).has_value()) << "an unknown role";
  EXPECT_FALSE(with(13, std::byte{1}).has_value()) << "reserved bytes";
  EXPECT_FALSE(with(16, std::byte{0}).has_value()) << "era 0";
}

TEST(Frame, SealedInPiecesIsTheSameFrame) {
  for (const std::uint32_t size : {41u, 48u, 77u, 4001u, 300'000u}) {
    const auto whole = sealed(size);
    for (const std::size_t head_size : {frame_header_size, frame_header_size + 1}) {
      std::vector<std::byte> head(whole.begin(),
                                  whole.begin() + static_cast<std::ptrdiff_t>(head_size));
      std::fill_n(head.begin(), frame_header_size, std::byte{});
      const auto rest = bytes(whole).first(size).subspan(head_size);
      const std::vector<bytes> pieces{rest.first(rest.size() / 2), rest.subspan(rest.size() / 2)};
      seal_frame_in_pieces(head, pieces, header_of(size), file_id, offset);
      EXPECT_TRUE(std::ranges::equal(head, bytes(whole).first(head_size))) << size;
    }
  }
}

TEST(Frame, CheckedInPiecesIsCheckedTheSame) {
  const auto frame = sealed(4000);
  for (const std::size_t piece : {40u, 41u, 512u, 4000u}) {
    frame_check check(header_of(4000), file_id, offset);
    EXPECT_FALSE(check.holds());
    for (std::size_t at = 0; at < frame.size(); at += piece) {
      check.add(bytes(frame).subspan(at, std::min(piece, frame.size() - at)));
    }
    EXPECT_TRUE(check.holds()) << piece;
  }
  frame_check short_of(header_of(4000), file_id, offset);
  short_of.add(bytes(frame).first(3999));
  EXPECT_FALSE(short_of.holds());
}

}  // namespace
}  // namespace shelf::journal
