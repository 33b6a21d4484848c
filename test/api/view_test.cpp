// API  [api] -> table -> journal -> file
// Views of encoded values, and which types show memory they do not own.
#include "api/codec_support.hpp"

#include <array>
#include <functional>
#include <set>
#include <span>

namespace shelf::testing {
namespace {

struct session_view {
  std::string_view user;
  std::int64_t expires_at = 0;
};

struct team {
  session leader;
  std::optional<std::string> motto;
  std::pair<int, std::string> place;
  std::vector<std::byte> badge;
  std::vector<int> numbers;
};
struct team_view {
  session_view leader;
  std::optional<std::string_view> motto;
  std::pair<int, std::string_view> place;
  std::span<const std::byte> badge;
  std::vector<int> numbers;
};

team winners() {
  team made;
  made.leader = {"ann", 5};
  made.motto = "go";
  made.place = {7, "x"};
  made.badge = {std::byte{9}};
  made.numbers = {1, 2};
  return made;
}

template <class View, class T>
View seen(const std::vector<std::byte>& encoded) {
  const result<View> made = detail::decode_view<View, T>(encoded);
  EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().message());
  return made ? *made : View{};
}

TEST(View, EachTypeHasItsView) {
  static_assert(std::is_same_v<view_of<std::string>, std::string_view>);
  static_assert(std::is_same_v<view_of<std::u8string>, std::u8string_view>);
  static_assert(std::is_same_v<view_of<std::vector<std::byte>>, std::span<const std::byte>>);
  static_assert(
      std::is_same_v<view_of<std::array<unsigned char, 4>>, std::span<const unsigned char>>);
  static_assert(std::is_same_v<view_of<int>, int>);
  static_assert(
      std::is_same_v<view_of<std::pair<int, std::string>>, std::pair<int, std::string_view>>);
  static_assert(
      std::is_same_v<view_of<std::tuple<std::string, bool>>, std::tuple<std::string_view, bool>>);
  static_assert(
      std::is_same_v<view_of<std::optional<std::string>>, std::optional<std::string_view>>);
  static_assert(std::is_same_v<view_of<session>, session>);
  static_assert(std::is_same_v<view_of<std::vector<std::string>>, std::vector<std::string>>);
}

TEST(View, ShowsTextWhereItLies) {
  const auto made = encoded(std::string("hello"));
  const auto text = seen<std::string_view, std::string>(made);
  EXPECT_EQ(text, "hello");
  EXPECT_EQ(static_cast<const void*>(text.data()), made.data() + 5);
}

TEST(View, AStructOfViewsIsFilledFieldByField) {
  const auto made = encoded(winners());
  const auto view = seen<team_view, team>(made);
  EXPECT_EQ(view.leader.user, "ann");
  EXPECT_EQ(view.leader.expires_at, 5);
  EXPECT_EQ(view.motto, "go");
  EXPECT_EQ(view.place.second, "x");
  EXPECT_EQ(to_hex(view.badge), "09");
  EXPECT_EQ(view.numbers, (std::vector{1, 2}));
  EXPECT_FALSE((seen<team_view, team>(encoded(team{})).motto));
}

TEST(View, PairsTuplesAndScalarsAreSeenToo) {
  const auto pair = encoded(std::pair(std::string("k"), 5));
  EXPECT_EQ((seen<std::pair<std::string_view, int>, std::pair<std::string, int>>(pair).first), "k");
  const auto tuple = encoded(std::tuple(std::string("k"), 5, true));
  using shown = std::tuple<std::string_view, int, bool>;
  EXPECT_EQ((std::get<2>(seen<shown, std::tuple<std::string, int, bool>>(tuple))), true);
  EXPECT_EQ((seen<int, int>(encoded(5))), 5);
}

TEST(View, WrongBytesAreRefusedWithTheStoredTypesSentence) {
  const auto wrong = detail::decode_view<session_view, session>(unhex("68 01 6101"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message(),
            "expected record 'session', found tuple of 1 with another tag");
  const auto whole = encoded(winners());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<std::byte> part(whole.begin(), whole.begin() + static_cast<long>(size));
    EXPECT_FALSE((detail::decode_view<team_view, team>(part)));
  }
}

TEST(View, MissingFieldsHaveTheFirstValuesOfTheView) {
  struct short_one {
    int a = 1;
  };
  const auto made = unhex("68 02 77 09 73686f72745f6f6e65 6105");
  EXPECT_EQ((detail::decode_view<short_one, short_one>(made, {.missing_fields = true})->a), 5);
  const auto session_without_end = unhex("68 02 77 07 73657373696f6e 6d0000000161");
  const auto view =
      detail::decode_view<session_view, session>(session_without_end, {.missing_fields = true});
  ASSERT_TRUE(view);
  EXPECT_EQ(view->user, "a");
  EXPECT_EQ(view->expires_at, 0);
}

TEST(ViewFor, OnlyFittingViewsFit) {
  static_assert(view_for<session_view, session> && view_for<session, session>);
  static_assert(view_for<std::string_view, std::string> && view_for<std::string, std::string>);
  static_assert(view_for<std::span<const std::byte>, std::string>);
  static_assert(!view_for<std::span<std::byte>, std::string>);
  static_assert(!view_for<std::string_view, int>);
  static_assert(!view_for<session_view, team>);
  static_assert(!view_for<std::pair<int, int>, std::pair<int, std::string>>);
}

TEST(IsViewType, WhatShowsForeignMemoryIsRecognised) {
  using detail::is_view_type;
  static_assert(is_view_type<std::string_view>() && is_view_type<std::span<int>>());
  static_assert(is_view_type<const int*>() && is_view_type<int&>() && is_view_type<const char*>());
  static_assert(is_view_type<session_view>() && is_view_type<team_view>());
  static_assert(is_view_type<std::optional<std::string_view>>());
  static_assert(is_view_type<std::pair<int, std::string_view>>());
  static_assert(is_view_type<std::vector<std::tuple<std::string_view>>>());
  static_assert(is_view_type<std::variant<int, const char*>>());
  static_assert(is_view_type<std::map<std::string, std::string_view>>());
  static_assert(is_view_type<std::reference_wrapper<int>>());
  static_assert(!is_view_type<void>() && !is_view_type<int>() && !is_view_type<std::string>());
  static_assert(!is_view_type<session>() && !is_view_type<std::vector<session>>());
  static_assert(!is_view_type<std::optional<std::pair<int, std::string>>>());
}

}  // namespace
}  // namespace shelf::testing
