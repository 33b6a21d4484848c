// TEST  api
// C++ values as terms and back, outside of a table.
#include "shelf/convert.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace shelf {
namespace {

struct account {
  std::string owner;
  std::int64_t cents = 0;
  bool operator==(const account&) const = default;
};

TEST(Convert, AStructIsARecordAndComesBack) {
  const account a{"alice", 42};
  const auto t = to_term(a);
  ASSERT_TRUE(t);
  EXPECT_EQ(t->to_string(), "{account,<<\"alice\">>,42}");
  EXPECT_EQ(from_term<account>(*t), a);
  EXPECT_EQ(from_term<term>(*t), *t);
}

TEST(Convert, APairIsATupleOfTwo) {
  const auto t = to_term(std::pair(std::string("k"), std::vector<int>{1, 300}));
  ASSERT_TRUE(t);
  EXPECT_EQ(t->to_string(), "{<<\"k\">>,[1,300]}");
  EXPECT_EQ((from_term<std::pair<std::string, std::vector<int>>>(*t)),
            (std::pair(std::string("k"), std::vector<int>{1, 300})));
}

TEST(Convert, ATermOfAnotherTypeIsRefusedWithThePlaceNamed) {
  const auto t = term::tuple({*term::atom("account"), term::binary("alice"), term::binary("42")});
  const auto refused = from_term<account>(t);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::type_mismatch);
  EXPECT_NE(refused.error().message().find("cents"), std::string::npos) << refused.error();
  EXPECT_EQ(from_term<std::int8_t>(term::integer(1000)).error(), errc::type_mismatch);
}

TEST(Convert, WhatNoTableStoresIsRefused) {
  EXPECT_EQ(to_term(std::numeric_limits<double>::quiet_NaN()).error(), errc::invalid_argument);
  EXPECT_EQ(to_term(std::vector{1.0, HUGE_VAL}).error(), errc::invalid_argument);
}

}  // namespace
}  // namespace shelf
