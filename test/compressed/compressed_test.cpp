// COMPRESSED  [compressed] -> api -> codec -> term
// shelf::compressed: what is stored, what is refused, and how tables treat it.
#include "shelf/compressed.hpp"

#include "api/codec_support.hpp"
#include "file/scratch.hpp"
#include "shelf/shelf.hpp"

#include <cmath>
#include <cstdio>
#include <limits>
#include <random>

namespace shelf::testing {
namespace {

using text = compressed<std::string>;
using small_text = compressed<std::string, compression{.max_bytes = 100}>;

struct page {
  std::string url;
  text html;
  bool operator==(const page&) const = default;
};

/// A type that holds itself, compressed.
struct nest {
  compressed<std::vector<nest>> inside;
};

std::string prose(std::size_t size) {
  std::string made;
  while (made.size() < size) made += "All work and no play makes " + std::to_string(made.size());
  made.resize(size);
  return made;
}

std::string noise(std::size_t size) {
  std::mt19937 random(7);
  std::string made(size, ' ');
  for (char& c : made) c = static_cast<char>(random());
  return made;
}

std::vector<std::byte> binary_of(const std::vector<std::byte>& content) { return encoded(content); }

/// The content of the binary that `value` is stored as.
template <class T>
std::vector<std::byte> content_of_stored(const T& value) {
  const std::vector<std::byte> term = encoded(value);
  EXPECT_EQ(term.front(), std::byte{'m'});
  return {term.begin() + 5, term.end()};
}

template <class T>
void expect_round_trip(const T& value) {
  const std::vector<std::byte> made = encoded(value);
  EXPECT_TRUE(detail::check<T>(made).has_value());
  const result<T> back = detail::decode<T>(made);
  ASSERT_TRUE(back.has_value()) << back.error().message();
  EXPECT_TRUE(*back == value);
}

/// Check and decode agree that `content` holds no T, and say `sentence`.
template <class T>
void expect_content_refused(const std::vector<std::byte>& content, const std::string& sentence) {
  const std::vector<std::byte> term = binary_of(content);
  const result<> checked = detail::check<T>(term);
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error(), errc::type_mismatch);
  EXPECT_EQ(checked.error().message(), "expected compressed, found " + sentence);
  const result<T> made = detail::decode<T>(term);
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().message(), checked.error().message());
}

std::vector<std::byte> operator+(std::vector<std::byte> front, const std::vector<std::byte>& back) {
  front.insert(front.end(), back.begin(), back.end());
  return front;
}

TEST(Compressed, EveryKindOfValueComesBackAsItWas) {
  for (const std::size_t size : {0u, 1u, 31u, 32u, 255u, 256u, 4096u, 1u << 20}) {
    expect_round_trip(text(prose(size)));
    expect_round_trip(text(noise(size)));
  }
  expect_round_trip(compressed<int>(-7));
  expect_round_trip(compressed<std::vector<session>>(
      std::vector<session>(100, session{.user = "alice", .expires_at = 5})));
  expect_round_trip(compressed<std::map<std::string, std::vector<double>>>(
      {{"a", std::vector<double>(50, 0.5)}, {"b", {}}}));
  expect_round_trip(std::vector<text>{text("a"), text(prose(900)), text()});
  expect_round_trip(std::optional<text>(prose(500)));
  expect_round_trip(compressed<text>(text(prose(5000))));
  expect_round_trip(page{.url = "/", .html = prose(3000)});
}

TEST(Compressed, ASmallOrIncompressibleValueIsStoredAsItsTermBehindAZero) {
  expect_bytes(text("abc"), "6d 00000009 00 6d 00000003 616263");
  expect_bytes(compressed<int>(5), "6d 00000003 00 61 05");
  EXPECT_EQ(content_of_stored(text(noise(1000))).size(), 1 + 5 + 1000u);
}

TEST(Compressed, ALargeValueIsStoredAsAFrameBehindAOne) {
  const auto content = content_of_stored(text(prose(100'000)));
  EXPECT_LT(content.size(), 50'000u);
  EXPECT_EQ(to_hex(std::vector<std::byte>(content.begin(), content.begin() + 5)), "0128b52ffd");
}

TEST(Compressed, TheSameValueIsStoredAsTheSameBytes) {
  EXPECT_EQ(encoded(text(prose(10'000))), encoded(text(prose(10'000))));
}

TEST(Compressed, AnyLevelReadsWhatAnotherWrote) {
  using fast = compressed<std::string, compression{.level = -7}>;
  using slow = compressed<std::string, compression{.level = 19}>;
  EXPECT_EQ(**detail::decode<slow>(encoded(fast(prose(20'000)))), prose(20'000));
  EXPECT_EQ(**detail::decode<fast>(encoded(slow(prose(20'000)))), prose(20'000));
  EXPECT_EQ(detail::schema_of<fast>(), detail::schema_of<slow>());
}

TEST(Compressed, TheSchemaTellsCompressedFromPlain) {
  EXPECT_EQ(detail::schema_of<text>(), "named(compressed, binary)");
  EXPECT_EQ(detail::schema_of<page>(), "page{url: binary, html: named(compressed, binary)}");
}

TEST(Compressed, ContentThatIsNoTermAndNoFrameIsRefused) {
  expect_content_refused<text>({}, "an empty binary");
  expect_content_refused<text>(unhex("02 6d 00000000"), "a binary with an unknown marker");
  expect_content_refused<text>(unhex("00"), "expected binary, found nothing");
  expect_content_refused<text>(unhex("00 61 05"), "expected binary, found integer");
  expect_content_refused<text>(unhex("00 6d 00000000 61"), "expected the end, found 1 more bytes");
  expect_content_refused<text>(unhex("01"), "a binary without a zstd frame");
  expect_content_refused<text>(unhex("01 0102030405060708"), "a binary without a zstd frame");
  // A skippable frame.
  expect_content_refused<text>(unhex("01 502a4d18 00000000"),
                               "a zstd frame that declares a wrong size");
  expect_refused<text>("61 01", "expected binary, found integer");
}

TEST(Compressed, AFrameOfAnotherTypeIsRefusedWithThePlace) {
  const std::vector<std::byte> numbers =
      content_of_stored(compressed<std::vector<std::int64_t>>(std::vector<std::int64_t>(500, -1)));
  EXPECT_EQ(numbers.front(), std::byte{1});
  expect_content_refused<text>(numbers, "expected binary, found list");
  expect_content_refused<compressed<std::vector<std::uint8_t>>>(numbers,
                                                                "expected binary, found list");
}

TEST(Compressed, BytesBehindAFrameAreRefused) {
  const auto frame = content_of_stored(text(prose(1000)));
  expect_content_refused<text>(frame + unhex("00"), "more bytes after a zstd frame");
  expect_content_refused<text>(frame + std::vector<std::byte>(frame.begin() + 1, frame.end()),
                               "more bytes after a zstd frame");
}

TEST(Compressed, AForgedSizeIsRefusedBeforeItIsAllocated) {
  // Magic, a descriptor with 8 bytes of size and a single segment, the size, an empty last block.
  expect_content_refused<text>(unhex("01 28b52ffd e0 ffffffffffff0000 010000"),
                               "a zstd frame of 281474976710655 bytes, more than the limit of "
                               "67108864");
  expect_content_refused<text>(unhex("01 28b52ffd e0 0000000300000000 010000"),
                               "a zstd frame that declares a wrong size");
  // No size: a window descriptor instead.
  expect_content_refused<text>(unhex("01 28b52ffd 00 58 010000"),
                               "a zstd frame that declares no size");
}

TEST(Compressed, AFrameShorterThanItDeclaresIsRefused) {
  const auto term = binary_of(unhex("01 28b52ffd e0 ffff000000000000 010000"));
  EXPECT_EQ(detail::check<text>(term).error(), errc::type_mismatch);
  EXPECT_EQ(detail::decode<text>(term).error(), errc::type_mismatch);
}

TEST(Compressed, AValueBeyondItsLimitIsRefusedBothWays) {
  EXPECT_EQ(encoding_failure(small_text(std::string(200, 'a'))), errc::size_limit_exceeded);
  EXPECT_EQ(encoding_failure(small_text(std::string(2000, 'a'))), errc::size_limit_exceeded);
  expect_round_trip(small_text(std::string(95, 'a')));
  expect_content_refused<small_text>(content_of_stored(text(std::string(96, 'a'))),
                                     "a zstd frame of 101 bytes, more than the limit of 100");
  expect_content_refused<small_text>(content_of_stored(text(noise(96))),
                                     "a term larger than the limit");
}

TEST(Compressed, WhatCannotBeEncodedCannotBeEncodedCompressed) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(encoding_failure(compressed<double>(nan)), errc::invalid_argument);
}

TEST(Compressed, NestingCountsThroughEveryLayer) {
  nest outer;
  for (int i = 0; i < 300; ++i) {
    nest around;
    around.inside->push_back(std::move(outer));
    outer = std::move(around);
  }
  EXPECT_EQ(encoding_failure(outer), errc::size_limit_exceeded);
  const auto two = encoded(compressed<text>(text("abc")));
  EXPECT_TRUE(detail::check<compressed<text>>(two, {.nesting = 2}).has_value());
  EXPECT_FALSE(detail::check<compressed<text>>(two, {.nesting = 1}).has_value());
  EXPECT_FALSE(detail::decode<compressed<text>>(two, {.nesting = 1}).has_value());
}

TEST(Compressed, EveryCutAndEveryFlippedBitIsRefusedOrDecodesWithinTheLimit) {
  const auto whole = content_of_stored(text(prose(3000)));
  ASSERT_EQ(whole.front(), std::byte{1});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto cut = binary_of({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    EXPECT_FALSE(detail::check<text>(cut).has_value()) << size;
    EXPECT_FALSE(detail::decode<text>(cut).has_value()) << size;
  }
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    auto changed = whole;
    changed[bit / 8] ^= std::byte{1} << (bit % 8);
    const auto term = binary_of(changed);
    const result<text> made = detail::decode<text>(term);
    EXPECT_EQ(detail::check<text>(term).has_value(), made.has_value()) << bit;
    EXPECT_LE(made ? (*made)->size() : 0, std::size_t{1} << 20) << bit;
  }
}

TEST(Compressed, RandomDamageIsRefusedOrDecodes) {
  std::mt19937 random(11);
  const auto whole = content_of_stored(compressed<std::vector<session>>(
      std::vector<session>(200, session{.user = "alice", .expires_at = 1'000'000})));
  ASSERT_EQ(whole.front(), std::byte{1});
  for (int round = 0; round < 3000; ++round) {
    auto changed = whole;
    for (unsigned count = random() % 8 + 1; count > 0; --count) {
      changed[random() % changed.size()] = static_cast<std::byte>(random());
    }
    if (random() % 4 == 0) changed.resize(random() % changed.size());
    const auto term = binary_of(changed);
    using stored = compressed<std::vector<session>>;
    EXPECT_EQ(detail::check<stored>(term).has_value(), detail::decode<stored>(term).has_value());
  }
}

TEST(CompressedTable, EntriesSurviveAReopen) {
  const file::scratch scratch;
  using pages = map<std::string, page>;
  const auto open = [&] { return or_throw(pages::open({.path = scratch.path("pages.shelf")})); };
  {
    pages t = open();
    ASSERT_TRUE(t.insert("/", page{.url = "/", .html = prose(200'000)}));
    ASSERT_TRUE(t.insert("/empty", page{.url = "/empty", .html = {}}));
    ASSERT_TRUE(t.close());
  }
  EXPECT_LT(std::filesystem::file_size(scratch.path("pages.shelf")), 100'000u);
  pages t = open();
  EXPECT_EQ(t.lookup("/")->html.value, prose(200'000));
  EXPECT_EQ(t.lookup("/empty")->html.value, "");
  EXPECT_EQ(*t.lookup("/", [](const page& p) { return p.html->size(); }), 200'000u);
}

TEST(CompressedTable, AFileOfPlainValuesIsNotOpenedAsCompressedNorTheReverse) {
  const file::scratch scratch;
  const std::string path = scratch.path("t.shelf");
  ASSERT_TRUE((or_throw(map<int, text>::open({.path = path})).insert(1, text("a"))));
  const auto plain = map<int, std::string>::open({.path = path});
  ASSERT_FALSE(plain.has_value());
  EXPECT_EQ(plain.error(), errc::type_mismatch);
  const auto other = map<int, compressed<int>>::open({.path = path});
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error(), errc::type_mismatch);
}

struct note_v1 {
  std::string title;
};
struct note_v2 {
  std::string title;
  text body{"none"};
};
struct inner_v1 {
  std::string first;
};
struct inner_v2 {
  std::string first;
  int second = 7;
};

}  // namespace
}  // namespace shelf::testing

template <>
inline constexpr std::string_view shelf::tag<shelf::testing::note_v1> = "note";
template <>
inline constexpr std::string_view shelf::tag<shelf::testing::note_v2> = "note";
template <>
inline constexpr std::string_view shelf::tag<shelf::testing::inner_v1> = "inner";
template <>
inline constexpr std::string_view shelf::tag<shelf::testing::inner_v2> = "inner";

namespace shelf::testing {
namespace {

TEST(CompressedTable, MissingFieldsAreFilledOutsideAndInsideTheFrame) {
  const file::scratch scratch;
  const std::string path = scratch.path("t.shelf");
  ASSERT_TRUE((or_throw(map<int, note_v1>::open({.path = path})).insert(1, note_v1{"a"})));
  const auto notes =
      map<int, note_v2>::open({.path = path, .missing_fields = missing_fields::use_defaults});
  ASSERT_TRUE(notes.has_value()) << notes.error().message();
  EXPECT_EQ(notes->lookup(1)->body.value, "none");

  const std::string within = scratch.path("within.shelf");
  using old_list = compressed<std::vector<inner_v1>>;
  using new_list = compressed<std::vector<inner_v2>>;
  ASSERT_TRUE((or_throw(map<int, old_list>::open({.path = within}))
                   .insert(1, old_list(std::vector<inner_v1>(300, inner_v1{"a"})))));
  const auto strict = map<int, new_list>::open({.path = within});
  ASSERT_FALSE(strict.has_value());
  EXPECT_EQ(strict.error(), errc::type_mismatch);
  const auto lists =
      map<int, new_list>::open({.path = within, .missing_fields = missing_fields::use_defaults});
  ASSERT_TRUE(lists.has_value()) << lists.error().message();
  EXPECT_EQ(lists->lookup(1)->value.at(299).second, 7);
}

TEST(CompressedTable, AKeyWithACompressedMemberIsInvalid) {
  auto t = map<page, int>::in_memory();
  const auto inserted = t.insert(page{.url = "/", .html = text("a")}, 1);
  ASSERT_FALSE(inserted.has_value());
  EXPECT_EQ(inserted.error(), errc::invalid_argument);
}

TEST(CompressedTable, TheVerbsThatReadAndWriteSeeTheValue) {
  auto t = map<int, text>::in_memory();
  ASSERT_TRUE(t.insert(1, text(prose(1000))));
  ASSERT_TRUE(t.update(1, [](text& value) { value->append("end"); }));
  EXPECT_EQ(t.lookup(1)->value, prose(1000) + "end");
  EXPECT_EQ(t.lookup(1)->value, t.snapshot().lookup(1)->value);
}

#ifdef SHELF_TEST_TOOL
TEST(CompressedTable, TheToolShowsABinary) {
  const file::scratch scratch;
  const std::string path = scratch.path("t.shelf");
  ASSERT_TRUE((or_throw(map<int, text>::open({.path = path})).insert(1, text(prose(5000)))));
  for (const char* command : {" list ", " check "}) {
    const std::string line =
        SHELF_TEST_TOOL + std::string(command) + path + " > " + scratch.path("out") + " 2>&1";
    EXPECT_EQ(std::system(line.c_str()), 0) << scratch.read("out");
    EXPECT_FALSE(scratch.read("out").empty());
  }
}
#endif

}  // namespace
}  // namespace shelf::testing
