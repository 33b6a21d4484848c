// TEST  crash
// Every bit flipped, every length, every block: a table that opens is the one that was written.
#include "budget.hpp"
#include "can_keep.hpp"
#include "crash/campaign.hpp"
#include "crash/damage.hpp"
#include "simulation/crash_space.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <ostream>

namespace shelf::crash {

void PrintTo(const sample& s, std::ostream* out) { *out << s.name; }

namespace {

using content = std::vector<std::byte>;

constexpr std::size_t block = 512;

class TableDamage : public testing::TestWithParam<sample> {
 protected:
  static void SetUpTestSuite() {
    static_cast<void>(test::can_keep(file_format::dets, stores::capability::checksums));
  }
  void TearDown() override {
    std::printf("%s: %llu harmed files, %llu refused, %llu opened shortened\n",
                GetParam().name.c_str(), static_cast<unsigned long long>(judge_.tried()),
                static_cast<unsigned long long>(judge_.refused()),
                static_cast<unsigned long long>(judge_.shortened()));
    EXPECT_TRUE(judge_.violations().empty()) << to_text(judge_.violations());
    EXPECT_GT(judge_.tried(), 0U);
  }
  /// Every n-th, so that no more than the budget are tried.
  static std::size_t stride(std::size_t all) {
    return std::max<std::size_t>(1, all / std::min(all, test::budgeted(all)));
  }

  const content& bytes_ = GetParam().bytes;
  damage_judge judge_{GetParam()};
};

TEST_P(TableDamage, NoBitCanBeFlippedUnnoticed) {
  content harmed = bytes_;
  const std::size_t bits = 8 * bytes_.size();
  for (std::size_t bit = 0; bit < bits; bit += stride(bits)) {
    harmed[bit / 8] ^= std::byte{1} << (bit % 8);
    judge_.judge(harmed, "bit " + std::to_string(bit) + " flipped");
    harmed[bit / 8] = bytes_[bit / 8];
  }
}

TEST_P(TableDamage, NoTruncationGoesUnnoticed) {
  for (std::size_t size = 0; size < bytes_.size(); size += stride(bytes_.size())) {
    judge_.judge_without_proof({bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(size)},
                               "cut to " + std::to_string(size) + " bytes");
  }
}

TEST_P(TableDamage, WhatIsAppendedIsNeverTakenForContent) {
  simulation::chooser choose(seed());
  for (std::size_t size = 1; size <= 8192; size += stride(8192)) {
    content harmed = bytes_;
    harmed.resize(bytes_.size() + size);
    judge_.judge(harmed, std::to_string(size) + " zeros appended");
    for (std::size_t i = bytes_.size(); i < harmed.size(); ++i) {
      harmed[i] = static_cast<std::byte>(choose.below(256));
    }
    judge_.judge(harmed, std::to_string(size) + " random bytes appended");
    for (std::size_t i = 0; i < size; ++i) {
      harmed[bytes_.size() + i] = bytes_[bytes_.size() - 1 - (size - 1 - i) % bytes_.size()];
    }
    judge_.judge(harmed, "its own last " + std::to_string(size) + " bytes appended");
  }
}

/// Blocks that a disk did not write, wrote twice, or wrote to each other's places.
TEST_P(TableDamage, NoBlockCanBeLostOrMisplacedUnnoticed) {
  const auto at = [](content& in, std::size_t b) {
    return in.begin() + static_cast<std::ptrdiff_t>(b * block);
  };
  content padded = bytes_;
  padded.resize((bytes_.size() + block - 1) / block * block);
  const std::size_t blocks = padded.size() / block;
  const auto judge = [&](content harmed, const std::string& how) {
    harmed.resize(bytes_.size());
    judge_.judge_without_proof(harmed, how);
  };
  for (std::size_t b = 0; b < blocks; ++b) {
    for (const auto filling : {std::byte{0}, std::byte{0xff}}) {
      content harmed = padded;
      std::fill_n(at(harmed, b), block, filling);
      judge(harmed, "block " + std::to_string(b) + " filled");
    }
    for (std::size_t other = 0; other < blocks; ++other) {
      if (other == b) continue;
      content harmed = padded;
      std::copy_n(at(padded, b), block, at(harmed, other));
      judge(harmed, "block " + std::to_string(b) + " also at " + std::to_string(other));
      if (other < b) continue;
      std::copy_n(at(padded, other), block, at(harmed, b));
      judge(harmed, "blocks " + std::to_string(b) + " and " + std::to_string(other) + " swapped");
    }
  }
}

/// The same table, another file: what one wrote must not pass in the other.
TEST_P(TableDamage, BlocksOfAnotherFileDoNotPass) {
  for (const auto& other : samples()) {
    if (other.name == GetParam().name) continue;
    const std::size_t common = std::min(other.bytes.size(), bytes_.size());
    for (std::size_t from = 8192; from < common; from += 8) {
      content harmed = bytes_;
      const std::size_t size = std::min(block, common - from);
      std::copy_n(other.bytes.begin() + static_cast<std::ptrdiff_t>(from), size,
                  harmed.begin() + static_cast<std::ptrdiff_t>(from));
      judge_.judge_without_proof(
          harmed, "bytes from " + std::to_string(from) + " of \"" + other.name + "\"");
    }
  }
}

std::string test_name(const testing::TestParamInfo<sample>& about) {
  return to_string(about.param.what) + (about.param.sealed ? "_sealed" : "_not_sealed");
}

INSTANTIATE_TEST_SUITE_P(Samples, TableDamage, testing::ValuesIn(samples()), test_name);

}  // namespace
}  // namespace shelf::crash
