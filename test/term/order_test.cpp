// TEST  term
// Term order, exact equality and order prefixes, against OTP's verdicts and the laws of an order.
#include "term/order.hpp"

#include "random_term.hpp"
#include "term/limits.hpp"
#include "vectors.hpp"

#include <gtest/gtest.h>

namespace shelf::test {
namespace {

using terms::compare;
using terms::compare_exact;
using terms::order_prefix;
using terms::same;

int sign_of(std::weak_ordering o) { return o < 0 ? -1 : o > 0 ? 1 : 0; }

buffer without_version(const std::string& hex) { return from_hex(std::string_view(hex).substr(2)); }

struct judged {
  buffer a;
  buffer b;
  int order;
  bool equal;
  std::string line;
};

std::vector<judged> judgements() {
  std::vector<judged> all;
  for (const auto& row : read_rows("order.tsv")) {
    all.push_back({without_version(row.at(0)), without_version(row.at(1)), std::stoi(row.at(2)),
                   row.at(3) == "1", row[0] + " " + row[1]});
  }
  return all;
}

TEST(Order, EveryPairOfVectorsComparesAsInOtp) {
  for (const auto& j : judgements()) {
    EXPECT_EQ(sign_of(compare(j.a, j.b)), j.order) << j.line;
    EXPECT_EQ(sign_of(compare(j.b, j.a)), -j.order) << j.line;
  }
}

TEST(Order, EveryPairOfVectorsIsEqualAsInOtp) {
  for (const auto& j : judgements()) {
    EXPECT_EQ(same(j.a, j.b), j.equal) << j.line;
    EXPECT_EQ(compare_exact(j.a, j.b) == 0, j.equal) << j.line;
  }
}

TEST(Order, APrefixNeverContradictsTheOrderOfTheVectors) {
  for (const auto& j : judgements()) {
    const auto a = order_prefix(j.a);
    const auto b = order_prefix(j.b);
    EXPECT_TRUE(j.order < 0 ? a <= b : j.order > 0 ? a >= b : a == b) << j.line;
  }
}

TEST(Order, APrefixNeverContradictsTheOrderOfRandomTerms) {
  random_terms random(3);
  for (int i = 0; i < 50000; ++i) {
    const auto a = random.any(3);
    const auto b = random.any(3);
    const auto prefix_a = order_prefix(a.encoded());
    const auto prefix_b = order_prefix(b.encoded());
    if (prefix_a != prefix_b) {
      ASSERT_EQ(prefix_a < prefix_b, a < b) << a << " " << b;
    }
    if (is_eq(a <=> b)) {
      ASSERT_EQ(prefix_a, prefix_b) << a << " " << b;
    }
  }
}

TEST(Order, PrefixesTellCommonKeysApart) {
  const auto prefix = [](const term& t) { return order_prefix(t.encoded()); };
  const auto integer = [&](std::int64_t i) { return prefix(term::integer(i)); };
  for (const std::int64_t i : {-70000, -1, 0, 1, 255, 256, 1 << 30})
    EXPECT_LT(integer(i), integer(i + 1)) << i;
  EXPECT_LT(integer((std::int64_t{1} << 51) - 1), integer(std::int64_t{1} << 51));
  EXPECT_LT(prefix(*term::floating(0.1)), prefix(*term::floating(0.1000000000001)));
  EXPECT_LT(prefix(term::binary("alice")), prefix(term::binary("alicf")));
  EXPECT_LT(prefix(term::binary("1234567")), prefix(term::binary("1234568")));
  EXPECT_LT(prefix(*term::atom("alice")), prefix(*term::atom("alicf")));
  EXPECT_LT(prefix(term::tuple({term::integer(1), {}})),
            prefix(term::tuple({term::integer(2), {}})));
  EXPECT_LT(prefix(term::tuple({term::binary("a")})), prefix(term::tuple({term::binary("b")})));
  EXPECT_LT(prefix(term::list({term::integer(1)})), prefix(term::list({term::integer(2)})));
}

// The mode in which equivalence is equality, and the one in which it is not.
template <class Compare>
void expect_strict_weak_order(Compare order, std::uint64_t seed) {
  random_terms random(seed);
  for (int i = 0; i < 30000; ++i) {
    const auto x = random.any(3);
    const auto y = random.any(3);
    const auto z = random.any(3);
    const auto a = x.encoded();
    const auto b = y.encoded();
    const auto c = z.encoded();
    ASSERT_EQ(sign_of(order(a, a)), 0) << x;
    ASSERT_EQ(sign_of(order(a, b)), -sign_of(order(b, a))) << x << " " << y;
    if (order(a, b) <= 0 && order(b, c) <= 0) {
      ASSERT_LE(sign_of(order(a, c)), 0) << x << " " << y << " " << z;
    }
    if (order(a, b) == 0 && order(b, c) == 0) {
      ASSERT_EQ(sign_of(order(a, c)), 0) << x << y << z;
    }
    if (order(a, b) == 0) {
      ASSERT_EQ(order(a, c) == 0, order(b, c) == 0) << x << y << z;
    }
  }
}

TEST(Order, TermOrderIsAStrictWeakOrder) { expect_strict_weak_order(compare, 4); }
TEST(Order, MapKeyOrderIsAStrictWeakOrder) { expect_strict_weak_order(compare_exact, 5); }

TEST(Order, EqualBytesAreTheSameAndTheSameIsEquivalent) {
  random_terms random(6);
  for (int i = 0; i < 50000; ++i) {
    const auto a = random.any(2);
    const auto b = random.any(2);
    if (a == b) {
      EXPECT_TRUE(same(a.encoded(), b.encoded()));
    }
    if (same(a.encoded(), b.encoded())) {
      EXPECT_TRUE(is_eq(a <=> b)) << a << " " << b;
    }
  }
}

term big(const std::string& text) { return *term::integer_from_text(text); }

TEST(Order, IntegersAndFloatsCompareByTheirExactValues) {
  const auto number = [](double d) { return *term::floating(d); };
  EXPECT_LT(number(9007199254740992.0), big("9007199254740993"));
  EXPECT_GT(number(9007199254740994.0), big("9007199254740993"));
  EXPECT_TRUE(is_eq(big("18446744073709551616") <=> number(18446744073709551616.0)));
  EXPECT_LT(number(18446744073709551616.0), big("18446744073709551617"));
  EXPECT_GT(number(-18446744073709551616.0), big("-18446744073709551617"));
  EXPECT_GT(big(std::string("1").append(331, '0')), number(1.7976931348623157e308));
  EXPECT_LT(big(std::string("-1").append(331, '0')), number(-1.7976931348623157e308));
  EXPECT_LT(term::integer(0), number(5e-324));
  EXPECT_GT(term::integer(0), number(-5e-324));
  EXPECT_LT(number(0.99999), term::integer(1));
  EXPECT_GT(number(1.00001), term::integer(1));
  EXPECT_GT(number(255.5), term::integer(255));
  EXPECT_LT(number(255.5), term::integer(256));
  EXPECT_TRUE(is_eq(term::integer(1) <=> number(1)));
  EXPECT_NE(term::integer(1), number(1));
  EXPECT_TRUE(is_eq(number(0.0) <=> number(-0.0)));
  EXPECT_LT(big(std::string("-").append(300, '9')), big(std::string("-").append(299, '9')));
}

// number-by-number against a wide reference: x87 long double holds every int64 and double exactly.
TEST(Order, RandomSmallNumbersCompareAsLongDoublesDo) {
  static_assert(std::numeric_limits<long double>::digits >= 64 || sizeof(long double) == 16);
  random_terms random(7);
  for (int i = 0; i < 50000; ++i) {
    const auto a = random.below(2) == 0 ? random.integer() : random.floating();
    const auto b = random.below(2) == 0 ? random.integer() : random.floating();
    const auto wide = [](const term& t) {
      if (const auto f = t.as_floating()) return static_cast<long double>(*f);
      return static_cast<long double>(*t.as_integer());
    };
    const int expected = wide(a) < wide(b) ? -1 : wide(a) > wide(b) ? 1 : 0;
    ASSERT_EQ(sign_of(a <=> b), expected) << a << " " << b;
  }
}

TEST(Order, MapsCompareBySizeThenAllKeysThenValues) {
  const auto map = [](std::initializer_list<term::pair> pairs) { return *term::map(pairs); };
  const auto i = [](int n) { return term::integer(n); };
  const auto f = [](double d) { return *term::floating(d); };
  EXPECT_LT(map({{i(9), i(9)}}), map({{i(1), i(1)}, {i(2), i(2)}}));
  EXPECT_LT(map({{i(1), i(9)}, {i(2), i(0)}}), map({{i(1), i(0)}, {i(3), i(0)}}));
  EXPECT_LT(map({{i(1), i(0)}, {i(2), i(9)}}), map({{i(1), i(1)}, {i(2), i(0)}}));
  EXPECT_LT(map({{i(7), i(1)}}), map({{f(0.5), i(1)}}));
  EXPECT_LT(map({{i(1), i(1)}}), map({{f(1.0), i(1)}}));
  EXPECT_TRUE(is_eq(map({{i(0), i(1)}}) <=> map({{i(0), f(1.0)}})));
  // A difference in a value is passed over, with all that follows inside it, when a key differs
  // later.
  const auto deep = [&](int x) {
    return term::tuple({i(x), term::list({i(300), i(2)}), term::nil()});
  };
  EXPECT_GT(map({{i(1), map({{i(1), deep(1)}, {i(2), i(5)}})}, {i(3), i(0)}}),
            map({{i(1), map({{i(1), deep(2)}, {i(2), i(5)}})}, {i(2), i(0)}}));
}

TEST(Order, ListsCompareHeadByHeadAndByTheirTails) {
  const auto decoded = [](const char* hex) { return *term::from_encoded(from_hex(hex)); };
  EXPECT_LT(decoded("6c0000000161016102"), decoded("6b00020102"));  // [1|2] < [1,2]
  EXPECT_LT(term::nil(), term::list({term::integer(1)}));
  EXPECT_LT(term::list({term::integer(1)}), term::list({term::integer(1), term::integer(0)}));
  EXPECT_LT(term::list({term::integer(1)}), term::list({term::integer(1), term::integer(-1)}));
  EXPECT_LT(term::list({term::integer(1), term::integer(-1)}), term::list({term::integer(2)}));
  EXPECT_GT(decoded("6c0000000161016d00000000"),
            decoded("6b00020102"));  // a binary tail is after a list
}

TEST(Order, DeepTermsCompareWithoutHarm) {
  buffer a;
  for (std::size_t i = 0; i < terms::max_nesting; ++i) terms::put(a, from_hex("74000000016101"));
  auto b = a;
  a.push_back(std::byte{106});
  terms::put(b, from_hex("6101"));
  ASSERT_EQ(compare(b, a), std::weak_ordering::less);
  ASSERT_EQ(compare(a, a), std::weak_ordering::equivalent);
}

}  // namespace
}  // namespace shelf::test
