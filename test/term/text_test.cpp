// TEST  term
// Erlang text of terms.
#include "term/text.hpp"

#include "random_term.hpp"
#include "vectors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace shelf::test {
namespace {

using terms::to_text;

std::string text_of(const char* hex) { return to_text(from_hex(hex)); }

TEST(Text, ContainersPrintAsErlangSource) {
  const auto user = *term::atom("user");
  EXPECT_EQ(term::tuple({user, term::binary("alice"), term::integer(42)}).to_string(),
            "{user,<<\"alice\">>,42}");
  EXPECT_EQ(term::tuple({}).to_string(), "{}");
  EXPECT_EQ(term::nil().to_string(), "[]");
  EXPECT_EQ(term::list({user, term::nil(), term::list({user})}).to_string(), "[user,[],[user]]");
  EXPECT_EQ(term::map({{user, term::integer(1)}, {term::integer(-1), {}}})->to_string(),
            "#{-1 => [],user => 1}");
  EXPECT_EQ(term::map({})->to_string(), "#{}");
  EXPECT_EQ(text_of("6c0000000161016102"), "[1|2]");
  EXPECT_EQ(text_of("6c0000000261016802616161626103"), "[1,{97,98}|3]");
}

TEST(Text, AtomsAreQuotedOnlyWhereErlangDemandsIt) {
  const auto text = [](const char* name) { return term::atom(name)->to_string(); };
  EXPECT_EQ(text("ok"), "ok");
  EXPECT_EQ(text("a_B9@c"), "a_B9@c");
  EXPECT_EQ(text("grün"), "grün");
  EXPECT_EQ(text(""), "''");
  EXPECT_EQ(text("Elixir.Foo"), "'Elixir.Foo'");
  EXPECT_EQ(text("and"), "'and'");
  EXPECT_EQ(text("9"), "'9'");
  EXPECT_EQ(text("_x"), "'_x'");
  EXPECT_EQ(text("π"), "'π'");
  EXPECT_EQ(text("it's\\\n\x01"), "'it\\'s\\\\\\n\\001'");
  EXPECT_EQ(text_of("640001e5"), "å");
}

TEST(Text, BinariesShowTextAsTextAndTheRestAsNumbers) {
  EXPECT_EQ(term::binary("").to_string(), "<<>>");
  EXPECT_EQ(term::binary("a\"b\n").to_string(), "<<\"a\\\"b\\n\">>");
  EXPECT_EQ(term::binary("grün").to_string(), "<<\"grün\"/utf8>>");
  EXPECT_EQ(term::binary("\xff\x01").to_string(), "<<255,1>>");
  EXPECT_EQ(term::binary(std::string_view("a\0", 2)).to_string(), "<<97,0>>");
  EXPECT_EQ(text_of("4d0000000103a0"), "<<5:3>>");
  EXPECT_EQ(text_of("4d000000020161"
                    "80"),
            "<<97,1:1>>");
}

TEST(Text, ListsOfPrintableLatin1AreStrings) {
  EXPECT_EQ(text_of("6b0003616263"), "\"abc\"");
  EXPECT_EQ(text_of("6b0002e522"), "\"å\\\"\"");
  EXPECT_EQ(text_of("6b00020102"), "[1,2]");
  EXPECT_EQ(text_of("6b0002617f"), "[97,127]");
  EXPECT_EQ(text_of("6b0003090a1b"), "\"\\t\\n\\e\"");
}

TEST(Text, FloatsAreTheShortestThatReadBack) {
  const auto text = [](double d) { return term::floating(d)->to_string(); };
  EXPECT_EQ(text(0.0), "0.0");
  EXPECT_EQ(text(-0.0), "-0.0");
  EXPECT_EQ(text(1.0), "1.0");
  EXPECT_EQ(text(100.0), "100.0");
  EXPECT_EQ(text(1000.0), "1.0e3");
  EXPECT_EQ(text(123456.0), "123456.0");
  EXPECT_EQ(text(0.1), "0.1");
  EXPECT_EQ(text(0.001), "0.001");
  EXPECT_EQ(text(0.0001), "0.0001");
  EXPECT_EQ(text(0.00012), "1.2e-4");
  EXPECT_EQ(text(12000.0), "1.2e4");
  EXPECT_EQ(text(-3.141592653589793), "-3.141592653589793");
  EXPECT_EQ(text(1e22), "1.0e22");
  EXPECT_EQ(text(9007199254740992.0), "9.007199254740992e15");
  EXPECT_EQ(text(5e-324), "5.0e-324");
  EXPECT_EQ(text(1.7976931348623157e308), "1.7976931348623157e308");
}

TEST(Text, IntegersArePrintedExactly) {
  EXPECT_EQ(term::integer(std::numeric_limits<std::int64_t>::min()).to_string(),
            "-9223372036854775808");
  EXPECT_EQ(term::integer(std::numeric_limits<std::uint64_t>::max()).to_string(),
            "18446744073709551615");
  const std::string digits = "123456789012345678901234567890000000000000000000000";
  EXPECT_EQ(term::integer_from_text(digits)->to_string(), digits);
  EXPECT_EQ(term::integer_from_text(std::string("-").append(digits))->to_string(),
            std::string("-").append(digits));
}

TEST(Text, HugeIntegersArePrintedInHexadecimal) {
  buffer magnitude(257);
  magnitude[0] = std::byte{0xAB};
  magnitude[256] = std::byte{0x0C};
  EXPECT_EQ(term::integer_from_magnitude(term::sign::negative, magnitude)->to_string(),
            std::string("-16#C").append(510, '0').append("AB"));
}

TEST(Text, WhatHasNoSourceFormNamesItsParts) {
  EXPECT_EQ(text_of("5877036e4068000000010000000200000003"), "#Pid<n@h.1.2>");
  EXPECT_EQ(text_of("5977036e40680000000100000002"), "#Port<n@h.1>");
  EXPECT_EQ(text_of("7877036e406800000123456789ab00000002"), "#Port<n@h.1250999896491>");
  EXPECT_EQ(text_of("5a000377036e406800000003000000040000000500000006"), "#Ref<n@h.6.5.4>");
  EXPECT_EQ(text_of("6577036e40680000000403"), "#Ref<n@h.4>");
  EXPECT_EQ(text_of("7177056c6973747377036d61706102"), "fun lists:map/2");
  EXPECT_EQ(
      text_of("70000000440200000000000000000000000000000001000000090000000277056d796d6f6461046"
              "200012fd15877036e40680000000500000006000000077701616b000178"),
      "#Fun<mymod.4.77777,a,\"x\">");
}

TEST(Text, TheLimitCutsBetweenCharacters) {
  const auto t = term::tuple({term::binary("alice"), *term::atom("grün")});
  EXPECT_EQ(t.to_string(), "{<<\"alice\">>,grün}");
  EXPECT_EQ(t.to_string(19), "{<<\"alice\">>,grün}");
  EXPECT_EQ(t.to_string(18), "{<<\"alice\">>,gr...");
  EXPECT_EQ(t.to_string(10), "{<<\"ali...");
  EXPECT_EQ(t.to_string(2), "..");
  EXPECT_EQ(t.to_string(0), "");
  const auto wide = term::binary("åååååååååååååååååååååååå");
  for (std::size_t limit = 8; limit < 40; ++limit) {
    const auto cut = wide.to_string(limit);
    EXPECT_LE(cut.size(), limit);
    EXPECT_THAT(cut, testing::EndsWith("..."));
    EXPECT_TRUE(term::atom(cut)) << "not UTF-8: " << cut;
    EXPECT_THAT(cut, testing::StartsWith("<<\"å")) << limit;
  }
}

TEST(Text, NoCutIsLongerThanItsLimitAndAllBeginAlike) {
  random_terms random(8);
  for (int i = 0; i < 3000; ++i) {
    const auto t = random.any(3);
    const auto whole = t.to_string();
    const auto limit = random.below(60);
    const auto cut = t.to_string(limit);
    EXPECT_LE(cut.size(), limit) << whole;
    if (whole.size() <= limit) {
      EXPECT_EQ(cut, whole);
    }
  }
}

TEST(Text, DamageShowsAsDots) {
  EXPECT_EQ(text_of(""), "...");
  EXPECT_EQ(text_of("6803610101"), "{1...");
  EXPECT_EQ(text_of("68036101"), "...");
  for (const auto& e : encodings()) {
    for (std::size_t bit = 0; bit < e.input.size() * 8; ++bit) {
      auto flipped = buffer(e.input.begin(), e.input.end());
      flipped[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
      EXPECT_LE(to_text(bytes(flipped).subspan(1), 64).size(), 64u) << e.label;
    }
  }
}

}  // namespace
}  // namespace shelf::test
