// TABLE  api -> [table] -> journal -> file
// A key has one hash, whether a table sees its term, a text its content, or an integer its number.
#include "kinds/hash.hpp"

#include "shelf/detail/key_to_seek.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>
#include <vector>

namespace shelf::kinds {
namespace {

constexpr std::uint64_t seed = 4711;

/// The canonical term of a key.
template <class K>
std::vector<std::byte> term_of(const K& key) {
  detail::encoder out(detail::purpose::key);
  detail::encode_key<K>(out, key);
  const auto made = out.written();
  return {made.begin(), made.end()};
}

/// Whether a lookup by `argument` looks where the key is, and knows it there.
template <class K, kind Kind = kind::set, class A>
testing::AssertionResult finds(const A& argument, const K& key) {
  const detail::key_to_seek<K, Kind, A> k(argument, {});
  if (k.failed()) return testing::AssertionFailure() << "refused: " << k.why().message();
  const auto stored = term_of(key);
  if (hash_of(k.sought(), seed) != hash_of(bytes(stored), seed)) {
    return testing::AssertionFailure() << "another hash";
  }
  if (!is_key(stored, k.sought())) return testing::AssertionFailure() << "not known again";
  return testing::AssertionSuccess();
}

TEST(Hash, ATextIsFoundByItsContentAtEveryLength) {
  std::string text;
  for (int length = 0; length <= 600; ++length) {
    ASSERT_TRUE(finds<std::string>(text, text)) << length;
    ASSERT_TRUE(finds<std::string>(std::string_view(text), text)) << length;
    ASSERT_TRUE((finds<std::string, kind::ordered_set>(text, text))) << length;
    text.push_back(static_cast<char>(length * 7));
  }
}

TEST(Hash, BytesAreFoundByTheirContent) {
  const std::vector<std::byte> three{std::byte{1}, std::byte{0}, std::byte{255}};
  EXPECT_TRUE(finds<std::vector<std::byte>>(std::span(three), three));
  const std::array<std::byte, 3> fixed{std::byte{1}, std::byte{0}, std::byte{255}};
  EXPECT_TRUE((finds<std::array<std::byte, 3>>(three, fixed)));
  EXPECT_TRUE(finds<std::u8string>(std::u8string_view(u8"\u00e4"), std::u8string(u8"\u00e4")));
}

TEST(Hash, BytesOfAnotherLengthThanTheKeysAreRefused) {
  const std::vector<std::byte> two(2);
  const detail::key_to_seek<std::array<std::byte, 3>, kind::set, std::vector<std::byte>> k(two, {});
  ASSERT_TRUE(k.failed());
  EXPECT_EQ(k.why(), errc::invalid_argument);
}

TEST(Hash, ATextLongerThanTheLimitIsRefusedAsItsTermIs) {
  for (std::size_t size = 80; size < 400; ++size) {
    const std::string text(size, 'x');
    for (std::size_t limit = size - 8; limit <= size + 8; ++limit) {
      using content = detail::key_to_seek<std::string, kind::set, std::string>;
      using whole = detail::key_to_seek<std::string, kind::ordered_set, std::string>;
      const content k(text, {.size = limit});
      ASSERT_EQ(k.failed(), whole(text, {.size = limit}).failed()) << size << ' ' << limit;
      ASSERT_EQ(k.failed(), limit < size || (size > 251 && limit < size + 5));
      if (k.failed()) {
        ASSERT_EQ(k.why(), errc::size_limit_exceeded);
      }
    }
  }
}

TEST(Hash, AnIntegerIsFoundByItsNumberWhateverItsWidthOrForm) {
  using wide = std::numeric_limits<std::int64_t>;
  for (const std::int64_t i :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{255}, std::int64_t{256}, std::int64_t{-1},
        std::int64_t{1} << 31, -(std::int64_t{1} << 31), -(std::int64_t{1} << 31) - 1,
        (std::int64_t{1} << 31) - 1, std::int64_t{1} << 40, wide::min(), wide::max()}) {
    ASSERT_TRUE(finds<std::int64_t>(i, i)) << i;
    if (i >= 0) {
      ASSERT_TRUE(
          finds<std::uint64_t>(static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(i)));
      ASSERT_TRUE(finds<std::int64_t>(static_cast<std::uint64_t>(i), i)) << i;
    }
  }
  const auto largest = std::numeric_limits<std::uint64_t>::max();
  EXPECT_TRUE(finds<std::uint64_t>(largest, largest));
  EXPECT_TRUE(finds<std::int32_t>(std::int8_t{-5}, std::int32_t{-5}));
  EXPECT_TRUE(finds<char32_t>(U'\U0001F600', U'\U0001F600'));
}

TEST(Hash, AnIntegerThatLooksUpAFloatIsOne) { EXPECT_TRUE(finds<double>(3, 3.0)); }

TEST(Hash, OtherKeysAreFoundByTheirTerms) {
  using pair = std::pair<std::string, std::int64_t>;
  EXPECT_TRUE(finds<pair>(std::pair("a", 7), pair("a", 7)));
  EXPECT_TRUE(finds<bool>(true, true));
}

TEST(Hash, TermsThatOnlyShareTheirContentAreDifferentKeys) {
  // A list of small integers is kept as its bytes, as a binary is; only the head differs.
  const auto list = term_of(std::vector<std::int64_t>{'a', 'b'});
  const auto text = term_of(std::string("ab"));
  EXPECT_FALSE(is_key(list, sought_key::binary(as_bytes("ab"))));
  EXPECT_TRUE(is_key(text, sought_key::binary(as_bytes("ab"))));
  EXPECT_FALSE(is_key(text, sought_key::binary(as_bytes("abc"))));
  EXPECT_FALSE(is_key(text, sought_key::binary(as_bytes("ac"))));
  // As long as the term of "ab", and with the same bytes behind the fifth.
  std::vector<std::byte> other = text;
  other[0] = std::byte{100};
  EXPECT_FALSE(is_key(other, sought_key::binary(as_bytes("ab"))));
}

TEST(Hash, KeysOfAllLengthsAreComparedToTheLastByte) {
  for (std::size_t size = 1; size <= 80; ++size) {
    const std::vector<std::byte> a(size, std::byte{7});
    for (std::size_t at = 0; at < size; ++at) {
      auto b = a;
      b[at] = std::byte{8};
      ASSERT_FALSE(same_key_bytes(a, b)) << size << ' ' << at;
    }
    ASSERT_TRUE(same_key_bytes(a, std::vector<std::byte>(size, std::byte{7})));
  }
}

TEST(Hash, BytesThatAreNoTermAreHashedWhole) {
  // Tables are asked for canonical terms; these only must not be read past their end.
  for (const char* text : {"", "m", "mab", "a", "b12", "n", "n\x08\x01"}) {
    EXPECT_EQ(hash_of(as_bytes(text), seed), hash_of(sought_key(as_bytes(text)), seed));
  }
}

}  // namespace
}  // namespace shelf::kinds
