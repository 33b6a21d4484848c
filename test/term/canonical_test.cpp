// TEST  term
// Canonical form and scan, against OTP's verdicts and against random terms in other clothes.
#include "term/canonical.hpp"

#include "random_term.hpp"
#include "term/reader.hpp"
#include "term/validation.hpp"
#include "vectors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace shelf::test {
namespace {

using terms::canonicalize;
using terms::canonicalize_enveloped;
using terms::is_canonical;
using terms::scan;
using terms::scan_enveloped;
using testing::HasSubstr;

bytes without_version(const buffer& b) { return bytes(b).subspan(1); }

bool is_duplicate_key(const encoding& e) { return e.label.find("dup") != std::string::npos; }

TEST(Canonical, EveryVectorGetsTheVerdictOfOtp) {
  for (const auto& e : encodings()) {
    const auto scanned = scan_enveloped(e.input);
    // Duplicate keys are the one thing that a scan does not see.
    EXPECT_EQ(scanned.has_value(), e.ok || is_duplicate_key(e)) << e.label;
    const auto input = bytes(e.input).first(e.ok ? e.consumed : e.input.size());
    EXPECT_EQ(canonicalize_enveloped(input).has_value(), e.ok) << e.label;
    if (e.ok) {
      ASSERT_TRUE(scanned) << e.label << ": " << scanned.error();
      EXPECT_EQ(*scanned, e.consumed) << e.label;
    } else if (!is_duplicate_key(e)) {
      EXPECT_EQ(scanned.error().code(), errc::corrupt) << e.label;
      EXPECT_THAT(scanned.error().message(), HasSubstr("byte ")) << e.label;
    }
  }
}

TEST(Canonical, EveryVectorBecomesWhatOtpWritesDeterministically) {
  for (const auto& e : encodings()) {
    if (!e.ok) continue;
    const auto made = canonicalize_enveloped(bytes(e.input).first(e.consumed));
    ASSERT_TRUE(made) << e.label << ": " << made.error();
    EXPECT_EQ(to_hex(*made), to_hex(without_version(e.canonical))) << e.label;
    EXPECT_TRUE(is_canonical(*made)) << e.label;
    EXPECT_EQ(canonicalize(*made), *made) << e.label;
    const bool was = is_canonical(without_version(e.input));
    EXPECT_EQ(was, e.input == e.canonical) << e.label;
  }
}

TEST(Canonical, BareAndEnvelopedInputGiveTheSame) {
  for (const auto& e : encodings()) {
    if (!e.ok || e.label.starts_with("compressed")) continue;
    const auto input = bytes(e.input).first(e.consumed);
    EXPECT_EQ(canonicalize(input.subspan(1)), *canonicalize_enveloped(input)) << e.label;
  }
}

TEST(Canonical, TheOrderVectorsAreCanonicalAlready) {
  for (const auto& row : read_rows("order.tsv")) {
    EXPECT_TRUE(is_canonical(without_version(from_hex(row.at(0))))) << row.at(0);
  }
}

TEST(Canonical, ACutVectorIsNeverATerm) {
  for (const auto& e : encodings()) {
    if (!e.ok) continue;
    for (std::size_t size = 0; size < e.consumed; ++size) {
      const buffer cut(e.input.begin(), e.input.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_FALSE(scan_enveloped(cut)) << e.label << " cut to " << size;
      EXPECT_FALSE(canonicalize_enveloped(cut)) << e.label << " cut to " << size;
    }
  }
}

// The copy is exact, so that a read behind it is seen by the address sanitizer.
void check_any(bytes input, const std::string& label) {
  const buffer copy(input.begin(), input.end());
  const auto scanned = scan(copy);
  const auto made = canonicalize(copy);
  static_cast<void>(terms::refuse_storage(copy));
  EXPECT_EQ(is_canonical(copy), made.has_value() && *made == copy) << label;
  if (made) {
    EXPECT_EQ(scanned, copy.size()) << label;
    EXPECT_TRUE(is_canonical(*made)) << label;
  }
}

TEST(Canonical, AFlippedBitIsRefusedOrGivesACanonicalTerm) {
  for (const auto& e : encodings()) {
    for (std::size_t bit = 0; bit < e.input.size() * 8; ++bit) {
      auto flipped = e.input;
      flipped[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
      check_any(without_version(flipped), e.label + " bit " + std::to_string(bit));
      static_cast<void>(canonicalize_enveloped(flipped));
      static_cast<void>(scan_enveloped(flipped));
    }
  }
}

TEST(Canonical, ARandomTermIsItsOwnCanonicalForm) {
  random_terms random(1);
  for (int i = 0; i < 20000; ++i) {
    const auto t = random.any(4);
    EXPECT_TRUE(is_canonical(t.encoded())) << t;
    EXPECT_EQ(scan(t.encoded()), t.encoded().size()) << t;
    EXPECT_EQ(term::decode(t.encode()), t);
  }
}

// Writes the same terms in forms that OTP reads but does not write.
class disguise {
 public:
  disguise(bytes input, random_terms& random) : in_(input, {}), random_(random) {}

  buffer run() {
    one();
    return out_;
  }

 private:
  bool coin() { return random_.below(2) == 0; }

  void one() {
    const auto h = in_.next();
    switch (h.what) {
      case terms::tag::small_integer:
      case terms::tag::integer: return integer(h);
      case terms::tag::small_big:
      case terms::tag::large_big: return big(in_.content(h)[0], in_.content(h).subspan(1));
      case terms::tag::small_atom_utf8:
      case terms::tag::atom_utf8: return atom(in_.content(h));
      case terms::tag::string: return string(in_.content(h));
      case terms::tag::binary: return binary(in_.content(h));
      case terms::tag::bit_binary: return bits(in_.content(h));
      case terms::tag::small_tuple: return tuple(h);
      case terms::tag::list: return list(h.children - 1);
      case terms::tag::nil: return nil();
      case terms::tag::map: return map(h);
      default: terms::put(out_, whole(h)); children(h.children);
    }
  }

  bytes whole(const terms::head& h) {
    return in_.content({.what = h.what, .body = h.start, .end = h.end});
  }

  void children(std::uint64_t count) {
    for (; count > 0; --count) one();
  }

  void integer(const terms::head& h) {
    const auto content = in_.content(h);
    const auto value =
        h.what == terms::tag::small_integer
            ? std::to_integer<std::int32_t>(content[0])
            : static_cast<std::int32_t>(terms::load_big<std::uint32_t>(content.data()));
    if (coin()) {
      terms::put_tag(out_, terms::tag::integer);
      return terms::put_big(out_, static_cast<std::uint32_t>(value));
    }
    auto magnitude = static_cast<std::uint32_t>(value);
    if (value < 0) magnitude = 0u - magnitude;
    buffer little;
    for (; magnitude > 0; magnitude >>= 8) little.push_back(static_cast<std::byte>(magnitude));
    big(static_cast<std::byte>(value < 0), little);
  }

  void big(std::byte sign, bytes magnitude) {
    const auto zeros = random_.below(4);
    const auto size = magnitude.size() + zeros;
    const bool small = size <= 255 && coin();
    terms::put_tag(out_, small ? terms::tag::small_big : terms::tag::large_big);
    if (small)
      terms::put_big(out_, static_cast<std::uint8_t>(size));
    else
      terms::put_big(out_, static_cast<std::uint32_t>(size));
    out_.push_back(sign == std::byte{0} ? sign : static_cast<std::byte>(1 + random_.below(255)));
    terms::put(out_, magnitude);
    out_.resize(out_.size() + zeros);
  }

  void atom(bytes name) {
    const bool ascii = std::ranges::all_of(name, [](auto b) { return b < std::byte{0x80}; });
    if (ascii && coin()) {
      const bool small = coin();
      terms::put_tag(out_, small ? terms::tag::small_atom : terms::tag::atom);
      if (!small) out_.push_back(std::byte{0});
    } else {
      terms::put_tag(out_, terms::tag::atom_utf8);
      out_.push_back(static_cast<std::byte>(name.size() >> 8));
    }
    out_.push_back(static_cast<std::byte>(name.size()));
    terms::put(out_, name);
  }

  void string(bytes elements) {
    const auto split = random_.below(elements.size() + 1);
    terms::put_counted_head(out_, terms::tag::list, split);
    for (const auto b : elements.first(split))
      terms::put_integer(out_, std::to_integer<std::int64_t>(b));
    terms::put_tag(out_, terms::tag::string);
    terms::put_big(out_, static_cast<std::uint16_t>(elements.size() - split));
    terms::put(out_, elements.subspan(split));
  }

  void binary(bytes content) {
    terms::put_tag(out_, terms::tag::bit_binary);
    terms::put_big(out_, static_cast<std::uint32_t>(content.size()));
    out_.push_back(static_cast<std::byte>(content.empty() ? 0 : 8));
    terms::put(out_, content);
  }

  void bits(bytes content) {
    terms::put_tag(out_, terms::tag::bit_binary);
    terms::put_big(out_, static_cast<std::uint32_t>(content.size() - 1));
    terms::put(out_, content);
    out_.back() |= static_cast<std::byte>(random_.below(256) &
                                          (0xFFu >> std::to_integer<unsigned>(content[0])));
  }

  void tuple(const terms::head& h) {
    terms::put_counted_head(out_, terms::tag::large_tuple, h.children);
    children(h.children);
  }

  // As a chain of cells, now and then with nodes without elements between them.
  void list(std::uint64_t elements) {
    for (; elements > 0; --elements) {
      if (coin()) terms::put_counted_head(out_, terms::tag::list, 0);
      terms::put_counted_head(out_, terms::tag::list, 1);
      one();
    }
    one();
  }

  void nil() {
    if (coin()) return terms::put_tag(out_, terms::tag::nil);
    terms::put_tag(out_, terms::tag::string);
    terms::put_big(out_, std::uint16_t{0});
  }

  // The pairs in another order.
  void map(const terms::head& h) {
    std::vector<buffer> pairs;
    terms::put_counted_head(out_, terms::tag::map, h.children / 2);
    for (auto n = h.children / 2; n > 0; --n) {
      auto before = std::exchange(out_, {});
      children(2);
      pairs.push_back(std::exchange(out_, std::move(before)));
    }
    for (std::size_t i = pairs.size(); i > 1; --i) std::swap(pairs[i - 1], pairs[random_.below(i)]);
    for (const auto& p : pairs) terms::put(out_, p);
  }

  terms::reader in_;
  random_terms& random_;
  buffer out_;
};

TEST(Canonical, ATermInAnyOtherFormIsRecognised) {
  random_terms random(2);
  for (int i = 0; i < 20000; ++i) {
    const auto t = random.any(4);
    const auto other = disguise(t.encoded(), random).run();
    const auto made = term::from_encoded(other);
    ASSERT_TRUE(made) << t << ": " << made.error() << " " << to_hex(other);
    ASSERT_EQ(*made, t) << to_hex(other);
  }
}

TEST(Canonical, LargeMapsAreSortedAndTheirDuplicatesFound) {
  for (const std::size_t n : {33u, 1000u}) {
    std::vector<term::pair> pairs;
    for (std::size_t i = 0; i < n; ++i)
      pairs.emplace_back(term::integer(i * 7919 % n), term::nil());
    const auto sorted = term::map(pairs);
    ASSERT_TRUE(sorted);
    const auto again = sorted->pairs();
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ((*again)[i].first, term::integer(i));
    pairs.emplace_back(term::integer(n / 2), term::boolean(true));
    EXPECT_EQ(term::map(pairs).error(), errc::invalid_argument);
  }
}

TEST(Canonical, IntegersAndFloatsAreDifferentKeysButSignedZerosAreNot) {
  EXPECT_TRUE(term::map({{term::integer(0), {}}, {*term::floating(0), {}}}));
  EXPECT_FALSE(term::map({{*term::floating(-0.0), {}}, {*term::floating(0), {}}}));
}

TEST(Canonical, OldFloatsAreReadAsOtpReadsThem) {
  const auto read = [](std::string text) {
    text.resize(31);
    return term::from_encoded(as_bytes("c" + text));
  };
  EXPECT_EQ(read("1.50000000000000000000e+00"), *term::floating(1.5));
  EXPECT_EQ(read("+1.5E1"), *term::floating(15));
  EXPECT_EQ(read("-1,5"), *term::floating(-1.5));
  EXPECT_EQ(read("4.9e-324"), *term::floating(5e-324));
  EXPECT_EQ(read("1.0e-400"), *term::floating(0));
  EXPECT_EQ(read("-1.0e-400"), *term::floating(-0.0));
  EXPECT_EQ(read("0.0e9999"), *term::floating(0));
  EXPECT_EQ(read(std::string("1.5\0junk", 8)), *term::floating(1.5));
  for (const char* bad : {"", "1", "1.", ".5", "1.5e", "1.5 ", " 1.5", "1e5", "inf", "nan",
                          "0x1.8p1", "1.5e400", "1.5e99999999999999999", "--1.5"}) {
    EXPECT_FALSE(read(bad)) << bad;
  }
}

TEST(Canonical, WhatFollowsTheTermIsAnError) {
  EXPECT_THAT(canonicalize(from_hex("6101ffff")).error().message(),
              testing::StrEq("byte 2: 2 bytes follow the term"));
  EXPECT_THAT(canonicalize_enveloped(from_hex("836101ff")).error().message(),
              testing::StrEq("byte 3: 1 bytes follow the term"));
  EXPECT_FALSE(is_canonical(from_hex("6101ff")));
}

TEST(Scan, AnErrorNamesTheByteAndTheCause) {
  const auto message = [](const char* hex) { return scan(from_hex(hex)).error().message(); };
  EXPECT_EQ(message("68024d000000010961"), "byte 2: tag 77: 9 bits in the last byte");
  EXPECT_EQ(message("6cffffffff6101"), "byte 0: tag 108: 4294967296 terms in 2 bytes");
  EXPECT_EQ(message("6d00000005616263"), "byte 0: tag 109: needs 5 more bytes, has 3");
  EXPECT_EQ(message("680161"), "byte 2: tag 97: needs 1 more bytes, has 0");
  EXPECT_EQ(message("467ff0000000000000"), "byte 0: tag 70: a float that is not finite");
  EXPECT_EQ(message("7702c3c3"), "byte 0: tag 119: an atom that is not UTF-8");
  EXPECT_EQ(message("68018361 01"), "byte 2: tag 131: unknown tag");
  EXPECT_EQ(message("68015000000002"), "byte 2: tag 80: compressed terms cannot be nested");
  EXPECT_EQ(message(""), "byte 0: the bytes end where a term is expected");
  EXPECT_EQ(scan_enveloped(from_hex("8368024d000000010961")).error().message(),
            "byte 3: tag 77: 9 bits in the last byte");
  EXPECT_EQ(scan_enveloped(from_hex("846101")).error().message(),
            "byte 0: 132 instead of the version byte 131");
}

TEST(Scan, WhatIsBehindTheTermIsLeftAlone) {
  EXPECT_EQ(scan(from_hex("6101ffff")), 2u);
  EXPECT_EQ(scan_enveloped(from_hex("836101ffff")), 3u);
}

TEST(Storage, PidsPortsReferencesAndFunsAreRefusedByName) {
  const auto sentence = [](const std::string& label) {
    for (const auto& e : encodings()) {
      if (e.label != label) continue;
      buffer nested = from_hex("680274000000016101");  // {#{1 => X}, []}
      terms::put(nested, without_version(e.canonical));
      nested.push_back(std::byte{106});
      const auto refused = terms::refuse_storage(nested);
      EXPECT_FALSE(refused) << label;
      EXPECT_EQ(refused.error(), errc::invalid_argument) << label;
      return refused.error().message();
    }
    return std::string("no such vector");
  };
  EXPECT_EQ(sentence("new_pid"), "a pid cannot be stored in a table");
  EXPECT_EQ(sentence("new_port"), "a port cannot be stored in a table");
  EXPECT_EQ(sentence("v4_port_big"), "a port cannot be stored in a table");
  EXPECT_EQ(sentence("newer_ref_3"), "a reference cannot be stored in a table");
  EXPECT_EQ(sentence("new_fun_2"), "a fun cannot be stored in a table");
  EXPECT_EQ(sentence("export"), "a fun cannot be stored in a table");
}

TEST(Storage, AllElseIsAccepted) {
  for (const auto* label :
       {"tuple_2", "map_40", "list_improper", "bits_3", "large_big", "atom_utf8_long"}) {
    for (const auto& e : encodings()) {
      if (e.label != label) continue;
      EXPECT_TRUE(terms::refuse_storage(without_version(e.canonical))) << label;
    }
  }
  EXPECT_EQ(terms::refuse_storage(from_hex("6102ff")).error(), errc::corrupt);
}

}  // namespace
}  // namespace shelf::test
