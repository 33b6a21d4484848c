// API  [api] -> table -> journal -> file
// Random values of nested types come back as they were, and equal values have equal bytes.
#include "api/codec_support.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace shelf::testing {
namespace {

using source = std::mt19937_64;

std::int64_t any_integer(source& random) {
  const auto wide = static_cast<std::int64_t>(random());
  return wide >> (random() % 64);
}

double any_double(source& random) {
  const auto scale = static_cast<int>(random() % 200) - 100;
  return std::ldexp(static_cast<double>(any_integer(random)), scale);
}

std::string any_text(source& random) {
  std::string text(random() % 40, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

template <class F>
void some(source& random, F f) {
  for (auto left = random() % 6; left > 0; --left) f();
}

struct inner {
  std::int64_t number = 0;
  std::variant<double, std::string, std::vector<std::int64_t>> choice;
  bool operator==(const inner&) const = default;
};

struct outer {
  std::unordered_map<std::string, inner> by_name;
  std::unordered_set<std::int64_t> numbers;
  std::map<std::pair<std::int64_t, std::string>, std::optional<bool>> by_pair;
  std::vector<std::optional<inner>> list;
  std::set<std::string> words;
  std::map<double, std::vector<bool>> by_double;
  bool operator==(const outer&) const = default;
};

inner any_inner(source& random) {
  inner made{any_integer(random), {}};
  if (random() % 3 == 0) made.choice = any_double(random);
  if (random() % 3 == 0) made.choice = any_text(random);
  if (random() % 3 == 0) {
    auto& list = made.choice.emplace<2>();
    some(random, [&] { list.push_back(any_integer(random)); });
  }
  return made;
}

outer any_outer(source& random) {
  outer made;
  some(random, [&] { made.by_name[any_text(random)] = any_inner(random); });
  some(random, [&] { made.numbers.insert(any_integer(random)); });
  some(random, [&] { made.by_pair[{any_integer(random), any_text(random)}] = random() % 2 == 0; });
  some(random, [&] { made.list.emplace_back(any_inner(random)); });
  some(random, [&] { made.list.emplace_back(); });
  some(random, [&] { made.words.insert(any_text(random)); });
  some(random, [&] { made.by_double[any_double(random)] = {true, false}; });
  return made;
}

TEST(CodecRoundTrip, EveryValueComesBackAsItWas) {
  source random(11);
  for (int round = 0; round < 1500; ++round) {
    const outer value = any_outer(random);
    const auto made = encoded(value);
    const result<> checked = detail::check<outer>(made);
    ASSERT_TRUE(checked) << checked.error().message();
    const result<outer> back = detail::decode<outer>(made);
    ASSERT_TRUE(back) << back.error().message();
    ASSERT_EQ(*back, value);
    ASSERT_EQ(encoded(*back), made);
  }
}

TEST(CodecRoundTrip, EqualValuesHaveEqualBytesWhateverTheirHistory) {
  source random(12);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::int64_t> numbers;
    for (int i = 0; i < 50; ++i) numbers.push_back(any_integer(random));
    std::unordered_set<std::int64_t> one(numbers.begin(), numbers.end());
    std::shuffle(numbers.begin(), numbers.end(), random);
    std::unordered_set<std::int64_t> other;
    other.reserve(1000);
    other.insert(numbers.begin(), numbers.end());
    ASSERT_EQ(encoded(one), encoded(other));
  }
}

TEST(CodecRoundTrip, DecodingOverwritesWhatWasThere) {
  outer used;
  source random(13);
  used = any_outer(random);
  const outer other = any_outer(random);
  const auto made = encoded(other);
  detail::decoder in(made);
  ASSERT_TRUE(detail::decode(in, used));
  EXPECT_EQ(used, other);
}

TEST(CodecRoundTrip, IntegersSurviveAtEveryBoundary) {
  for (int bit = 0; bit < 64; ++bit) {
    for (std::uint64_t near : {~std::uint64_t{0}, std::uint64_t{0}, std::uint64_t{1}}) {
      const std::uint64_t natural = (std::uint64_t{1} << bit) + near;
      EXPECT_EQ(*detail::decode<std::uint64_t>(encoded(natural)), natural);
      EXPECT_TRUE(detail::check<std::uint64_t>(encoded(natural)));
      const auto integer = static_cast<std::int64_t>(natural);
      EXPECT_EQ(*detail::decode<std::int64_t>(encoded(integer)), integer);
      EXPECT_TRUE(detail::check<std::int64_t>(encoded(integer)));
      EXPECT_EQ(*detail::decode<std::int64_t>(encoded(-(integer / 2))), -(integer / 2));
    }
  }
}

struct later_session {
  std::string user;
  std::int64_t expires_at = 42;
  std::vector<int> ports{80};
  bool operator==(const later_session&) const = default;
};

}  // namespace
}  // namespace shelf::testing

template <>
inline constexpr std::string_view shelf::tag<shelf::testing::later_session> = "session";

namespace shelf::testing {
namespace {

TEST(CodecMissingFields, NewLastFieldsHaveTheirFirstValuesOnRequestOnly) {
  const auto old = encoded(session{"a", 7});
  EXPECT_FALSE(detail::decode<later_session>(old));
  expect_refused<later_session>(to_hex(old),
                                "expected record 'session' of 3 fields, found 2 fields");
  constexpr detail::decoding_rules rules{.missing_fields = true};
  EXPECT_TRUE(detail::check<later_session>(old, rules));
  EXPECT_EQ(*detail::decode<later_session>(old, rules), (later_session{"a", 7, {80}}));
  const auto list = encoded(std::vector{session{"b", 8}});
  EXPECT_EQ(*detail::decode<std::vector<later_session>>(list, rules),
            (std::vector{later_session{"b", 8, {80}}}));
}

TEST(CodecMissingFields, WhatADecodedValueHeldBeforeDoesNotShineThrough) {
  const auto old = encoded(session{"a", 7});
  later_session used{"x", 1, {1, 2, 3}};
  detail::decoder in(old, {.missing_fields = true});
  ASSERT_TRUE(detail::decode(in, used));
  EXPECT_EQ(used, (later_session{"a", 7, {80}}));
}

TEST(CodecMissingFields, ATagAloneIsAStructOfWhichNothingWasStored) {
  constexpr detail::decoding_rules rules{.missing_fields = true};
  const auto atom = unhex("77 07 73657373696f6e");
  EXPECT_TRUE(detail::check<later_session>(atom, rules));
  EXPECT_EQ(*detail::decode<later_session>(atom, rules), later_session{});
  EXPECT_FALSE(detail::decode<later_session>(atom));
}

TEST(CodecMissingFields, MoreFieldsThanTheStructHasAreAlwaysRefused) {
  const auto longer = encoded(later_session{});
  expect_refused<session>(to_hex(longer), "expected record 'session' of 2 fields, found 3 fields",
                          {.missing_fields = true});
}

}  // namespace
}  // namespace shelf::testing
