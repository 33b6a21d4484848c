// API  [api] -> table -> journal -> file
// Each row of the table of types: the exact bytes, and back.
#include "api/codec_support.hpp"

#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <limits>
#include <list>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace shelf::testing {
namespace {

TEST(CodecBytes, AnIntegerTakesTheShortestForm) {
  expect_bytes(0, "61 00");
  expect_bytes(255, "61 ff");
  expect_bytes(256, "62 00000100");
  expect_bytes(-1, "62 ffffffff");
  expect_bytes(std::numeric_limits<std::int32_t>::max(), "62 7fffffff");
  expect_bytes(std::numeric_limits<std::int32_t>::min(), "62 80000000");
  expect_bytes(std::int64_t{2147483648}, "6e 04 00 00000080");
  expect_bytes(std::int64_t{-2147483649}, "6e 04 01 01000080");
  expect_bytes(std::numeric_limits<std::int64_t>::max(), "6e 08 00 ffffffffffffff7f");
  expect_bytes(std::numeric_limits<std::int64_t>::min(), "6e 08 01 0000000000000080");
  expect_bytes(std::numeric_limits<std::uint64_t>::max(), "6e 08 00 ffffffffffffffff");
  expect_bytes(std::uint64_t{1} << 40, "6e 06 00 000000000001");
}

TEST(CodecBytes, IntegersOfAllWidthsShareOneForm) {
  expect_bytes(std::int8_t{-128}, "62 ffffff80");
  expect_bytes(std::uint8_t{200}, "61 c8");
  expect_bytes(std::int16_t{-2}, "62 fffffffe");
  expect_bytes(std::uint16_t{65535}, "62 0000ffff");
  expect_bytes(std::uint32_t{4294967295}, "6e 04 00 ffffffff");
  expect_bytes(7L, "61 07");
  expect_bytes(7ULL, "61 07");
  EXPECT_EQ(*detail::decode<std::uint8_t>(encoded(std::int64_t{200})), 200);
}

TEST(CodecBytes, CharactersOfUnicodeAreCodePoints) {
  expect_bytes(char8_t{65}, "61 41");
  expect_bytes(u'\u00fc', "61 fc");
  expect_bytes(U'\U0001F600', "62 0001f600");
}

TEST(CodecBytes, ATruthValueIsAnAtom) {
  expect_bytes(true, "77 04 74727565");
  expect_bytes(false, "77 05 66616c7365");
}

TEST(CodecBytes, AFloatIsEightBytesAndKeepsItsSign) {
  expect_bytes(1.5, "46 3ff8000000000000");
  expect_bytes(1.5F, "46 3ff8000000000000");
  expect_bytes(0.0, "46 0000000000000000");
  EXPECT_EQ(to_hex(encoded(-0.0)), "468000000000000000");
  expect_bytes(std::numeric_limits<double>::denorm_min(), "46 0000000000000001");
  expect_bytes(0.1F, "46 3fb99999a0000000");
}

TEST(CodecBytes, AKeyHasOnlyOneZero) {
  EXPECT_EQ(to_hex(encoded(-0.0, detail::purpose::key)), "460000000000000000");
  EXPECT_EQ(encoded(std::pair(1, -0.0F), detail::purpose::key), encoded(std::pair(1, 0.0F)));
}

TEST(CodecBytes, TextAndBytesAreBinaries) {
  expect_bytes(std::string("abc"), "6d 00000003 616263");
  expect_bytes(std::string(), "6d 00000000");
  expect_bytes(std::string("a\0b", 3), "6d 00000003 610062");
  expect_bytes(std::u8string(u8"\u00fc"), "6d 00000002 c3bc");
  expect_bytes(std::vector<std::byte>{std::byte{1}, std::byte{2}}, "6d 00000002 0102");
  expect_bytes(std::vector<unsigned char>{1, 2}, "6d 00000002 0102");
  expect_bytes(std::vector<char>{'a'}, "6d 00000001 61");
  expect_bytes(std::array<std::byte, 2>{std::byte{1}, std::byte{2}}, "6d 00000002 0102");
  expect_bytes(std::array<char, 2>{'o', 'k'}, "6d 00000002 6f6b");
  expect_bytes(std::array<unsigned char, 0>{}, "6d 00000000");
}

TEST(CodecBytes, AListOfSmallIntegersIsKeptAsItsBytes) {
  expect_bytes(std::vector<int>{}, "6a");
  expect_bytes(std::vector<int>{1, 2, 255}, "6b 0003 0102ff");
  expect_bytes(std::vector<int>{1, 256}, "6c 00000002 6101 6200000100 6a");
  expect_bytes(std::list<std::int8_t>{-1, 5}, "6c 00000002 62ffffffff 6105 6a");
  expect_bytes(std::deque<std::uint16_t>{7}, "6b 0001 07");
  expect_bytes(std::vector<level>{level::low, level::high}, "6b 0002 01c8");
  using either = std::variant<int, std::string>;
  expect_bytes(std::vector<either>{1, 2}, "6b 0002 0102");
  expect_bytes(std::vector<either>{1, "a"}, "6c 00000002 6101 6d0000000161 6a");
}

TEST(CodecBytes, OnlyUpTo65535SmallIntegersAreKeptAsBytes) {
  EXPECT_EQ(to_hex(encoded(std::vector<int>(65535, 1))).substr(0, 8), "6bffff01");
  EXPECT_EQ(to_hex(encoded(std::vector<int>(65536, 1))).substr(0, 14), "6c000100006101");
  EXPECT_EQ(*detail::decode<std::vector<int>>(encoded(std::vector<int>(65536, 9))),
            std::vector<int>(65536, 9));
}

TEST(CodecBytes, AListHoldsTermsAndEndsInNil) {
  expect_bytes(std::vector<std::string>{"a", ""}, "6c 00000002 6d0000000161 6d00000000 6a");
  expect_bytes(std::vector<bool>{true}, "6c 00000001 770474727565 6a");
  expect_bytes(std::vector<std::vector<int>>{{}, {1}}, "6c 00000002 6a 6b000101 6a");
}

TEST(CodecBytes, ASetIsAListInTermOrder) {
  expect_bytes(std::set<int>{3, 1, 2}, "6b 0003 010203");
  expect_bytes(std::set<int, std::greater<>>{3, 1, 2}, "6b 0003 010203");
  expect_bytes(std::unordered_set<int>{300, 1, -5}, "6c 00000003 62fffffffb 6101 620000012c 6a");
  expect_bytes(std::set<std::string>{"b", "a"}, "6c 00000002 6d0000000161 6d0000000162 6a");
}

TEST(CodecBytes, PairsTuplesAndArraysAreTuples) {
  expect_bytes(std::pair(1, std::string("a")), "68 02 6101 6d0000000161");
  expect_bytes(std::tuple(1, 2.0, false), "68 03 6101 464000000000000000 770566616c7365");
  expect_bytes(std::tuple<>(), "68 00");
  expect_bytes(std::array{1, 2, 3}, "68 03 6101 6102 6103");
  expect_bytes(std::array<int, 0>{}, "68 00");
  EXPECT_EQ(to_hex(encoded(std::array<int, 256>{})).substr(0, 14), "69000001006100");
  expect_bytes(std::array<std::int64_t, 256>{}, to_hex(encoded(std::array<int, 256>{})));
}

TEST(CodecBytes, AMapStandsInMapKeyOrder) {
  expect_bytes(std::map<int, int>{{2, 0}, {1, 9}}, "74 00000002 6101 6109 6102 6100");
  expect_bytes(std::map<int, int, std::greater<>>{{2, 0}, {1, 9}},
               "74 00000002 6101 6109 6102 6100");
  expect_bytes(std::unordered_map<std::string, int>{{"b", 1}, {"a", 2}, {"aa", 3}},
               "74 00000003 6d0000000161 6102 6d000000026161 6103 6d0000000162 6101");
  expect_bytes(std::map<int, int>{}, "74 00000000");
  using either = std::variant<double, int>;
  expect_bytes(std::map<either, int>{{0.5, 1}, {7, 2}},
               "74 00000002 6107 6102 463fe0000000000000 6101");
}

TEST(CodecBytes, AnOptionalIsSomeOrNone) {
  expect_bytes(std::optional<int>(5), "68 02 77 04 736f6d65 6105");
  expect_bytes(std::optional<int>(), "77 04 6e6f6e65");
  expect_bytes(std::optional<std::optional<int>>(std::optional<int>()),
               "68 02 77 04 736f6d65 77 04 6e6f6e65");
}

TEST(CodecBytes, AVariantIsItsAlternative) {
  using any_of = std::variant<std::monostate, int, std::string, session, std::optional<double>>;
  expect_bytes(any_of(), "77 03 6e696c");
  expect_bytes(any_of(7), "61 07");
  expect_bytes(any_of(std::string("x")), "6d 00000001 78");
  expect_bytes(any_of(session{"a", 1}), "68 03 77 07 73657373696f6e 6d0000000161 6101");
  expect_bytes(any_of(std::optional<double>()), "77 04 6e6f6e65");
  expect_bytes(std::variant<std::variant<int, double>, std::string>(2.0), "46 4000000000000000");
  expect_bytes(std::variant<std::pair<int, int>, std::pair<double, int>>(std::pair(1.0, 2)),
               "68 02 46 3ff0000000000000 6102");
}

TEST(CodecBytes, TimesAreIntegers) {
  using namespace std::chrono;
  expect_bytes(seconds(300), "62 0000012c");
  expect_bytes(milliseconds(-1), "62 ffffffff");
  expect_bytes(duration<int, std::ratio<1, 30>>(5), "61 05");
  expect_bytes(sys_time<nanoseconds>(nanoseconds(5)), "61 05");
  expect_bytes(sys_seconds(seconds(1)), "62 3b9aca00");
  expect_bytes(sys_days(days(-1)), "6e 06 01 00004f91944e");
}

TEST(CodecBytes, AnEnumerationIsItsNumberOrItsName) {
  expect_bytes(level::high, "61 c8");
  expect_bytes(static_cast<level>(3), "61 03");
  expect_bytes(std::byte{9}, "61 09");
  expect_bytes(color::red, "77 03 726564");
  expect_bytes(color::green, "77 05 677265656e");
}

TEST(CodecBytes, AStructIsARecord) {
  expect_bytes(session{"alice", 1}, "68 03 77 07 73657373696f6e 6d00000005616c696365 6101");
  expect_bytes(nothing_in_it{}, "77 0d 6e6f7468696e675f696e5f6974");
  expect_bytes(UserProfile{},
               "68 05 77 0c 757365725f70726f66696c65 6d00000000 77046e6f6e65 6a "
               "7400000000");
  expect_bytes(tree{1, {{2, {}}}},
               "68 03 77 04 74726565 6101 6c 00000001 "
               "68 03 77 04 74726565 6102 6a 6a");
}

struct monostate {
  bool operator==(const monostate&) const = default;
};

TEST(CodecBytes, OnlyTheStandardsMonostateIsNil) {
  expect_bytes(std::monostate(), "77 03 6e696c");
  expect_bytes(monostate(), "77 09 6d6f6e6f7374617465");
}

TEST(CodecBytes, ALocalStructIsStoredLikeAnyOther) {
  struct Point {
    int x = 0;
    int y = 0;
    bool operator==(const Point&) const = default;
  };
  expect_bytes(Point{1, 2}, "68 03 77 05 706f696e74 6101 6102");
}

}  // namespace
}  // namespace shelf::testing
