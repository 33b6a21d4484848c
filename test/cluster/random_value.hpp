// TEST  cluster
// Random schemas, and terms that are values of them.
#pragma once

#include "error/hex.hpp"
#include "shelf/term.hpp"

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace shelf::test {

/// A schema, and a term that fits it.
struct random_value {
  std::string schema;
  term value;
};

class random_values {
 public:
  explicit random_values(std::uint64_t seed) : engine_(seed) {}

  /// Alternatives of a variant are such that JSON tells them apart.
  random_value any_schema(int depth) {
    switch (below(depth > 0 ? 17 : 8)) {
      case 0: return {"boolean", term::boolean(below(2) == 0)};
      case 1: return {"integer", integer()};
      case 2: return {"integer(nanoseconds since 1970)", term::integer(sixty_four_bits())};
      case 3: return {"float", floating()};
      case 4: return {"binary", term::binary(bytes_or_text())};
      case 5: return {"nil", *term::atom("nil")};
      case 6:
        return {"atom(red, 'a b', gr\u00fcn)", *term::atom(below(2) == 0 ? "a b" : "gr\u00fcn")};
      case 7: return {"empty{}", *term::atom("empty")};
      case 8: return list(depth);
      case 9: return map(depth);
      case 10: return tuple(depth);
      case 11:
      case 12: return record(depth);
      case 13: return optional(depth);
      case 14: return one_of(depth);
      case 15: return {"any", anything(depth)};
      default: return tree(depth);
    }
  }

 private:
  std::size_t below(std::size_t n) { return engine_() % n; }
  std::int64_t sixty_four_bits() {
    switch (below(4)) {
      case 0: return INT64_MIN;
      case 1: return INT64_MAX;
      case 2: return static_cast<std::int64_t>(engine_());
      default: return static_cast<std::int64_t>(engine_()) / 1'000'000'000 * 1'000'000'000;
    }
  }
  term integer() {
    if (below(3) == 0) {
      std::vector<std::byte> magnitude(below(140) + 1);
      for (auto& b : magnitude) b = static_cast<std::byte>(engine_());
      return *term::integer_from_magnitude(
          below(2) == 0 ? term::sign::positive : term::sign::negative, magnitude);
    }
    return term::integer(sixty_four_bits() >> below(64));
  }
  term floating() {
    constexpr double edges[] = {
        0.0,   1.0, -1.5, 0.1, 1e22, 1e300, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308,
        -1e-10};
    if (below(2) == 0) return *term::floating(edges[below(std::size(edges))]);
    const auto value = std::bit_cast<double>(static_cast<std::uint64_t>(engine_()));
    return *term::floating(std::isfinite(value) ? value : 7.25);
  }
  /// Without a zero byte: a name in JSON.
  std::string text() {
    constexpr const char* some[] = {
        "",         "a",    "alice", "gr\u00fcn", "\u20ac \U0001F600", "\"quoted\"\n\\",
        "\x7f\x01", "$hex", "null",  "\u2028"};
    return some[below(std::size(some))];
  }
  std::string bytes_or_text() {
    constexpr std::string_view some[] = {
        {"\0", 1},          {"a\0b", 3},        "\xff",         "\xc3",
        "\xed\xa0\x80",     "\xf4\x90\x80\x80", "\xc0\x80",     "\xe0\x80\x80",
        "\xf0\x80\x80\x80", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xef\xbf\xbf"};
    return below(2) == 0 ? text() : std::string(some[below(std::size(some))]);
  }
  random_value list(int depth) {
    // Each element is of the same schema: what one schema has several values of.
    std::vector<term> all;
    const char* const word = below(2) == 0 ? "integer" : "binary";
    for (auto left = below(4); left > 0; --left) {
      all.push_back(word == std::string_view("integer") ? integer()
                                                        : term::binary(bytes_or_text()));
    }
    if (below(2) == 0) return {"list(" + std::string(word) + ")", term::list(all)};
    const auto one = any_schema(depth - 1);
    return {"list(" + one.schema + ")", term::list({one.value, one.value})};
  }
  random_value map(int depth) {
    const auto mapped = any_schema(depth - 1);
    std::vector<term::pair> pairs;
    if (below(2) == 0) {
      for (auto left = below(4); left > 0; --left) {
        pairs.emplace_back(term::binary(text() + std::to_string(left)), mapped.value);
      }
      return {"map(binary, " + mapped.schema + ")", *term::map(pairs)};
    }
    auto key = any_schema(depth - 1);
    // A zero byte in a name: export writes it, jsonb cannot hold it.
    if (key.schema == "binary") key.value = term::binary(text());
    pairs.emplace_back(key.value, mapped.value);
    return {"map(" + key.schema + ", " + mapped.schema + ")", *term::map(pairs)};
  }
  random_value tuple(int depth) {
    std::string schemas;
    std::vector<term> all;
    for (auto left = below(4); left > 0; --left) {
      auto one = any_schema(depth - 1);
      schemas += (schemas.empty() ? "" : ", ") + one.schema;
      all.push_back(std::move(one.value));
    }
    if (below(4) == 0 && !all.empty()) {
      const auto one = any_schema(depth - 1);
      return {"array(" + one.schema + ", 2)", term::tuple({one.value, one.value})};
    }
    return {"{" + schemas + "}", term::tuple(all)};
  }
  random_value record(int depth) {
    constexpr const char* names[] = {"name", "'two words'", "\u00e4", "a@b", "'$x'"};
    std::string fields;
    std::vector<term> all{*term::atom("user")};
    const auto count = below(5) + 1;
    for (std::size_t i = 0; i < count; ++i) {
      auto one = any_schema(depth - 1);
      fields += (i == 0 ? "" : ", ") + std::string(names[(i + count) % 5]) + ": " + one.schema;
      all.push_back(std::move(one.value));
    }
    return {"user{" + fields + "}", term::tuple(all)};
  }
  random_value optional(int depth) {
    auto one = any_schema(depth - 1);
    const auto wanted = "optional(" + one.schema + ")";
    // What any holds may look like the optional itself: export escapes that, a view does not.
    if (below(3) == 0 || one.schema.find("any") != std::string::npos)
      return {wanted, *term::atom("none")};
    return {wanted, term::tuple({*term::atom("some"), one.value})};
  }
  random_value one_of(int depth) {
    const auto one = any_schema(depth - 1);
    const auto held = "held{it: " + one.schema + "}";
    const auto schema =
        "one_of(integer, " + held + ", boolean, {integer, binary}, {binary, binary})";
    switch (below(4)) {
      case 0: return {schema, integer()};
      case 1: return {schema, term::tuple({*term::atom("held"), one.value})};
      case 2: return {schema, term::boolean(true)};
      default: return {schema, term::tuple({term::binary("a"), term::binary("b")})};
    }
  }
  random_value tree(int depth) {
    term t = term::tuple({*term::atom("tree"), integer(), term::nil()});
    for (int i = 0; i < depth; ++i) {
      t = term::tuple({*term::atom("tree"), integer(), term::list({t, t})});
    }
    return {"tree{weight: integer, below: list(tree{...})}", std::move(t)};
  }
  term anything(int depth) {
    switch (below(depth > 0 ? 10 : 6)) {
      case 0: return integer();
      case 1: return floating();
      case 2: return term::binary(bytes_or_text());
      case 3: return term::boolean(true);
      case 4: return *term::atom(below(2) == 0 ? "null" : "an atom");
      case 5: return term::nil();
      case 6: return term::list({anything(depth - 1), anything(depth - 1)});
      case 7: return term::tuple({anything(depth - 1)});
      case 8: return *term::map({{term::binary(text()), anything(depth - 1)}});
      default:
        return *term::map(
            {{term::binary("a"), anything(depth - 1)}, {anything(0), anything(depth - 1)}});
    }
  }

  std::mt19937_64 engine_;
};

}  // namespace shelf::test
