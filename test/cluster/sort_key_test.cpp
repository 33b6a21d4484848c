// TEST  cluster
// Sort keys against OTP's verdicts, and against our own order of random terms.
#include "cluster/sort_key.hpp"

#include "budget.hpp"
#include "term/order.hpp"
#include "term/random_term.hpp"
#include "term/vectors.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

namespace shelf::test {
namespace {

using cluster::sort_key;

buffer without_version(const std::string& hex) { return from_hex(std::string_view(hex).substr(2)); }

int order_of_bytes(const buffer& a, const buffer& b) {
  const auto order = std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

int order_of_terms(bytes a, bytes b) {
  const auto order = terms::compare(a, b);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

std::optional<buffer> key_of(bytes term) {
  auto key = sort_key(term);
  if (key) return std::move(*key);
  EXPECT_EQ(key.error(), errc::invalid_argument);
  return std::nullopt;
}

buffer key_of(const term& t) { return or_throw(sort_key(t.encoded())); }

TEST(SortKey, KeysOfEveryPairOfVectorsOrderAsOtpOrdersTheTerms) {
  std::size_t compared = 0;
  for (const auto& row : read_rows("order.tsv")) {
    const auto a = key_of(without_version(row.at(0)));
    const auto b = key_of(without_version(row.at(1)));
    if (!a || !b) continue;
    EXPECT_EQ(order_of_bytes(*a, *b), std::stoi(row.at(2))) << row[0] << " " << row[1];
    ++compared;
  }
  EXPECT_GT(compared, 2000u);
}

TEST(SortKey, KeysOfRandomTermsOrderAsTheTerms) {
  random_terms random(18);
  struct keyed {
    buffer term;
    buffer key;
  };
  std::vector<keyed> all;
  const auto wanted = budgeted(1000);
  while (all.size() < wanted) {
    const auto t = random.any(3);
    if (auto key = key_of(t.encoded())) all.push_back({bytes_of(t), std::move(*key)});
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < all.size(); j += 1 + i % 3) {
      ASSERT_EQ(order_of_bytes(all[i].key, all[j].key), order_of_terms(all[i].term, all[j].term))
          << to_hex(all[i].term) << " " << to_hex(all[j].term);
    }
  }
}

TEST(SortKey, NumbersThatAreNextToEachOtherKeepTheirOrder) {
  std::vector<term> rising;
  for (const auto* text :
       {"-340282366920938463463374607431768211457", "-340282366920938463463374607431768211456",
        "-18446744073709551616", "-18446744073709551615", "-9223372036854775809", "-256", "-1", "0",
        "1", "255", "256", "9007199254740992", "9007199254740993", "18446744073709551615",
        "18446744073709551616", "340282366920938463463374607431768211455",
        "340282366920938463463374607431768211456"}) {
    rising.push_back(or_throw(term::integer_from_text(text)));
  }
  for (std::size_t i = 1; i < rising.size(); ++i) {
    EXPECT_LT(key_of(rising[i - 1]), key_of(rising[i])) << rising[i];
  }
  const auto real = [](double value) { return key_of(or_throw(term::floating(value))); };
  EXPECT_LT(real(-5e-324), real(0.0));
  EXPECT_LT(real(0.0), real(5e-324));
  EXPECT_LT(real(5e-324), real(1e-320));
  EXPECT_LT(real(0.99999999999999989), real(1.0));
  EXPECT_LT(key_of(term::integer(9007199254740991)), real(9007199254740992.0));
  EXPECT_LT(real(9007199254740992.0), key_of(term::integer(9007199254740993)));
}

TEST(SortKey, EquivalentNumbersHaveOneKey) {
  EXPECT_EQ(key_of(term::integer(1)), key_of(or_throw(term::floating(1.0))));
  EXPECT_EQ(key_of(term::integer(0)), key_of(or_throw(term::floating(-0.0))));
  EXPECT_EQ(key_of(term::integer(-256)), key_of(or_throw(term::floating(-256.0))));
}

TEST(SortKey, TextWithZerosIsBetweenItsNeighbors) {
  const auto text = [](std::string_view content) { return key_of(term::binary(content)); };
  using namespace std::string_view_literals;
  EXPECT_LT(text("a"sv), text("a\0"sv));
  EXPECT_LT(text("a\0"sv), text("a\0\0"sv));
  EXPECT_LT(text("a\0\xFF"sv), text("a\1"sv));
  EXPECT_LT(text("a\0z"sv), text("a\1"sv));
}

TEST(SortKey, WhatHasNoKeyIsRefusedByName) {
  const auto map = or_throw(term::map({{term::integer(1), term::integer(2)}}));
  const auto around = term::tuple({term::integer(1), term::list({map})});
  const auto refused = sort_key(around.encoded());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::invalid_argument);
  EXPECT_EQ(refused.error().message(),
            "a map cannot be part of a key of an ordered table of a cluster");
}

}  // namespace
}  // namespace shelf::test
