// API  [api] -> table -> journal -> file
// What may stand for a key encodes to the same bytes as the key.
#include "api/codec_support.hpp"

#include <array>
#include <chrono>
#include <span>

namespace shelf::testing {
namespace {

template <class K, class A>
void expect_same_key(const A& argument, const K& key) {
  static_assert(key_argument<A, K>);
  detail::encoder out(detail::purpose::key);
  detail::encode_key<K>(out, argument);
  ASSERT_TRUE(out.outcome());
  EXPECT_EQ(to_hex(*out.outcome()), to_hex(encoded(key, detail::purpose::key)));
}

template <class K, class A>
error key_failure(const A& argument) {
  detail::encoder out(detail::purpose::key);
  detail::encode_key<K>(out, argument);
  return out.outcome() ? error(errc::not_found) : out.outcome().error();
}

TEST(KeyArgument, TextStandsForAString) {
  expect_same_key<std::string>("alice", "alice");
  expect_same_key<std::string>(std::string_view("alice"), "alice");
  const char* const text = "alice";
  expect_same_key<std::string>(text, "alice");
  expect_same_key<std::string>(std::string("alice"), "alice");
}

TEST(KeyArgument, BytesStandForBytes) {
  const std::vector<std::byte> key{std::byte{1}, std::byte{2}};
  expect_same_key<std::vector<std::byte>>(std::span<const std::byte>(key), key);
  expect_same_key<std::vector<std::byte>>(std::array{std::byte{1}, std::byte{2}}, key);
  expect_same_key<std::vector<unsigned char>>(std::span<const std::byte>(key),
                                              std::vector<unsigned char>{1, 2});
  using id = std::array<std::byte, 2>;
  expect_same_key<id>(std::span<const std::byte>(key), id{std::byte{1}, std::byte{2}});
  EXPECT_EQ(key_failure<id>(std::span<const std::byte>(key).first(1)), errc::invalid_argument);
}

TEST(KeyArgument, NumbersStandForNumbers) {
  expect_same_key<std::int64_t>(5, 5);
  expect_same_key<std::uint8_t>(200, std::uint8_t{200});
  expect_same_key<double>(2, 2.0);
  expect_same_key<double>(-0.0, 0.0);
  expect_same_key<float>(0.5, 0.5F);
  EXPECT_EQ(key_failure<std::uint8_t>(256), errc::invalid_argument);
  EXPECT_EQ(key_failure<std::uint64_t>(-1), errc::invalid_argument);
  EXPECT_EQ(key_failure<std::int8_t>(~std::uint64_t{0}), errc::invalid_argument);
  EXPECT_EQ(key_failure<std::int8_t>(-129), errc::invalid_argument);
}

TEST(KeyArgument, PairsTuplesAndArraysOfViewsStandForThose) {
  using key = std::pair<std::string, std::int64_t>;
  expect_same_key<key>(std::pair(std::string_view("a"), 7), key{"a", 7});
  expect_same_key<key>(std::pair("a", 7), key{"a", 7});
  using deep = std::tuple<std::pair<std::string, int>, std::vector<std::byte>>;
  expect_same_key<deep>(std::tuple(std::pair("x", 1), std::span<const std::byte>()),
                        deep{{"x", 1}, {}});
  using words = std::array<std::string, 2>;
  expect_same_key<words>(std::array<std::string_view, 2>{"a", "b"}, words{"a", "b"});
}

TEST(KeyArgument, WhatConvertsToTheKeyStandsForIt) {
  using namespace std::chrono;
  expect_same_key<seconds>(minutes(2), seconds(120));
  expect_same_key<std::optional<int>>(5, std::optional<int>(5));
}

TEST(KeyArgument, OtherTypesDoNot) {
  static_assert(!key_argument<int, std::string>);
  static_assert(!key_argument<std::string, int>);
  static_assert(!key_argument<std::nullptr_t, std::string>);
  static_assert(!key_argument<bool, int>);
  static_assert(!key_argument<char, int>);
  static_assert(!key_argument<int, bool>);
  static_assert(!key_argument<const char*, bool>);
  static_assert(!key_argument<double, int>);
  static_assert(!key_argument<std::pair<int, int>, std::pair<std::string, int>>);
  static_assert(!key_argument<std::tuple<int>, std::pair<int, int>>);
  static_assert(!key_argument<int, level>);
}

}  // namespace
}  // namespace shelf::testing
