// TEST  term
// The public term: building, comparing, taking apart, reading and writing.
#include "shelf/term.hpp"

#include "random_term.hpp"
#include "vectors.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <unordered_set>

namespace shelf::test {
namespace {

using type = term::type;

TEST(Term, ADefaultTermIsTheEmptyList) {
  EXPECT_EQ(term(), term::nil());
  EXPECT_EQ(term().what(), type::nil);
  EXPECT_EQ(term().elements()->size(), 0u);
  EXPECT_EQ(term::list({}), term::nil());
}

TEST(Term, EveryIntegerComesBack) {
  for (const std::int64_t i :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{255}, std::int64_t{256},
        std::int64_t{1} << 31, -(std::int64_t{1} << 31), std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min()}) {
    const auto t = term::integer(i);
    EXPECT_EQ(t.what(), type::integer);
    EXPECT_EQ(t.as_integer(), i);
    EXPECT_EQ(t.as_unsigned(), i < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(i)));
    EXPECT_EQ(term::decode(t.encode())->as_integer(), i);
    EXPECT_EQ(*term::integer_from_text(std::to_string(i)), t);
  }
  const auto most = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(term::integer(most).as_unsigned(), most);
  EXPECT_EQ(term::integer(most).as_integer(), std::nullopt);
  EXPECT_EQ(term::integer_from_text("18446744073709551616")->as_unsigned(), std::nullopt);
  EXPECT_EQ(term::integer_from_text("9223372036854775808")->as_integer(), std::nullopt);
  EXPECT_EQ(term::integer_from_text("-9223372036854775809")->as_integer(), std::nullopt);
  EXPECT_EQ(term::integer('a').as_integer(), 97);
}

TEST(Term, BigIntegersAreReadFromTextAndBytes) {
  EXPECT_EQ(*term::integer_from_text("+007"), term::integer(7));
  EXPECT_EQ(*term::integer_from_text("-0"), term::integer(0));
  EXPECT_EQ(*term::integer_from_magnitude(term::sign::negative, from_hex("0500000000000000000000")),
            term::integer(-5));
  EXPECT_EQ(*term::integer_from_magnitude(term::sign::negative, {}), term::integer(0));
  for (const char* bad : {"", "-", "1.5", "0x10", " 1", "1 ", "--1"}) {
    EXPECT_EQ(term::integer_from_text(bad).error(), errc::invalid_argument) << bad;
  }
  EXPECT_TRUE(term::integer_from_text(std::string(19000, '9')));
  EXPECT_EQ(term::integer_from_text(std::string(20000, '9')).error(), errc::size_limit_exceeded);
  EXPECT_EQ(term::integer_from_text(std::string(1000000, '9')).error(), errc::size_limit_exceeded);
  EXPECT_EQ(term::integer_from_magnitude(term::sign::positive, buffer(8193, std::byte{1})).error(),
            errc::size_limit_exceeded);
}

TEST(Term, FloatsComeBackAndNansAreRefused) {
  EXPECT_EQ(term::floating(1.5)->as_floating(), 1.5);
  EXPECT_EQ(term::floating(1.5)->what(), type::floating);
  EXPECT_EQ(term::integer(1).as_floating(), std::nullopt);
  EXPECT_EQ(term::floating(std::numeric_limits<double>::quiet_NaN()).error(),
            errc::invalid_argument);
  EXPECT_EQ(term::floating(std::numeric_limits<double>::infinity()).error(),
            errc::invalid_argument);
}

TEST(Term, AtomsAreUtf8OfAtMost255Characters) {
  EXPECT_EQ(term::atom("alice")->as_atom(), "alice");
  EXPECT_EQ(term::atom("alice")->what(), type::atom);
  std::string wide;
  for (int i = 0; i < 255; ++i) wide += "😀";
  EXPECT_EQ(term::atom(wide)->as_atom(), wide);
  EXPECT_EQ(term::atom(wide + "a").error(), errc::invalid_argument);
  EXPECT_EQ(term::atom("\xC3").error(), errc::invalid_argument);
  EXPECT_EQ(term::atom("\xED\xA0\x80").error(), errc::invalid_argument);
  EXPECT_EQ(term::boolean(true), *term::atom("true"));
  EXPECT_EQ(term::boolean(false).as_boolean(), false);
  EXPECT_EQ(term::atom("maybe")->as_boolean(), std::nullopt);
}

TEST(Term, BinariesAndBitstringsKeepTheirBits) {
  const auto b = term::binary("alice");
  EXPECT_EQ(b.what(), type::binary);
  EXPECT_EQ(as_text(*b.as_binary()), "alice");
  EXPECT_EQ(b.size(), 5u);
  const auto odd = term::bitstring(as_bytes("\xFF"), 3);
  EXPECT_EQ(odd->what(), type::bitstring);
  EXPECT_EQ(odd->as_binary(), std::nullopt);
  EXPECT_EQ(odd->to_string(), "<<7:3>>");
  EXPECT_EQ(*term::bitstring(as_bytes("ab"), 8), term::binary("ab"));
  EXPECT_EQ(*term::bitstring({}, 0), term::binary(""));
  EXPECT_EQ(term::bitstring({}, 8).error(), errc::invalid_argument);
  EXPECT_EQ(term::bitstring(as_bytes("a"), 0).error(), errc::invalid_argument);
  EXPECT_EQ(term::bitstring(as_bytes("a"), 9).error(), errc::invalid_argument);
}

TEST(Term, TuplesAndListsAreTakenApartAgain) {
  const std::vector<term> parts{term::integer(1), term::binary("two"), term::nil()};
  EXPECT_EQ(term::tuple(parts).elements(), parts);
  EXPECT_EQ(term::tuple(parts).what(), type::tuple);
  EXPECT_EQ(term::list(parts).elements(), parts);
  EXPECT_EQ(term::list(parts).what(), type::list);
  EXPECT_EQ(term::list(parts).tail(), term::nil());
  EXPECT_EQ(term::list(parts).size(), 3u);
  EXPECT_EQ(term::tuple(parts).tail(), std::nullopt);
  const std::vector<term> numbers{term::integer(1), term::integer(255)};
  EXPECT_EQ(term::list(numbers).elements(), numbers);
  EXPECT_EQ(term::list(numbers).size(), 2u);
  const auto improper = *term::from_encoded(from_hex("6c0000000161016102"));
  EXPECT_EQ(improper.elements(), std::vector{term::integer(1)});
  EXPECT_EQ(improper.tail(), term::integer(2));
  EXPECT_EQ(term::integer(1).elements(), std::nullopt);
  const std::vector<term> many(300, term::nil());
  EXPECT_EQ(term::tuple(many).elements(), many);
}

TEST(Term, LongListsOfBytesAreStillLists) {
  for (const std::size_t n : {65535u, 65536u}) {
    const std::vector<term> bytes_of_list(n, term::integer(7));
    const auto t = term::list(bytes_of_list);
    EXPECT_EQ(t.size(), n);
    EXPECT_EQ(t.elements(), bytes_of_list);
    EXPECT_EQ(*term::decode(t.encode()), t);
  }
}

TEST(Term, MapsAreSortedAndRefuseAKeyTwice) {
  const auto m =
      *term::map({{term::binary("b"), term::integer(2)}, {term::binary("a"), term::integer(1)}});
  EXPECT_EQ(m, *term::map(
                   {{term::binary("a"), term::integer(1)}, {term::binary("b"), term::integer(2)}}));
  EXPECT_EQ(m.what(), type::map);
  EXPECT_EQ(m.size(), 2u);
  ASSERT_TRUE(m.pairs());
  EXPECT_EQ(m.pairs()->front().first, term::binary("a"));
  EXPECT_EQ(m.pairs()->back().second, term::integer(2));
  EXPECT_EQ(term::nil().pairs(), std::nullopt);
  EXPECT_EQ(term::map({{term::nil(), {}}, {term::nil(), {}}}).error(), errc::invalid_argument);
}

TEST(Term, EqualityIsExactAndOrderIsErlangs) {
  EXPECT_NE(term::integer(1), *term::floating(1));
  EXPECT_TRUE(is_eq(term::integer(1) <=> *term::floating(1)));
  const std::set<term> sorted{term::binary("x"),    term::list({term::nil()}), term::nil(),
                              *term::map({}),       term::tuple({}),           *term::atom("a"),
                              *term::floating(0.5), term::integer(0)};
  std::string text;
  for (const auto& t : sorted) text += t.to_string() + " ";
  EXPECT_EQ(text, "0 0.5 a {} #{} [] [[]] <<\"x\">> ");
}

TEST(Term, EqualTermsHaveEqualHashes) {
  random_terms random(9);
  std::unordered_set<term> seen;
  std::set<std::string> expected;
  for (int i = 0; i < 5000; ++i) {
    const auto t = random.any(2);
    seen.insert(t);
    expected.emplace(as_text(t.encoded()));
    EXPECT_TRUE(seen.contains(*term::decode(t.encode())));
  }
  EXPECT_EQ(seen.size(), expected.size());
}

TEST(Term, EveryVectorIsDecodedAndEncodedCanonically) {
  for (const auto& e : encodings()) {
    const auto t = term::decode(bytes(e.input).first(e.ok ? e.consumed : e.input.size()));
    EXPECT_EQ(t.has_value(), e.ok) << e.label;
    if (t) {
      EXPECT_EQ(to_hex(t->encode()), to_hex(e.canonical)) << e.label;
    }
  }
}

TEST(Term, ATermTakenApartCanBePutTogether) {
  random_terms random(10);
  for (int i = 0; i < 5000; ++i) {
    const auto t = random.any(3);
    if (t.what() == type::tuple) {
      EXPECT_EQ(term::tuple(*t.elements()), t);
    }
    if (t.what() == type::map) {
      EXPECT_EQ(*term::map(*t.pairs()), t);
    }
    if (t.what() == type::list && t.tail() == term::nil()) {
      EXPECT_EQ(term::list(*t.elements()), t);
    }
  }
}

TEST(Term, DecodingRefusesWhatIsNotOneTerm) {
  EXPECT_EQ(term::decode({}).error(), errc::corrupt);
  EXPECT_EQ(term::decode(from_hex("6101")).error(), errc::corrupt);
  EXPECT_EQ(term::decode(from_hex("83610100")).error(), errc::corrupt);
  EXPECT_EQ(term::decode(from_hex("83")).error(), errc::corrupt);
}

TEST(Term, BuildingTooDeepThrowsAndChangesNothing) {
  auto t = term::nil();
  for (int depth = 0; depth < 256; ++depth) t = term::tuple({t});
  EXPECT_TRUE(term::decode(t.encode()));
  const auto before = t;
  EXPECT_THROW(t = term::tuple({t}), exception);
  EXPECT_THROW(t = term::list({t}), exception);
  EXPECT_EQ(term::map({{t, t}}).error(), errc::size_limit_exceeded);
  EXPECT_EQ(t, before);
}

TEST(Term, PrintsItselfIntoAStream) {
  std::ostringstream out;
  out << term::tuple({*term::atom("ok"), term::integer(1)});
  EXPECT_EQ(out.str(), "{ok,1}");
}

TEST(Term, TypesStandInTermOrder) {
  random_terms random(11);
  for (int i = 0; i < 5000; ++i) {
    const auto a = random.any(2);
    const auto b = random.any(2);
    const auto number = [](const term& t) {
      return t.what() == type::integer  ? type::floating
             : t.what() == type::binary ? type::bitstring
                                        : t.what();
    };
    if (number(a) < number(b)) {
      EXPECT_LT(a, b);
    }
  }
}

}  // namespace
}  // namespace shelf::test
