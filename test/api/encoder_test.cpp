// API  [api] -> table -> journal -> file
// The encoder's limits, its first failure, and its buffer.
#include "api/codec_support.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <set>

namespace shelf::testing {
namespace {

TEST(Encoder, NaNAndInfinitiesAreInvalidArguments) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  for (const double bad : {std::nan(""), infinite, -infinite}) {
    EXPECT_EQ(encoding_failure(bad), errc::invalid_argument);
    EXPECT_EQ(encoding_failure(std::vector{1.0, bad, 2.0}), errc::invalid_argument);
  }
}

TEST(Encoder, ValuesThatHaveNoTermAreInvalidArguments) {
  EXPECT_EQ(encoding_failure(color::blue), errc::invalid_argument);
  EXPECT_EQ(encoding_failure(char32_t{0x110000}), errc::invalid_argument);
  EXPECT_EQ(encoding_failure(std::chrono::sys_seconds(std::chrono::seconds(10'000'000'000))),
            errc::invalid_argument);
}

TEST(Encoder, AnEntryLargerThanItsLimitIsRefused) {
  const std::string text(1000, 'x');
  EXPECT_EQ(encoding_failure(text, {.size = 1000}), errc::size_limit_exceeded);
  EXPECT_EQ(encoding_failure(std::vector(100, text), {.size = 1000}), errc::size_limit_exceeded);
  EXPECT_EQ(encoding_failure(std::string(100, 'x'), {.size = 100}), errc::size_limit_exceeded);
  detail::encoder out(detail::purpose::value, {.size = 1005});
  detail::encode(out, text);
  EXPECT_TRUE(out.outcome());
}

std::vector<std::byte> gathered(const detail::encoder& out) {
  if (!out.has_pieces()) return {out.written().begin(), out.written().end()};
  std::vector<std::byte> all;
  for (const auto piece : out.pieces()) all.insert(all.end(), piece.begin(), piece.end());
  return all;
}

TEST(Encoder, GatheringLeavesLargeBinariesWhereTheyAre) {
  const std::string large(300 << 10, 'x');
  detail::encoder out;
  out.gather();
  detail::encode(out, large);
  ASSERT_TRUE(out.has_pieces());
  const auto pieces = out.pieces();
  EXPECT_TRUE(std::ranges::any_of(pieces, [&](bytes piece) {
    return reinterpret_cast<const char*>(piece.data()) == large.data();
  }));
  EXPECT_EQ(gathered(out), encoded(large));
  out.clear();
  detail::encode(out, std::string("small"));
  EXPECT_FALSE(out.has_pieces());
  EXPECT_EQ(gathered(out), encoded(std::string("small")));
}

TEST(Encoder, WhatIsGatheredIsTheSameTerm) {
  const std::string large(300 << 10, 'x');
  const auto same = [](const auto& value) {
    detail::encoder out;
    out.gather();
    detail::encode(out, value);
    ASSERT_FALSE(out.failed());
    EXPECT_TRUE(gathered(out) == encoded(value));
  };
  same(session{large, 7});
  same(std::vector<std::string>{large, "a", large + "b", ""});
  same(std::tuple(1, std::optional(large), large, 2));
  // Sets and maps are sorted, which gathered binaries in and before them survive.
  same(std::pair(large, std::map<std::string, std::string>{{"b", large}, {"a", large + "."}}));
  same(std::pair(std::set<std::string>{large + "z", large, "y"}, large));
  same(std::map<std::string, std::map<int, std::string>>{{large, {{2, large}, {1, "x"}}},
                                                         {"z", {{4, large}, {3, large}}}});
}

/// Its codec makes a new text for each call.
struct padded {
  std::string text;
};

}  // namespace
}  // namespace shelf::testing

template <>
struct shelf::codec<shelf::testing::padded> {
  static std::string encode(const shelf::testing::padded& p) { return p.text + "."; }
  static shelf::testing::padded decode(std::string text) { return {std::move(text)}; }
};

namespace shelf::testing {
namespace {

TEST(Encoder, WhatACodecReturnsByValueIsCopiedAlsoWhenGathering) {
  const std::string large(300 << 10, 'x');
  detail::encoder out;
  out.gather();
  detail::encode(out, padded{large});
  ASSERT_FALSE(out.has_pieces());
  EXPECT_EQ(gathered(out), encoded(large + "."));
  out.clear();
  const std::pair both(large, padded{large});
  detail::encode(out, both);
  EXPECT_TRUE(out.has_pieces());
  EXPECT_EQ(gathered(out), encoded(std::pair(large, large + ".")));
}

TEST(Encoder, GatheredBinariesCountForTheLimit) {
  const std::string large(300 << 10, 'x');
  const auto fails = [](const auto& value, std::size_t most) {
    detail::encoder out(detail::purpose::value, {.size = most});
    out.gather();
    detail::encode(out, value);
    return out.failed() && out.outcome().error() == errc::size_limit_exceeded;
  };
  EXPECT_TRUE(fails(large, 300 << 10));
  EXPECT_FALSE(fails(large, (300 << 10) + 5));
  EXPECT_TRUE(fails(std::pair(large, large), 500 << 10));
}

tree chain(int levels) {
  tree made;
  for (int i = 0; i < levels; ++i) {
    tree outer;
    outer.children.push_back(std::move(made));
    made = std::move(outer);
  }
  return made;
}

TEST(Encoder, NestingDeeperThanItsLimitIsRefused) {
  EXPECT_TRUE(detail::decode<tree>(encoded(chain(127))));
  EXPECT_EQ(encoding_failure(chain(128)), errc::size_limit_exceeded);
  EXPECT_EQ(encoding_failure(chain(3), {.nesting = 7}), errc::size_limit_exceeded);
}

TEST(Encoder, TheFirstFailureIsTheOneThatIsTold) {
  const auto failure = encoding_failure(std::pair(color::blue, std::nan("")));
  EXPECT_THAT(failure.message(), ::testing::HasSubstr("enumeration"));
}

TEST(Encoder, AfterClearItEncodesAgain) {
  detail::encoder out;
  detail::encode(out, std::nan(""));
  EXPECT_FALSE(out.outcome());
  out.clear();
  detail::encode(out, std::string(1000, 'y'));
  ASSERT_TRUE(out.outcome());
  EXPECT_EQ(out.outcome()->size(), 1005U);
  out.clear();
  detail::encode(out, 5);
  EXPECT_EQ(to_hex(*out.outcome()), "6105");
}

TEST(Encoder, ItGrowsPastItsInlineBufferWithoutChangingWhatItHolds) {
  for (std::size_t size : {240U, 250U, 251U, 252U, 255U, 256U, 257U, 511U, 512U, 100000U}) {
    const std::string text(size, 'z');
    EXPECT_EQ(*detail::decode<std::string>(encoded(text)), text);
    std::vector<std::string> list(3, text);
    EXPECT_EQ(*detail::decode<std::vector<std::string>>(encoded(list)), list);
  }
}

TEST(Encoder, EqualKeysOfAMapAreRefusedRatherThanStored) {
  struct by_absolute {
    bool operator()(double a, double b) const { return a < b || (a == b && sign(a) < sign(b)); }
    static int sign(double x) { return std::signbit(x) ? 0 : 1; }
  };
  const std::set<double, by_absolute> both_zeros{-0.0, 0.0};
  ASSERT_EQ(both_zeros.size(), 2U);
  EXPECT_EQ(encoding_failure(both_zeros), errc::invalid_argument);
}

}  // namespace
}  // namespace shelf::testing
