// JOURNAL  api -> table -> [journal] -> file
// Frames read through a window: whole, at its edges, larger than it, and cut short.
#include "journal/frame_reader.hpp"

#include "simulation/simulated_disk.hpp"
#include "small_journal.hpp"

namespace shelf::journal {
namespace {

constexpr std::uint64_t file_id = 5;

std::vector<std::byte> sealed(std::uint32_t size, std::uint64_t offset,
                              std::uint64_t id = file_id) {
  std::vector<std::byte> frame(padded(size));
  for (std::size_t i = frame_header_size; i < size; ++i) frame[i] = static_cast<std::byte>(i * 7);
  seal_frame(frame,
             {.size = size,
              .first = true,
              .commit = true,
              .written_in = {.era = 1, .nonce = 2},
              .sequence = 1,
              .durable_up_to = 0},
             id, offset);
  return frame;
}

class FrameReader : public testing::Test {
 protected:
  file::open_file with(const std::vector<std::byte>& content) {
    disk_.put("frames", content);
    return std::move(*test::place(disk_, "frames").open_to_read());
  }
  simulation::simulated_disk disk_;
};

TEST_F(FrameReader, FindsFramesOfEverySizeOneBehindTheOther) {
  std::vector<std::byte> content;
  std::vector<std::uint32_t> sizes{41, 48, 49, 4096, 1u << 20, 300};
  for (const auto size : sizes) {
    const auto frame = sealed(size, content.size());
    content.insert(content.end(), frame.begin(), frame.end());
  }
  const auto file = with(content);
  frame_reader reader(file, content.size(), file_id);
  std::uint64_t at = 0;
  for (const auto size : sizes) {
    const auto f = reader.at(at);
    ASSERT_TRUE(f.has_value() && f->has_value()) << at;
    EXPECT_EQ((*f)->header.size, size);
    EXPECT_EQ((*f)->records.size(), size - frame_header_size);
    at = (*f)->next;
  }
  EXPECT_EQ(at, content.size());
  EXPECT_FALSE((*reader.at(at)).has_value());
  EXPECT_FALSE((*reader.at(at + 800)).has_value());
}

TEST_F(FrameReader, ReadsAFrameLargerThanItsWindowAndSeesABadByteInIt) {
  const std::uint32_t size = 9u << 20;
  auto content = sealed(size, 0);
  {
    const auto file = with(content);
    frame_reader reader(file, content.size(), file_id);
    const auto f = reader.at(0);
    ASSERT_TRUE(f.has_value() && f->has_value());
    EXPECT_EQ((*f)->records.size(), size - frame_header_size);
  }
  content[5u << 20] ^= std::byte{1};
  const auto file = with(content);
  frame_reader reader(file, content.size(), file_id);
  EXPECT_FALSE((*reader.at(0)).has_value());
}

TEST_F(FrameReader, AFrameThatWouldEndBehindTheFileIsNone) {
  const auto whole = sealed(4096, 0);
  for (const std::size_t cut : {1u, 7u, 8u, 4000u, 4056u}) {
    const std::vector<std::byte> content(whole.begin(),
                                         whole.end() - static_cast<std::ptrdiff_t>(cut));
    const auto file = with(content);
    frame_reader reader(file, content.size(), file_id);
    EXPECT_FALSE((*reader.at(0)).has_value()) << cut;
    EXPECT_FALSE((*reader.header_at(0)).has_value()) << cut;
  }
}

TEST_F(FrameReader, AHugeSizeInAShortFileHoldsNoMemory) {
  auto content = sealed(4096, 0);
  for (std::size_t i = 8; i < 12; ++i) content[i] = std::byte{0xff};
  const auto file = with(content);
  frame_reader reader(file, content.size(), file_id);
  EXPECT_FALSE((*reader.at(0)).has_value());
}

TEST_F(FrameReader, AClaimBehindItsOwnOffsetIsNoHeader) {
  auto content = sealed(4096, 0);
  content[32] = std::byte{1};  // durable_up_to
  const auto file = with(content);
  frame_reader reader(file, content.size(), file_id);
  EXPECT_FALSE((*reader.header_at(0)).has_value());
}

TEST_F(FrameReader, AnotherFilesFrameIsNone) {
  const auto content = sealed(4096, 0, file_id + 1);
  const auto file = with(content);
  frame_reader reader(file, content.size(), file_id);
  EXPECT_TRUE((*reader.header_at(0)).has_value());
  EXPECT_FALSE((*reader.at(0)).has_value());
}

TEST_F(FrameReader, AFailedReadIsAnErrorAndNotTheEnd) {
  const auto content = sealed(4096, 0);
  const auto file = with(content);
  frame_reader reader(file, content.size(), file_id);
  disk_.inject({.kind = simulation::call::read});
  EXPECT_EQ(reader.at(0).error(), errc::file_error);
  EXPECT_TRUE((*reader.at(0)).has_value());
  frame_reader zeros(file, content.size(), file_id);
  disk_.inject({.kind = simulation::call::read});
  EXPECT_EQ(zeros.only_zeros_from(0).error(), errc::file_error);
}

TEST_F(FrameReader, OnlyZerosMeansToTheLastByte) {
  std::vector<std::byte> content(5u << 20);
  {
    const auto file = with(content);
    frame_reader reader(file, content.size(), file_id);
    EXPECT_TRUE(*reader.only_zeros_from(0));
    EXPECT_TRUE(*reader.only_zeros_from(content.size()));
  }
  content.back() = std::byte{1};
  const auto file = with(content);
  frame_reader reader(file, content.size(), file_id);
  EXPECT_FALSE(*reader.only_zeros_from(0));
  EXPECT_FALSE(*reader.only_zeros_from(content.size() - 1));
}

}  // namespace
}  // namespace shelf::journal
