// API  [api] -> table -> journal -> file
// Integer terms as 128-bit numbers.
#include "api/codec_support.hpp"

#include <limits>

namespace shelf::testing {
namespace {

using detail::decode_wide;
using detail::encode_wide;
using detail::wide_integer;

TEST(WideInteger, HasTheBytesOfTheSmallerTypes) {
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{255}, std::int64_t{256}, std::int64_t{-1},
        std::int64_t{2147483647}, std::int64_t{2147483648}, std::int64_t{-2147483648},
        std::int64_t{-2147483649}, std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min()}) {
    EXPECT_EQ(to_hex(encode_wide(value).view()), to_hex(encoded(value)));
    EXPECT_TRUE(decode_wide(encoded(value)) == wide_integer{value});
  }
  const auto largest = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(to_hex(encode_wide(largest).view()), to_hex(encoded(largest)));
  EXPECT_TRUE(decode_wide(encoded(largest)) == wide_integer{largest});
}

TEST(WideInteger, SumsBeyond64BitsHaveATermToo) {
  const wide_integer sum = wide_integer{std::numeric_limits<std::uint64_t>::max()} + 1;
  EXPECT_EQ(to_hex(encode_wide(sum).view()), "6e0900000000000000000001");
  EXPECT_EQ(to_hex(encode_wide(-sum).view()), "6e0901000000000000000001");
  EXPECT_FALSE(decode_wide(encode_wide(sum).view()).has_value());
}

TEST(WideInteger, OnlyWholeCanonicalIntegersAreRead) {
  EXPECT_FALSE(decode_wide(unhex("6d 00000000")).has_value());
  EXPECT_FALSE(decode_wide(unhex("61 01 61 01")).has_value());
  EXPECT_FALSE(decode_wide(unhex("62 00000001")).has_value());
  EXPECT_FALSE(decode_wide({}).has_value());
}

TEST(WideInteger, RangesAreThoseOfTheTypes) {
  EXPECT_TRUE(detail::range_of<std::int8_t>.low == -128);
  EXPECT_TRUE(detail::range_of<std::int8_t>.high == 127);
  EXPECT_TRUE(detail::range_of<std::uint64_t>.low == 0);
  EXPECT_TRUE(detail::range_of<std::uint64_t>.high ==
              wide_integer{std::numeric_limits<std::uint64_t>::max()});
}

}  // namespace
}  // namespace shelf::testing
