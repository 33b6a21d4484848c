// API  [api] -> table -> journal -> file
// Terms held against schemas: what fits, what does not, and where.
#include "codec/schema_check.hpp"

#include "shelf/codec.hpp"
#include "shelf/tag.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

namespace shelf::detail {
namespace {

enum class color { red, green };
struct nothing {};
struct leaf {
  std::string name;
  std::optional<std::int64_t> weight;
  std::vector<leaf> children;
};

}  // namespace
}  // namespace shelf::detail

template <>
inline constexpr auto shelf::enum_names<shelf::detail::color> = shelf::names<shelf::detail::color>(
    {{shelf::detail::color::red, "red"}, {shelf::detail::color::green, "green"}});

namespace shelf::detail {
namespace {

/// The sentence about the difference; empty if there is none.
[[nodiscard]] std::string difference(std::string_view schema, const term& t) {
  const auto tree = parse_schema(schema);
  if (!tree) return "no schema";
  const auto same = check_by_schema(*tree, t);
  return same ? std::string() : same.error().message();
}

template <class T>
[[nodiscard]] term as_term(const T& value) {
  encoder out;
  encode(out, value);
  EXPECT_FALSE(out.failed());
  return term::from_canonical(out.written());
}

/// A value of every type fits the schema that its type has.
template <class T>
void fits(const T& value) {
  EXPECT_EQ(difference(schema_of<T>(), as_term(value)), "") << schema_of<T>();
}

TEST(SchemaCheck, WhatATypeEncodesFitsTheSchemaOfThatType) {
  fits(true);
  fits(std::int64_t{-5});
  fits(~std::uint64_t{0});
  fits(2.5);
  fits(std::string("text"));
  fits(std::array<std::byte, 4>{});
  fits(std::vector<std::int64_t>{1, 2, 300});
  fits(std::vector<std::int64_t>{});
  fits(std::set<std::string>{"a", "b"});
  fits(std::map<std::string, std::int64_t>{{"a", 1}});
  fits(std::tuple<std::int64_t, std::string>{1, "a"});
  fits(std::array<std::int64_t, 3>{1, 2, 3});
  fits(std::optional<std::string>{});
  fits(std::optional<std::string>{"x"});
  fits(std::variant<std::monostate, std::int64_t>{std::int64_t{1}});
  fits(std::variant<std::monostate, std::int64_t>{});
  fits(color::green);
  fits(nothing{});
  fits(leaf{"root", 1, {leaf{"twig", {}, {}}}});
  fits(term::tuple({term::integer(1)}));
}

TEST(SchemaCheck, WhatDiffersIsNamedWithItsPath) {
  const auto user = [](term age) {
    return term::tuple({*term::atom("user"), term::binary("alice"), std::move(age)});
  };
  constexpr auto schema = "user{name: binary, age: integer}";
  EXPECT_EQ(difference(schema, user(term::integer(3))), "");
  EXPECT_EQ(difference(schema, user(term::binary("3"))), ".age: expected integer, found binary");
  EXPECT_EQ(difference(schema, term::integer(3)), "expected record 'user', found integer");
  EXPECT_EQ(difference(schema, term::tuple({*term::atom("user")})),
            "expected record 'user' of 2 fields, found 0 fields");
  EXPECT_EQ(difference("list(float)", term::list({*term::floating(1), term::integer(1)})),
            "[1]: expected float, found integer");
  EXPECT_EQ(difference("{integer, binary}", term::tuple({term::integer(1)})),
            "expected tuple of 2, found tuple of 1");
  EXPECT_EQ(difference("binary(2)", term::binary("abc")),
            "expected binary of 2 bytes, found binary of 3");
  EXPECT_EQ(difference("atom(a, b)", *term::atom("c")), "expected atom(a, b), found another atom");
  EXPECT_EQ(difference("set(integer)", term::list({term::integer(2), term::integer(1)})),
            "expected the elements of a set in order, found others");
  EXPECT_EQ(difference("one_of(nil, integer)", term::binary("")),
            "expected one_of(nil, integer), found binary");
  EXPECT_EQ(difference("optional(integer)", term::integer(1)),
            "expected {some, value} or none, found integer");
}

TEST(SchemaCheck, ARecordInsideItselfIsHeldAgainstTheWholeRecord) {
  constexpr auto schema = "tree{value: integer, children: list(tree{...})}";
  const auto tree = [](term value, std::vector<term> children) {
    return term::tuple({*term::atom("tree"), std::move(value), term::list(children)});
  };
  EXPECT_EQ(difference(schema, tree(term::integer(1), {tree(term::integer(2), {})})), "");
  EXPECT_EQ(difference(schema, tree(term::integer(1), {tree(term::binary("2"), {})})),
            ".children[0].value: expected integer, found binary");
}

TEST(TidySchema, SpacesAndForeignWordsBecomeOurs) {
  EXPECT_EQ(*tidy_schema("user{name:string,age :int , tags: list( bool )}"),
            "user{name: binary, age: integer, tags: list(boolean)}");
  EXPECT_EQ(*tidy_schema("{integer,{binary,any}}"), "{integer, {binary, any}}");
  EXPECT_EQ(*tidy_schema("integer( nanoseconds  since 1970 )"), "integer(nanoseconds since 1970)");
  EXPECT_EQ(*tidy_schema("atom('hello world',b)"), "atom('hello world', b)");
  EXPECT_EQ(*tidy_schema("atom('a,b',c)"), "atom('a,b', c)") << "quoted names stay as they are";
  EXPECT_EQ(*tidy_schema("'x:y'{'a,{b':int}"), "'x:y'{'a,{b': integer}");
  EXPECT_EQ(*tidy_schema("nothing{}"), "nothing{}");
}

TEST(TidySchema, WhatIsNoTypeIsRefusedByItsName) {
  for (const auto* wrong : {"", "strng", "list", "list(a)", "map(binary)", "user{name}", "{integer",
                            "array(integer, x)", "binary(x)", "integer integer"}) {
    EXPECT_EQ(tidy_schema(wrong).error(), errc::invalid_argument) << wrong;
  }
  EXPECT_NE(tidy_schema("list(strng)").error().message().find("'strng'"), std::string::npos);
}

TEST(TidySchema, WhatTypesSayStaysAsItIs) {
  for (const auto& schema :
       {schema_of<leaf>(), schema_of<color>(), schema_of<std::map<std::string, leaf>>(),
        schema_of<std::variant<std::monostate, std::string>>(), schema_of<nothing>()}) {
    EXPECT_EQ(*tidy_schema(schema), schema);
  }
}

}  // namespace
}  // namespace shelf::detail
