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
  for (int what = 1; what <= 10; ++what) {
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
      {11, 0, 1, 0, 0},                                  // op 11
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
