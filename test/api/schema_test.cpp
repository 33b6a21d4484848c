// API  [api] -> table -> journal -> file
// Schema texts, and the difference between two of them as a sentence.
#include "api/codec_support.hpp"
#include "codec/schema_tree.hpp"

#include <array>
#include <chrono>
#include <random>
#include <set>

namespace shelf::testing {
namespace {

using detail::compare_schema;
using detail::schema_of;

TEST(Schema, EachTypeHasItsText) {
  using namespace std::chrono;
  EXPECT_EQ(schema_of<std::uint8_t>(), "integer");
  EXPECT_EQ(schema_of<bool>(), "boolean");
  EXPECT_EQ(schema_of<float>(), "float");
  EXPECT_EQ(schema_of<std::string>(), "binary");
  EXPECT_EQ((schema_of<std::array<char, 16>>()), "binary(16)");
  EXPECT_EQ(schema_of<std::vector<int>>(), "list(integer)");
  EXPECT_EQ(schema_of<std::set<int>>(), "set(integer)");
  EXPECT_EQ((schema_of<std::map<std::string, bool>>()), "map(binary, boolean)");
  EXPECT_EQ((schema_of<std::pair<int, double>>()), "{integer, float}");
  EXPECT_EQ(schema_of<std::tuple<>>(), "{}");
  EXPECT_EQ((schema_of<std::array<int, 3>>()), "array(integer, 3)");
  EXPECT_EQ(schema_of<std::optional<int>>(), "optional(integer)");
  EXPECT_EQ((schema_of<std::variant<std::monostate, int>>()), "one_of(nil, integer)");
  EXPECT_EQ(schema_of<level>(), "integer");
  EXPECT_EQ(schema_of<color>(), "atom(red, green)");
  EXPECT_EQ(schema_of<milliseconds>(), "integer(milliseconds)");
  EXPECT_EQ(schema_of<days>(), "integer(days)");
  EXPECT_EQ((schema_of<duration<int, std::ratio<1, 30>>>()), "integer(1/30 seconds)");
  EXPECT_EQ(schema_of<sys_seconds>(), "integer(nanoseconds since 1970)");
  EXPECT_EQ(schema_of<session>(), "session{user: binary, expires_at: integer}");
  EXPECT_EQ(schema_of<nothing_in_it>(), "nothing_in_it{}");
  EXPECT_EQ(schema_of<tree>(), "tree{number: integer, children: list(tree{...})}");
  EXPECT_EQ(schema_of<UserProfile>(),
            "user_profile{name: binary, age: optional(integer), sessions: list(session{user: "
            "binary, expires_at: integer}), scores: map(binary, float)}");
}

void expect_difference(std::string_view stored, std::string_view wanted, std::string_view sentence,
                       detail::schema_rules rules = {}) {
  const result<> same = compare_schema(stored, wanted, rules);
  ASSERT_FALSE(same);
  EXPECT_EQ(same.error(), errc::type_mismatch);
  EXPECT_EQ(same.error().message(), sentence);
}

TEST(Schema, EveryTextFitsItself) {
  for (const std::string& text :
       {schema_of<UserProfile>(), schema_of<tree>(), schema_of<std::chrono::sys_seconds>(),
        schema_of<std::vector<color>>(), schema_of<std::variant<int, nothing_in_it>>(),
        schema_of<std::array<std::pair<int, std::array<char, 2>>, 4>>()}) {
    EXPECT_TRUE(compare_schema(text, text));
    // A text that has to be read, because it is not the same.
    EXPECT_TRUE(compare_schema("{" + text + ", integer}", "{" + text + ", any}"));
  }
}

TEST(Schema, ADifferenceNamesTheField) {
  expect_difference("session{user: binary, expires_at: integer}",
                    "session{user: binary, expires_at: float}",
                    "field expires_at: the file holds integer, the program wants float");
  expect_difference("a{b: list(c{d: {integer, binary}})}", "a{b: list(c{d: {integer, float}})}",
                    "field b.d: the file holds binary, the program wants float");
  expect_difference("binary", "integer", "the file holds binary, the program wants integer");
  expect_difference("integer(seconds)", "integer(milliseconds)",
                    "the file holds integer(seconds), the program wants integer(milliseconds)");
  expect_difference("binary(16)", "binary(20)",
                    "the file holds binary(16), the program wants binary(20)");
  expect_difference("array(integer, 2)", "array(integer, 3)",
                    "the file holds array(integer, 2), the program wants array(integer, 3)");
  expect_difference("user{a: integer}", "session{a: integer}",
                    "the file holds record user, the program wants record session");
  expect_difference("optional(integer)", "integer",
                    "the file holds optional(integer), the program wants integer");
  expect_difference("named(ipv4, integer)", "named(port, integer)",
                    "the file holds named(ipv4, integer), the program wants named(port, integer)");
}

TEST(Schema, FieldsAreFoundByNameAndPlace) {
  expect_difference("a{x: integer, y: integer}", "a{y: integer, x: integer}",
                    "field y: the file holds x in its place");
  EXPECT_TRUE(compare_schema("a{x: integer}", "a{y: integer}", {.renamed_fields = true}));
  expect_difference("a{x: integer}", "a{y: float}",
                    "field y: the file holds integer, the program wants float",
                    {.renamed_fields = true});
}

TEST(Schema, NewLastFieldsAreAllowedOnRequestOnly) {
  const std::string_view old = "a{x: integer}";
  const std::string_view later = "a{x: integer, y: list(integer)}";
  expect_difference(old, later, "field y: the program wants it, the file does not hold it");
  EXPECT_TRUE(compare_schema(old, later, {.missing_fields = true}));
  EXPECT_TRUE(compare_schema("a{}", later, {.missing_fields = true}));
  EXPECT_TRUE(compare_schema("list(a{x: integer})", "list(a{x: integer, y: float})",
                             {.missing_fields = true}));
  expect_difference(later, old, "field y: the file holds it, the program does not know it",
                    {.missing_fields = true});
}

TEST(Schema, MoreNamesAndMoreAlternativesAreAllowed) {
  EXPECT_TRUE(compare_schema("atom(red, green)", "atom(blue, green, red)"));
  expect_difference("atom(red, green)", "atom(red)",
                    "the file holds atom(red, green), the program wants atom(red)");
  EXPECT_TRUE(compare_schema("integer", "one_of(binary, integer)"));
  EXPECT_TRUE(compare_schema("one_of(integer, nil)", "one_of(nil, binary, integer)"));
  expect_difference("one_of(integer, nil)", "one_of(nil, binary)",
                    "the file holds integer, the program wants one_of(nil, binary)");
  expect_difference("one_of(a{x: integer}, nil)", "one_of(nil, a{x: float})",
                    "field x: the file holds integer, the program wants float");
  EXPECT_TRUE(compare_schema("map(binary, session{user: binary})", "any"));
}

TEST(Schema, ATextThatIsNoneIsCorruptAndNeverACrash) {
  for (const std::string_view text :
       {"", "a{", "a{x}", "list(", "list(integer", "{integer,integer}", "a{x: integer} ", "'a",
        "integer(", "array(integer)", "atom()"}) {
    const result<> same = compare_schema(text, "integer");
    ASSERT_FALSE(same) << text;
    EXPECT_EQ(same.error(), errc::corrupt) << text;
  }
  EXPECT_EQ(compare_schema("{integer,integer}", "integer").error().message(),
            "the file's schema is malformed at byte 8");
  std::mt19937 random(3);
  const std::string whole = schema_of<UserProfile>() + schema_of<color>();
  for (int round = 0; round < 5000; ++round) {
    std::string damaged = whole.substr(0, random() % whole.size());
    for (int i = 0; i < 3 && !damaged.empty(); ++i) {
      damaged[random() % damaged.size()] = whole[random() % whole.size()];
    }
    static_cast<void>(compare_schema(damaged, whole.substr(0, schema_of<UserProfile>().size())));
  }
}

TEST(Schema, ATextBeyondALimitIsRefusedWithTheLimit) {
  const auto list_of = [](std::size_t count) {
    std::string s = "{any";
    for (std::size_t i = 1; i < count; ++i) s += ", any";
    return s + "}";
  };
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '{') +
           std::string(static_cast<std::size_t>(depth), '}');
  };
  using namespace detail;
  EXPECT_TRUE(compare_schema(list_of(most_schema_members - 1), "any"));
  EXPECT_TRUE(compare_schema(nested(most_schema_depth + 1), "any"));
  const std::pair<std::string, std::size_t> beyond[] = {
      {list_of(most_schema_members), most_schema_members},
      {"atom(a" + std::string(most_schema_bytes, 'a') + ")", most_schema_bytes},
      {nested(most_schema_depth + 2), most_schema_depth},
      {std::string(100'000, '{'), most_schema_depth},
  };
  for (const auto& [text, limit] : beyond) {
    const result<> same = compare_schema(text, "any");
    ASSERT_FALSE(same);
    EXPECT_EQ(same.error(), errc::size_limit_exceeded);
    EXPECT_NE(same.error().message().find("the limit is " + std::to_string(limit)),
              std::string::npos)
        << same.error();
  }
  std::string names = "x{a0: any";
  for (std::size_t i = 1; i < most_schema_members; ++i)
    names += ", a" + std::to_string(i) + ": any";
  EXPECT_EQ(compare_schema(names + "}", "any").error(), errc::size_limit_exceeded);
}

TEST(Schema, SchemasThatMultiplyAreGivenUp) {
  std::string stored = "binary";
  std::string wanted = "float";
  for (int i = 0; i < 25; ++i) {
    stored = "list(" + stored + ")";
    wanted = "one_of(list(" + wanted + "), list(" + wanted + "))";
    if (wanted.size() > 50'000) break;
  }
  EXPECT_EQ(compare_schema(stored, wanted).error(), errc::type_mismatch);
}

}  // namespace
}  // namespace shelf::testing
