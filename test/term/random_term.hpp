// TEST  term
// Random terms, and random other encodings of the same terms.
#pragma once

#include "shelf/term.hpp"
#include "term/scalar_output.hpp"

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace shelf::test {

/// A copy of the encoding, which outlives a temporary term.
inline std::vector<std::byte> bytes_of(const term& t) {
  return {t.encoded().begin(), t.encoded().end()};
}

/// Makes terms that collide often: few distinct leaves, so that order and equality have something
/// to do.
class random_terms {
 public:
  explicit random_terms(std::uint64_t seed) : engine_(seed) {}

  std::size_t below(std::size_t n) { return engine_() % n; }

  term any(int depth) {
    switch (below(depth > 0 ? 16 : 10)) {
      case 0:
      case 1:
      case 2: return integer();
      case 3: return floating();
      case 4: return atom();
      case 5: return bitstring();
      case 6: return identity();
      case 7: return byte_list();
      case 8: return term::nil();
      case 9: return big();
      case 10:
      case 11: return term::tuple(several(depth));
      case 12: return term::list(several(depth));
      case 13: return improper(depth);
      case 14: return fun(depth);
      default: return map(depth);
    }
  }

  term integer() {
    static constexpr std::int64_t edges[] = {0,
                                             1,
                                             2,
                                             255,
                                             256,
                                             -1,
                                             2147483647,
                                             2147483648,
                                             -2147483648,
                                             -2147483649,
                                             std::int64_t{1} << 53,
                                             (std::int64_t{1} << 53) + 1,
                                             INT64_MAX,
                                             INT64_MIN};
    if (below(2) == 0) return term::integer(edges[below(std::size(edges))]);
    return term::integer(static_cast<std::int64_t>(engine_()) >> below(64));
  }

  term floating() {
    static constexpr double edges[] = {0.0,
                                       1.0,
                                       2.0,
                                       0.5,
                                       -1.0,
                                       1e300,
                                       -1e300,
                                       9007199254740992.0,
                                       18446744073709551616.0,
                                       1.7976931348623157e308,
                                       5e-324};
    if (below(2) == 0) return *term::floating(edges[below(std::size(edges))]);
    return *term::floating(
        std::ldexp(static_cast<double>(engine_() >> 11), static_cast<int>(below(200)) - 120));
  }

  term atom() {
    static const std::vector<std::string> names{"",
                                                "a",
                                                "ab",
                                                "b",
                                                "true",
                                                "nil",
                                                "Elixir",
                                                "grün",
                                                "π",
                                                "😀",
                                                "and",
                                                std::string(255, 'q'),
                                                [] {
                                                  std::string wide;
                                                  for (int i = 0; i < 200; ++i) wide += "å";
                                                  return wide;
                                                }()};
    return *term::atom(names[below(names.size())]);
  }

  term bitstring() {
    std::string content(below(12), 'x');
    for (auto& c : content) c = static_cast<char>(below(3) == 0 ? engine_() : 'a');
    const auto bits = static_cast<unsigned>(content.empty() ? 0 : 1 + below(8));
    return *term::bitstring(as_bytes(content), bits);
  }

  term big() {
    std::string magnitude(1 + below(below(20) == 0 ? 300 : 12), '\0');
    for (auto& c : magnitude) c = static_cast<char>(below(2) == 0 ? 0 : engine_());
    return *term::integer_from_magnitude(sign(), as_bytes(magnitude));
  }

  // A pid, port or reference.
  term identity() {
    std::vector<std::byte> out;
    const auto node = as_bytes(below(2) == 0 ? "a@b" : "node@host");
    const auto word = [&] {
      terms::put_big(out, static_cast<std::uint32_t>(below(3) << below(32)));
    };
    switch (below(3)) {
      case 0:
        terms::put_tag(out, terms::tag::new_pid);
        terms::put_atom(out, node);
        word(), word(), word();
        break;
      case 1:
        terms::put_tag(out, terms::tag::v4_port);
        terms::put_atom(out, node);
        word(), word(), word();
        break;
      default: {
        const auto words = below(6);
        terms::put_tag(out, terms::tag::newer_reference);
        terms::put_big(out, static_cast<std::uint16_t>(words));
        terms::put_atom(out, node);
        for (std::size_t i = 0; i <= words; ++i) word();
      }
    }
    return *term::from_encoded(out);
  }

  term byte_list() {
    std::vector<term> all(below(6));
    for (auto& e : all) e = term::integer(97 + below(3));
    return term::list(all);
  }

  term improper(int depth) {
    std::vector<std::byte> out;
    const auto elements = several(depth);
    terms::put_counted_head(out, terms::tag::list, elements.size());
    for (const auto& e : elements) terms::put(out, e.encoded());
    terms::put(out, bytes_of(any(depth - 1)));
    return *term::from_encoded(out);
  }

  term fun(int depth) {
    std::vector<std::byte> out;
    if (below(2) == 0) {
      terms::put_tag(out, terms::tag::fun_export);
      terms::put(out, bytes_of(atom()));
      terms::put(out, bytes_of(atom()));
      terms::put_integer(out, static_cast<std::int64_t>(below(300)));
      return *term::from_encoded(out);
    }
    const auto variables = several(depth);
    terms::put_tag(out, terms::tag::new_fun);
    terms::put_big(out, std::uint32_t{0});
    terms::put_big(out, static_cast<std::uint8_t>(below(2)));
    out.resize(out.size() + 16);
    terms::put_big(out, static_cast<std::uint32_t>(below(2)));
    terms::put_big(out, static_cast<std::uint32_t>(variables.size()));
    terms::put(out, bytes_of(atom()));
    terms::put_integer(out, static_cast<std::int64_t>(below(2)));
    terms::put_integer(out, static_cast<std::int64_t>(below(300)));
    terms::put_tag(out, terms::tag::new_pid);
    terms::put_atom(out, as_bytes("a@b"));
    out.resize(out.size() + 12);
    for (const auto& v : variables) terms::put(out, v.encoded());
    return *term::from_encoded(out);
  }

  term map(int depth) {
    std::vector<term::pair> pairs;
    for (auto n = below(4); n > 0; --n) pairs.emplace_back(any(depth - 1), any(depth - 1));
    const auto made = term::map(pairs);
    return made ? *made : *term::map({});  // a random key occurred twice
  }

  std::vector<term> several(int depth) {
    std::vector<term> all(below(4));
    for (auto& e : all) e = any(depth - 1);
    return all;
  }

  term::sign sign() { return below(2) == 0 ? term::sign::positive : term::sign::negative; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace shelf::test
