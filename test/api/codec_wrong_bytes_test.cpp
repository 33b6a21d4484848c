// API  [api] -> table -> journal -> file
// Bytes that are not the encoding of the type: refused with the place, and never a crash.
#include "api/codec_support.hpp"

#include <array>
#include <chrono>
#include <random>
#include <set>

namespace shelf::testing {
namespace {

TEST(CodecWrongBytes, TheSentenceNamesThePlaceAndBothSides) {
  expect_refused<int>("6d 00000000", "expected integer, found binary");
  expect_refused<session>("68 03 77 07 73657373696f6e 6d00000000 6d00000000",
                          ".expires_at: expected integer, found binary");
  expect_refused<std::vector<session>>(
      "6c 00000002 68037707 73657373696f6e 6d00000000 6101 68037707 73657373696f6e 6101 6101 6a",
      "[1].user: expected binary, found integer");
  expect_refused<std::map<int, std::vector<double>>>(
      "74 00000001 6101 6c 00000001 6101 6a",
      "{value 0}[0]: expected a finite float, found integer");
  expect_refused<std::optional<int>>("68 02 77 04 736f6d65 6a", "expected integer, found list");
  expect_refused<std::pair<int, bool>>("68 02 6101 6101",
                                       "[1]: expected true or false, found integer");
}

TEST(CodecWrongBytes, IntegersOutOfRangeAreRefused) {
  expect_refused<std::uint8_t>("62 00000100",
                               "expected integer from 0 to 255, found an integer out of range");
  expect_refused<std::int8_t>("61 80",
                              "expected integer from -128 to 127, found an integer out of range");
  expect_refused<std::uint64_t>("62 ffffffff",
                                "expected integer from 0 to 18446744073709551615, found an "
                                "integer out of range");
  expect_refused<std::int64_t>("6e 08 00 0000000000000080",
                               "expected integer from -9223372036854775808 to "
                               "9223372036854775807, found an integer out of range");
  expect_refused<char32_t>("62 00110000",
                           "expected integer from 0 to 1114111, found an integer out of range");
  expect_refused<std::vector<std::int8_t>>(
      "6b 0002 01ff", "[1]: expected integer from -128 to 127, found an integer out of range");
  expect_refused<std::uint64_t>("6e 09 00 000000000000000001",
                                "expected integer from 0 to 18446744073709551615, found an "
                                "integer out of range or in a longer form than needed");
}

TEST(CodecWrongBytes, OtherFormsOfTheSameTermAreRefused) {
  EXPECT_FALSE(detail::check<int>(unhex("62 00000005")));
  EXPECT_FALSE(detail::check<int>(unhex("6e 01 00 05")));
  EXPECT_FALSE(detail::check<std::int64_t>(unhex("6e 05 00 0000008000")));
  EXPECT_FALSE(detail::check<std::int64_t>(unhex("6e 05 02 0000008001")));
  EXPECT_FALSE(detail::check<bool>(unhex("64 0004 74727565")));
  EXPECT_FALSE(detail::check<bool>(unhex("76 0004 74727565")));
  EXPECT_FALSE((detail::check<std::pair<int, int>>(unhex("69 00000002 6101 6101"))));
  EXPECT_FALSE(detail::check<std::vector<int>>(unhex("6b 0000")));
  EXPECT_FALSE(detail::check<std::vector<int>>(unhex("6c 00000000 6a")));
  EXPECT_FALSE(detail::check<std::vector<int>>(unhex("6c 00000001 6101 6a")));
  EXPECT_FALSE(detail::check<std::vector<std::string>>(unhex("6c 00000001 6d00000000 6101")));
}

TEST(CodecWrongBytes, MapsAndSetsOutOfOrderOrWithTwinsAreRefused) {
  using map = std::map<int, int>;
  EXPECT_FALSE(detail::check<map>(unhex("74 00000002 6102 6100 6101 6100")));
  EXPECT_FALSE(detail::check<map>(unhex("74 00000002 6101 6100 6101 6100")));
  EXPECT_FALSE(detail::decode<map>(unhex("74 00000002 6101 6100 6101 6100")));
  EXPECT_FALSE(detail::check<std::set<int>>(unhex("6b 0002 0201")));
  EXPECT_FALSE(detail::check<std::set<int>>(unhex("6b 0002 0101")));
  EXPECT_FALSE(detail::decode<std::set<int>>(unhex("6b 0002 0101")));
  EXPECT_FALSE(detail::check<std::set<int>>(unhex("6c 00000002 6200000101 6200000100 6a")));
}

TEST(CodecWrongBytes, FloatsThatDoNotFitAreRefused) {
  constexpr std::string_view infinite =
      "expected a finite float, found float in a non-canonical form";
  expect_refused<double>("46 7ff8000000000000", infinite);
  expect_refused<double>("46 7ff0000000000000", infinite);
  expect_refused<float>("46 3fb999999999999a",
                        "expected a float of 32 bits, found a float that needs 64");
  expect_refused<float>("46 7fe0000000000000",
                        "expected a float of 32 bits, found a float that needs 64");
}

TEST(CodecWrongBytes, AKeyThatIsNegativeZeroIsRefused) {
  const auto zero = unhex("46 8000000000000000");
  EXPECT_TRUE(detail::check<double>(zero));
  EXPECT_FALSE(detail::check<double>(zero, {}, detail::purpose::key));
}

TEST(CodecWrongBytes, BytesOfAnotherLengthAreRefused) {
  using id = std::array<std::byte, 2>;
  expect_refused<id>("6d 00000003 010203", "expected binary of 2 bytes, found binary of 3");
}

TEST(CodecWrongBytes, AtomsAndTagsMustBeKnown) {
  expect_refused<color>("77 04 626c7565", "expected atom(red, green), found another atom");
  expect_refused<session>("68 03 77 04 75736572 6d00000000 6101",
                          "expected record 'session', found tuple of 3 with another tag");
  expect_refused<session>("68 02 77 07 73657373696f6e 6d00000000",
                          "expected record 'session' of 2 fields, found 1 fields");
  expect_refused<bool>("77 03 796573", "expected true or false, found atom");
  expect_refused<std::monostate>("77 04 6e6f6e65", "expected atom 'nil', found atom");
  expect_refused<std::variant<int, std::string>>("6a",
                                                 "expected one_of(integer, binary), found list");
}

TEST(CodecWrongBytes, ATimeThatItsTicksCannotCountIsRefused) {
  using seconds = std::chrono::sys_seconds;
  EXPECT_FALSE(detail::check<seconds>(unhex("61 05")));
  EXPECT_FALSE(detail::decode<seconds>(unhex("61 05")));
}

TEST(CodecWrongBytes, WhatFollowsTheTermIsRefused) {
  expect_refused<int>("61 01 61 01", "expected the end, found 2 more bytes");
  expect_refused<int>("", "expected integer, found nothing");
}

TEST(CodecWrongBytes, ACountLargerThanTheInputAllocatesNothing) {
  expect_refused<std::vector<std::string>>("6c ffffffff 6a",
                                           "expected list, found list that is truncated");
  expect_refused<std::vector<std::string>>("6c 0fffffff 6d00000000",
                                           "expected list, found list that is truncated");
  EXPECT_FALSE((detail::decode<std::map<int, int>>(unhex("74 7fffffff 6101 6101"))));
  expect_refused<std::string>("6d ffffffff 61", "expected binary, found binary that is truncated");
}

std::vector<std::byte> chain(int levels) {
  std::vector<std::byte> made;
  const auto link = unhex("68 03 77 04 74726565 6101 6c 00000001");
  for (int i = 0; i < levels; ++i) made.insert(made.end(), link.begin(), link.end());
  const auto last = unhex("68 03 77 04 74726565 6101 6a");
  made.insert(made.end(), last.begin(), last.end());
  made.insert(made.end(), static_cast<std::size_t>(levels), std::byte{106});
  return made;
}

TEST(CodecWrongBytes, NestingIsBounded) {
  EXPECT_TRUE(detail::decode<tree>(chain(127)));
  EXPECT_TRUE(detail::check<tree>(chain(127)));
  EXPECT_FALSE(detail::decode<tree>(chain(128)));
  const auto refused = detail::check<tree>(chain(20000));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(),
              ::testing::EndsWith("expected at most 256 levels, found more"));
}

struct everything {
  bool truth = true;
  std::int32_t number = -77;
  std::uint64_t large = 1ULL << 50;
  float small = 0.5F;
  double real = -2.25;
  std::string text = "text";
  std::array<std::byte, 3> id{};
  std::vector<int> few{1, 2, 3};
  std::vector<std::string> words{"a", "bc"};
  std::set<std::int16_t> set{-3, 5};
  std::map<std::string, std::pair<int, bool>> map{{"k", {1, true}}, {"l", {300, false}}};
  std::optional<session> maybe = session{"u", 9};
  std::variant<std::monostate, double, session> either = 1.0;
  color shade = color::green;
  std::chrono::milliseconds length{5000};
  std::chrono::sys_seconds when{std::chrono::seconds(1'700'000'000)};
  nothing_in_it none;
  bool operator==(const everything&) const = default;
};

/// check accepts only what decodes to a value that encodes to the very same bytes.
void expect_consistent(const std::vector<std::byte>& input) {
  const bool accepted = detail::check<everything>(input).has_value();
  const result<everything> made = detail::decode<everything>(input);
  if (!accepted) return;
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(to_hex(encoded(*made)), to_hex(input));
}

TEST(CodecWrongBytes, EveryTruncationIsRefused) {
  const auto whole = encoded(everything{});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // A buffer of exactly this size, so that a read beyond it is seen.
    const std::vector<std::byte> part(whole.begin(), whole.begin() + static_cast<long>(size));
    ASSERT_FALSE(detail::check<everything>(part)) << size;
    ASSERT_FALSE(detail::decode<everything>(part)) << size;
    detail::decoder skipper(part);
    ASSERT_FALSE(skipper.skip()) << size;
  }
  detail::decoder skipper(whole);
  EXPECT_TRUE(skipper.skip() && skipper.done());
}

TEST(CodecWrongBytes, EveryFlippedBitIsRefusedOrAnotherValue) {
  auto bytes_of = encoded(everything{});
  for (std::byte& b : bytes_of) {
    for (int bit = 0; bit < 8; ++bit) {
      b ^= std::byte{1} << bit;
      expect_consistent(bytes_of);
      b ^= std::byte{1} << bit;
    }
  }
  expect_consistent(bytes_of);
}

TEST(CodecWrongBytes, RandomDamageIsRefusedOrAnotherValue) {
  std::mt19937 random(7);
  const auto whole = encoded(everything{});
  const auto tags = unhex("46616268696a6b6c6d6e6f747677");
  for (int round = 0; round < 20000; ++round) {
    auto damaged = whole;
    for (unsigned i = random() % 4; i < 4; ++i) {
      const auto place = random() % damaged.size();
      damaged[place] = random() % 2 == 0 ? tags[random() % tags.size()]
                                         : static_cast<std::byte>(random() & 0xff);
    }
    expect_consistent(damaged);
    detail::decoder skipper(damaged);
    static_cast<void>(skipper.skip());
  }
}

}  // namespace
}  // namespace shelf::testing
