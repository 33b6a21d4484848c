// JOURNAL  api -> table -> [journal] -> file
// Changes as records, and bytes that are none.
#include "journal/record.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace shelf::journal {
namespace {

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> out;
  for (const int v : values) out.push_back(static_cast<std::byte>(v));
  return out;
}

bool same(bytes a, bytes b) { return std::ranges::equal(a, b); }

TEST(Record, EveryOpComesBackAsItWasWithItsSizesAndFlags) {
  const std::string key(200, 'k');
  const std::string value(70'000, 'v');
  for (int what = 1; what <= 11; ++what) {
    for (const std::size_t size : {0u, 1u, 127u, 128u, 16383u, 16384u, 70'000u}) {
      const change c{.what = static_cast<op>(what),
                     .flags = static_cast<std::uint8_t>(what),
                     .table = 0xffff'ffffu >> what,
                     .key = as_bytes(key),
                     .value = as_bytes(value).first(size)};
      std::vector<std::byte> out;
      append_record(out, c);
      ASSERT_EQ(out.size(), record_size(c));
      bytes rest = out;
      const auto back = take_record(rest);
      ASSERT_TRUE(back.has_value());
      EXPECT_TRUE(rest.empty());
      EXPECT_EQ(back->what, c.what);
      EXPECT_EQ(back->flags, c.flags);
      EXPECT_EQ(back->table, c.table);
      EXPECT_TRUE(same(back->key, c.key));
      EXPECT_TRUE(same(back->value, c.value));
    }
  }
}

TEST(Record, StandsInTheFileAsTheDocumentSays) {
  std::vector<std::byte> out;
  const std::string key = "ab";
  append_record(out,
                {.what = op::put, .flags = 0, .table = 300, .key = as_bytes(key), .value = {}});
  EXPECT_EQ(out, bytes_of({1, 0, 0xac, 0x02, 2, 0, 'a', 'b'}));
}

TEST(Record, ADeadlineStandsInFrontOfTheKey) {
  std::vector<std::byte> out;
  const std::string key = "ab";
  const change c{.what = op::put,
                 .flags = flag::deadline,
                 .table = 1,
                 .key = as_bytes(key),
                 .value = as_bytes(std::string_view("v")),
                 .deadline = 0x0102'0304'0506'0708};
  append_record(out, c);
  EXPECT_EQ(out, bytes_of({1, 1, 1, 2, 1, 8, 7, 6, 5, 4, 3, 2, 1, 'a', 'b', 'v'}));
  EXPECT_EQ(out.size(), record_size(c));
  bytes rest = out;
  const auto back = take_record(rest);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->deadline, c.deadline);
  EXPECT_TRUE(same(back->key, c.key));
  EXPECT_TRUE(same(back->value, c.value));
}

TEST(Record, EachOpHasItsOwnFlags) {
  const auto unknown = [](op what, int flags) {
    return has_unknown_flags(
        {.what = what, .flags = static_cast<std::uint8_t>(flags), .key = {}, .value = {}});
  };
  EXPECT_FALSE(unknown(op::put, 1));
  EXPECT_FALSE(unknown(op::expire, 1));
  EXPECT_FALSE(unknown(op::expire, 0));
  EXPECT_FALSE(unknown(op::erase, flag::expired));
  EXPECT_TRUE(unknown(op::erase, 1));
  EXPECT_FALSE(unknown(op::erase, flag::evicted));
  EXPECT_TRUE(unknown(op::erase, 12));
  EXPECT_TRUE(unknown(op::append, 1));
  EXPECT_FALSE(unknown(op::put, flag::before));
  EXPECT_FALSE(unknown(op::append, flag::before));
  EXPECT_TRUE(unknown(op::put, flag::before | flag::deadline));
  EXPECT_TRUE(unknown(op::erase, flag::before));
  EXPECT_TRUE(unknown(op::moment, flag::before));
  EXPECT_TRUE(unknown(op::put, 4));
  EXPECT_TRUE(unknown(op::clear, 4));
}

TEST(Record, AMomentTellsItsTimeAndNothingElseDoes) {
  const auto encoded = encode_time(1'800'000'000'123);
  const change moment{.what = op::moment, .table = 0, .key = {}, .value = encoded};
  EXPECT_EQ(time_of(moment), 1'800'000'000'123u);
  EXPECT_EQ(record_size(moment), moment_record_size);
  auto other = moment;
  other.value = bytes(encoded).first(7);
  EXPECT_FALSE(time_of(other));
  other = moment;
  other.what = op::put;
  EXPECT_FALSE(time_of(other));
}

TEST(Record, EveryTruncationIsNoRecordAndTakesNothing) {
  std::vector<std::byte> out;
  const std::string text(300, 'x');
  append_record(
      out,
      {.what = op::append, .flags = 0, .table = 1, .key = as_bytes(text), .value = as_bytes(text)});
  for (std::size_t size = 0; size < out.size(); ++size) {
    bytes rest = bytes(out).first(size);
    EXPECT_FALSE(take_record(rest).has_value()) << size;
    EXPECT_EQ(rest.size(), size);
  }
}

TEST(Record, UnknownOpsAndMalformedNumbersAreNoRecords) {
  const std::initializer_list<std::initializer_list<int>> wrong = {
      {0, 0, 1, 0, 0},                                   // op 0
      {13, 0, 1, 0, 0},                                  // op 13
      {1, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7},              // a deadline cut short
      {255, 0, 1, 0, 0},                                 // op 255
      {1, 0, 0x81, 0x00, 0, 0},                          // 1 in two bytes
      {1, 0, 0x80, 0x80, 0x00, 0, 0},                    // 0 in three
      {1, 0, 0xff, 0xff, 0xff, 0xff, 0x10, 0, 0},        // 2^32
      {1, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0, 0},  // six bytes
      {1, 0, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0},        // a key of 4 GiB
      {1, 0, 1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f},        // a value of 4 GiB
      {1, 0, 1, 1, 1, 'k'},                              // the value is missing
  };
  for (const auto& bad : wrong) {
    const auto held = bytes_of(bad);
    bytes rest = held;
    EXPECT_FALSE(take_record(rest).has_value());
  }
  const auto largest = bytes_of({1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0});
  bytes rest = largest;
  EXPECT_EQ(take_record(rest)->table, 0xffff'ffffu);
}

}  // namespace
}  // namespace shelf::journal
