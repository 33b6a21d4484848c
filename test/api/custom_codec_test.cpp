// API  [api] -> table -> journal -> file
// Types of a user's own: codec<T> and tag<T>.
#include "api/codec_support.hpp"

namespace shelf::testing {

class ipv4 {
 public:
  ipv4() = default;
  explicit ipv4(std::uint32_t number) : number_(number) {}
  [[nodiscard]] std::uint32_t number() const { return number_; }
  bool operator==(const ipv4&) const = default;
  bool operator<(const ipv4& other) const { return number_ < other.number_; }

 private:
  std::uint32_t number_ = 0;
};

/// A name is never empty.
class username {
 public:
  [[nodiscard]] const std::string& text() const { return text_; }
  static result<username> make(std::string text) {
    if (text.empty()) return std::unexpected(error(errc::invalid_argument, "a name is not empty"));
    username made;
    made.text_ = std::move(text);
    return made;
  }
  bool operator==(const username&) const = default;

 private:
  std::string text_ = "nobody";
};

template <class T>
struct box {
  T inside{};
  bool operator==(const box&) const = default;
};

}  // namespace shelf::testing

template <>
struct shelf::codec<shelf::testing::ipv4> {
  static constexpr bool orderable = true;
  static std::uint32_t encode(const shelf::testing::ipv4& a) { return a.number(); }
  static shelf::testing::ipv4 decode(std::uint32_t number) { return shelf::testing::ipv4(number); }
};

template <>
struct shelf::codec<shelf::testing::username> {
  static constexpr std::string_view name = "username";
  static const std::string& encode(const shelf::testing::username& n) { return n.text(); }
  static result<shelf::testing::username> decode(std::string text) {
    return shelf::testing::username::make(std::move(text));
  }
  static std::string_view view(std::string_view text) { return text; }
};

template <class T>
inline constexpr std::string_view shelf::tag<shelf::testing::box<T>> = "box";

namespace shelf::testing {
namespace {

TEST(CustomCodec, ATypeIsStoredAsTheTypeItsCodecGives) {
  expect_bytes(ipv4(256), "62 00000100");
  expect_bytes(std::vector<ipv4>{ipv4(1), ipv4(2)}, "6b 0002 0102");
  expect_bytes(std::map<ipv4, int>{{ipv4(9), 1}}, "74 00000001 6109 6101");
  EXPECT_EQ(detail::schema_of<ipv4>(), "integer");
  EXPECT_EQ(detail::schema_of<username>(), "named(username, binary)");
}

TEST(CustomCodec, WhatTheCodecRefusesIsRefusedWithItsSentence) {
  expect_bytes(*username::make("bob"), "6d 00000003 626f62");
  expect_refused<std::vector<username>>("6c 00000001 6d00000000 6a",
                                        "[0]: expected username, found a name is not empty");
  expect_refused<username>("61 01", "expected binary, found integer");
}

TEST(CustomCodec, ACodecMayGiveAView) {
  static_assert(std::is_same_v<view_of<username>, std::string_view>);
  const auto made = encoded(*username::make("bob"));
  EXPECT_EQ((*detail::decode_view<std::string_view, username>(made)), "bob");
}

TEST(CustomCodec, OrderIsPromisedByTheCodecOnly) {
  static_assert(orderable_key<ipv4>);
  static_assert(!orderable_key<username>);
  static_assert(!counter_value<ipv4>);
}

TEST(CustomTag, ATemplateBearsTheTagThatIsDeclaredForIt) {
  expect_bytes(box<int>{5}, "68 02 77 03 626f78 6105");
  EXPECT_EQ(detail::schema_of<box<std::string>>(), "box{inside: binary}");
}

}  // namespace
}  // namespace shelf::testing
