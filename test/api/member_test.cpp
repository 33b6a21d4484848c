// API  [api] -> table -> journal -> file
// One member of an encoded struct, without the others.
#include "api/codec_support.hpp"

namespace shelf::testing {
namespace {

struct mixed {
  std::vector<std::string> words{"a", "b"};
  std::map<int, session> map{{1, {"x", 2}}};
  double real = 2.5;
  std::optional<std::string> maybe = "yes";
  int last = 7;
};

TEST(Member, EachIsReadOnItsOwn) {
  const auto made = encoded(mixed{});
  EXPECT_EQ(detail::decode_member<&mixed::words>(made), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(detail::decode_member<&mixed::map>(made)->at(1), (session{"x", 2}));
  EXPECT_EQ(detail::decode_member<&mixed::real>(made), 2.5);
  EXPECT_EQ(detail::decode_member<&mixed::maybe>(made), "yes");
  EXPECT_EQ(detail::decode_member<&mixed::last>(made), 7);
}

TEST(Member, FieldsBehindItAreNotLookedAt) {
  const auto cut = unhex("68 03 77 07 73657373696f6e 6d0000000161");
  EXPECT_EQ(detail::decode_member<&session::user>(cut), "a");
  EXPECT_FALSE(detail::decode_member<&session::expires_at>(cut));
}

TEST(Member, OneOfAnotherTypeIsRefusedWithItsPath) {
  const auto wrong = unhex("68 03 77 07 73657373696f6e 6101 6101");
  const auto user = detail::decode_member<&session::user>(wrong);
  ASSERT_FALSE(user);
  EXPECT_EQ(user.error().message(), ".user: expected binary, found integer");
}

TEST(Member, OneThatIsMissingHasItsFirstValue) {
  const auto made = unhex("68 02 77 05 6d69786564 6a");
  EXPECT_FALSE(detail::decode_member<&mixed::last>(made));
  EXPECT_EQ(detail::decode_member<&mixed::last>(made, {.missing_fields = true}), 7);
}

}  // namespace
}  // namespace shelf::testing
