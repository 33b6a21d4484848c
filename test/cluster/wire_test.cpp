// TEST  cluster
// PostgreSQL's binary values: round trips, and wrong bytes in every place.
#include "cluster/wire.hpp"

#include "cluster/commit_parameters.hpp"
#include "cluster/copy_stream.hpp"

#include <gtest/gtest.h>

#include <random>

namespace shelf::test {
namespace {

using namespace shelf::cluster;
using wire::decode;
using wire::encode;
using wire::optional_bytes;
using wire::type;

template <class T>
T round_trip(const wire::parameter& p) {
  return or_throw(decode<T>(p.what, *p.content));
}

buffer content(std::string_view text) { return {as_bytes(text).begin(), as_bytes(text).end()}; }

TEST(Wire, EveryValueComesBackAsItWasSent) {
  for (const std::int32_t i : {0, 1, -1, INT32_MAX, INT32_MIN}) {
    EXPECT_EQ(round_trip<std::int32_t>(encode(i)), i);
    EXPECT_EQ(round_trip<std::int64_t>(encode(std::int64_t{i} * 4'000'000'000)),
              std::int64_t{i} * 4'000'000'000);
  }
  const auto name = random_uuid();
  EXPECT_EQ(round_trip<uuid>(encode(name)), name);
  EXPECT_EQ(round_trip<std::string>(encode(std::string_view("häuser"))), "häuser");
  const std::vector<std::int16_t> shorts{1, -1, INT16_MAX};
  EXPECT_EQ(round_trip<std::vector<std::int16_t>>(encode(std::span(shorts))), shorts);
  const std::vector<std::int32_t> none;
  EXPECT_EQ(round_trip<std::vector<std::int32_t>>(encode(std::span(none))), none);
  const auto text = content("a\0b");
  const std::vector<optional_bytes> all{bytes(text), std::nullopt, bytes()};
  const auto sent = encode(std::span(all));
  const auto back = round_trip<std::vector<optional_bytes>>(sent);
  ASSERT_EQ(back.size(), 3u);
  EXPECT_TRUE(same_bytes(*back[0], text));
  EXPECT_FALSE(back[1]);
  EXPECT_TRUE(back[2] && back[2]->empty());
}

TEST(Wire, AnArrayThatIsCutOffAnywhereIsRefused) {
  const auto text = content("value");
  const std::vector<optional_bytes> all{bytes(text), std::nullopt, bytes(text)};
  const auto whole = *encode(std::span(all)).content;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto read =
        decode<std::vector<optional_bytes>>(type::bytea_array, bytes(whole).first(size));
    ASSERT_FALSE(read) << size;
    EXPECT_EQ(read.error(), errc::server_error);
  }
  auto longer = whole;
  longer.push_back({});
  EXPECT_FALSE(decode<std::vector<optional_bytes>>(type::bytea_array, longer));
}

TEST(Wire, ACountBeyondTheBytesThatAreThereAllocatesNothing) {
  const std::vector<std::int32_t> one{7};
  auto field = *encode(std::span(one)).content;
  field[12] = std::byte{0x7F};
  const auto read = decode<std::vector<std::int32_t>>(type::int4_array, field);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message(), "malformed int4[]: 2130706433 elements in 8 bytes");
}

TEST(Wire, AValueOfAnotherTypeIsRefusedByName) {
  const auto read = decode<std::int32_t>(type::int8, *encode(std::int64_t{1}).content);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message(), "malformed int8: expected int4");
  const std::vector<std::int32_t> one{7};
  EXPECT_FALSE(
      decode<std::vector<std::int16_t>>(type::int2_array, *encode(std::span(one)).content));
  EXPECT_FALSE(decode<std::string>(type::text, content("\xFF")));
  EXPECT_FALSE(decode<bool>(type::boolean, content("\2")));
}

std::string copied_rows() {
  using namespace std::string_literals;
  return "PGCOPY\n\xFF\r\n\0"s + "\0\0\0\0"s + "\0\0\0\0"s +  //
         "\0\2"s + "\0\0\0\1x"s + "\xFF\xFF\xFF\xFF"s +       //
         "\0\2"s + "\0\0\0\0"s + "\0\0\0\3abc"s + "\xFF\xFF"s;
}

TEST(CopyStream, RowsComeOutOfPiecesOfAnySize) {
  const auto stream = content(copied_rows());
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    copy_stream rows(2, 100);
    std::string seen;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      or_throw(rows.add(bytes(stream).subspan(at, std::min(piece, stream.size() - at))));
      while (const auto row = or_throw(rows.next())) {
        for (const auto& field : *row)
          seen += field ? "[" + std::string(as_text(*field)) + "]" : "-";
      }
    }
    EXPECT_EQ(seen, "[x]-[][abc]") << piece;
    EXPECT_TRUE(rows.is_whole()) << piece;
  }
}

TEST(CopyStream, AnyChangedByteOfTheFramingIsRefusedOrLeavesItUnfinished) {
  const auto whole = content(copied_rows());
  for (const std::size_t at : {0u, 5u, 10u, 11u, 15u, 19u, 21u, 27u, 30u, 33u, 36u, 43u}) {
    auto stream = whole;
    stream.at(at) ^= std::byte{0x40};
    copy_stream rows(2, 100);
    or_throw(rows.add(stream));
    bool is_refused = false;
    for (;;) {
      const auto row = rows.next();
      is_refused = !row;
      if (!row || !*row) break;
    }
    EXPECT_TRUE(is_refused || !rows.is_whole()) << at;
  }
}

TEST(CopyStream, AFieldBeyondTheLimitIsRefusedBeforeItHasArrived) {
  const auto stream = content(copied_rows());
  copy_stream rows(2, 2);
  or_throw(rows.add(bytes(stream).first(stream.size() - 5)));
  EXPECT_TRUE(or_throw(rows.next()));
  EXPECT_EQ(rows.next().error(), errc::server_error);
}

TEST(CommitColumns, ColumnsOfDifferentLengthsAndIncompleteChangesAreRefused) {
  const auto text = content("x");
  change_columns good{
      .codes = {1}, .tables = {7}, .keys = {bytes(text)}, .terms = {}, .contents = {bytes(text)}};
  EXPECT_EQ(or_throw(changes_of(good)).size(), 1u);
  auto shorter = good;
  shorter.tables.clear();
  EXPECT_EQ(changes_of(shorter).error(), errc::server_error);
  for (const int code : {0, 3, 5, 7, 11, 12, 13, 99, -1}) {
    auto wrong = good;
    wrong.codes = {static_cast<std::int16_t>(code)};
    EXPECT_FALSE(changes_of(wrong)) << code;
  }
  auto without_key = good;
  without_key.keys = {std::nullopt};
  EXPECT_FALSE(changes_of(without_key));
}

TEST(CommitColumns, RefusalsComeInPairsOfKnownReasons) {
  EXPECT_EQ(or_throw(refusals_of(std::vector{2, 1, 5, 6})).size(), 2u);
  EXPECT_FALSE(refusals_of(std::vector{1}));
  EXPECT_FALSE(refusals_of(std::vector{1, 7}));
  EXPECT_FALSE(refusals_of(std::vector{0, 1}));
}

}  // namespace
}  // namespace shelf::test
