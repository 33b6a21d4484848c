// API  [api] -> table -> journal -> file
// shelf::term among the types that can be stored.
#include "api/codec_support.hpp"
#include "shelf/term.hpp"

namespace shelf::testing {
namespace {

struct event {
  int number = 0;
  term payload;
  bool operator==(const event&) const = default;
};

TEST(TermCodec, ATermIsStoredAsItself) {
  expect_bytes(term::integer(5), "61 05");
  expect_bytes(term::tuple({term::integer(1), term::binary("a")}), "68 02 6101 6d0000000161");
  expect_bytes(std::vector<term>{term::integer(1), term::integer(2)}, "6b 0002 0102");
  expect_bytes(event{1, term::nil()}, "68 03 77 05 6576656e74 6101 6a");
  EXPECT_EQ(detail::schema_of<event>(), "event{number: integer, payload: any}");
}

TEST(TermCodec, ATermInAnotherFormIsRefused) {
  EXPECT_FALSE(detail::check<term>(unhex("62 00000005")));
  EXPECT_FALSE(detail::decode<term>(unhex("62 00000005")));
  EXPECT_FALSE(detail::check<term>(unhex("6c 00000001 6101 6a")));
  EXPECT_FALSE(detail::check<event>(unhex("68 03 77 05 6576656e74 6101 6d 00000005 61")));
}

TEST(TermCodec, ALoneNegativeZeroIsZeroAsAKey) {
  const term zero = *term::floating(-0.0);
  EXPECT_EQ(encoded(zero, detail::purpose::key), encoded(0.0));
  EXPECT_EQ(encoded(zero), encoded(-0.0));
}

TEST(TermCodec, ATermCountsWithItsOwnNesting) {
  term deep = term::nil();
  for (int i = 0; i < 256; ++i) deep = term::tuple({deep});
  EXPECT_FALSE(encoded(deep).empty());
  EXPECT_EQ(encoding_failure(std::vector{deep}), errc::size_limit_exceeded);
}

TEST(TermCodec, EveryTermOfOneMapOrSetIsItsOwnKey) {
  const std::map<term, int> numbers{{term::integer(1), 1}, {term::integer(2), 2}};
  expect_bytes(numbers, "74 00000002 6101 6101 6102 6102");
}

}  // namespace
}  // namespace shelf::testing
