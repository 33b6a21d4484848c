// TEST  term
// Bytes made to hurt: each is refused (or read) in bounded time, memory and stack.
#include "counted_heap.hpp"
#include "cpu_time.hpp"
#include "term/canonical.hpp"
#include "term/order.hpp"
#include "term/scalar_output.hpp"
#include "term/text.hpp"
#include "term/validation.hpp"
#include "vectors.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <functional>

namespace shelf::test {
namespace {

using terms::tag;

// What the programme of tests allows: 32 bytes of heap a byte of input and 1 MiB, and a time that
// even an instrumented build on a busy machine keeps, but nothing quadratic does.
struct cost {
  std::size_t heap;
  std::chrono::duration<double, std::nano> time;
};

cost measure(const std::function<void()>& work) {
  const auto before = heap_held();
  heap_peak_restart();
  const auto start = cpu_time();
  work();
  return {heap_peak() - before, cpu_time() - start};
}

void expect_cheap(bytes input, const std::string& label) {
  const auto budget = input.size() * 32 + (std::size_t{1} << 20);
  const auto all = [&](const std::string& what, const std::function<void()>& work) {
    const auto c = measure(work);
    EXPECT_LE(c.heap, budget) << label << ": " << what;
    EXPECT_LE(c.time.count(), static_cast<double>(input.size()) * 5000 + 1e9)
        << label << ": " << what;
  };
  all("scan", [&] { static_cast<void>(terms::scan(input)); });
  all("scan_enveloped", [&] { static_cast<void>(terms::scan_enveloped(input)); });
  all("canonicalize", [&] { static_cast<void>(terms::canonicalize(input)); });
  all("canonicalize_enveloped", [&] { static_cast<void>(terms::canonicalize_enveloped(input)); });
  all("is_canonical", [&] { static_cast<void>(terms::is_canonical(input)); });
  all("refuse_storage", [&] { static_cast<void>(terms::refuse_storage(input)); });
  all("to_text", [&] { static_cast<void>(terms::to_text(input, 1 << 16)); });
}

errc refusal(const buffer& input) {
  expect_cheap(input, to_hex(bytes(input).first(std::min<std::size_t>(input.size(), 16))));
  const auto made = terms::canonicalize(input);
  EXPECT_FALSE(made);
  return made ? errc::not_found : made.error().code();
}

buffer repeated(const char* hex, std::size_t times) {
  const auto once = from_hex(hex);
  buffer out;
  out.reserve(once.size() * times + 16);
  for (; times > 0; --times) terms::put(out, once);
  return out;
}

buffer compressed(bytes content, std::size_t declared) {
  uLongf size = compressBound(content.size());
  buffer out = from_hex("8350");
  terms::put_big(out, static_cast<std::uint32_t>(declared));
  const auto header = out.size();
  out.resize(header + size);
  const int status = compress2(reinterpret_cast<Bytef*>(out.data() + header), &size,
                               reinterpret_cast<const Bytef*>(content.data()), content.size(), 9);
  EXPECT_EQ(status, Z_OK);
  out.resize(header + size);
  return out;
}

TEST(Hostile, LengthsOfFourGibInSixBytesAreRefused) {
  for (const char* hex :
       {"6dffffffff61", "6cffffffff61", "69ffffffff61", "74ffffffff61", "6fffffffff00",
        "4dffffffff08", "6bffff61", "76ffff61", "64ffff61", "5affff770161", "77ff61"}) {
    EXPECT_EQ(refusal(from_hex(hex)), errc::corrupt) << hex;
  }
}

TEST(Hostile, AFunWithFourGibOfVariablesIsRefused) {
  for (const auto& e : encodings()) {
    if (e.label != "new_fun_2") continue;
    buffer input(e.input.begin() + 1, e.input.end());
    std::fill_n(input.begin() + 26, 4, std::byte{255});
    EXPECT_EQ(refusal(input), errc::corrupt);
  }
}

TEST(Hostile, AMillionLevelsAreRefusedWithoutAStack) {
  for (const char* level : {"6801", "6900000001", "6c00000001",
                            "7400000001"
                            "6a",
                            "7400000001"}) {
    EXPECT_EQ(refusal(repeated(level, 1000000)), errc::size_limit_exceeded) << level;
    auto closed = repeated(level, 1000000);
    closed.insert(closed.end(), 1000001, std::byte{106});
    EXPECT_EQ(refusal(closed), errc::size_limit_exceeded) << level;
  }
}

TEST(Hostile, AMillionPidsInThePlaceOfANodeAreRefusedWithoutAStack) {
  for (const char* level : {"58", "67", "5859", "6667", "655878", "71", "5a0001", "5a00015878"}) {
    EXPECT_EQ(refusal(repeated(level, 1000000)), errc::corrupt) << level;
  }
}

TEST(Hostile, AMillionCellsOfOneListAreOneList) {
  auto cells = repeated("6c000000016a", 1000000);
  cells.push_back(std::byte{106});
  expect_cheap(cells, "cells");
  const auto made = terms::canonicalize(cells);
  ASSERT_TRUE(made) << made.error();
  EXPECT_EQ(made->size(), 1000000u + 6);
  auto empty = repeated("6c00000000", 1000000);
  empty.push_back(std::byte{106});
  expect_cheap(empty, "empty cells");
  EXPECT_EQ(terms::canonicalize(empty), from_hex("6a"));
}

TEST(Hostile, AListOfAMillionEmptyListsIsReadInProportion) {
  buffer input = from_hex("6c000f4240");
  input.insert(input.end(), 1000001, std::byte{106});
  expect_cheap(input, "nils");
  EXPECT_TRUE(terms::is_canonical(input));
}

TEST(Hostile, HugeIntegersAreRefused) {
  buffer input = from_hex(
      "6f00002001"
      "00");
  input.resize(6 + 8193, std::byte{1});
  EXPECT_EQ(refusal(input), errc::size_limit_exceeded);
  buffer fits = from_hex(
      "6f00002000"
      "00");
  fits.resize(6 + 8192, std::byte{1});
  EXPECT_TRUE(terms::canonicalize(fits));
}

TEST(Hostile, ManyLargeIntegersPrintInLinearTime) {
  buffer input = from_hex("6c00000400");
  for (int i = 0; i < 1024; ++i) {
    terms::put(input, from_hex("6f0000200000"));
    input.resize(input.size() + 8192, std::byte{0xFF});
  }
  input.push_back(std::byte{106});
  const auto c = measure([&] { EXPECT_GT(terms::to_text(input).size(), 16u << 20); });
  EXPECT_LE(c.time.count(), static_cast<double>(input.size()) * 500 + 1e9);
}

TEST(Hostile, DuplicateKeysAreFoundHoweverManyThereAre) {
  buffer same = from_hex("7400080000");
  same.insert(same.end(), std::size_t{1} << 20, std::byte{106});
  EXPECT_EQ(refusal(same), errc::corrupt);
  // Descending keys must be sorted; the last repeats the first.
  buffer descending = from_hex("7400040001");
  for (std::uint32_t i = 0; i <= 0x40000; ++i) {
    terms::put_integer(descending, std::int64_t{0x40000} - i % 0x40000);
    descending.push_back(std::byte{106});
  }
  EXPECT_EQ(refusal(descending), errc::corrupt);
}

TEST(Hostile, MapsInKeysOfMapsCostWhatTheyWeigh) {
  // #{#{... => BIG, 1 => x} => BIG, ...}: each level is a key to be compared with a small sibling.
  buffer input = from_hex("6101");
  for (int level = 0; level < 120; ++level) {
    buffer outer = from_hex("7400000002");
    terms::put(outer, from_hex("74000000026102"));
    terms::put(outer, input);
    terms::put(outer, from_hex("6101"
                               "6a"
                               "6a"));
    terms::put(outer, from_hex("740000000261026a61016a6a"));
    input = std::move(outer);
  }
  expect_cheap(input, "nested maps");
  ASSERT_TRUE(terms::canonicalize(input)) << terms::canonicalize(input).error();
}

TEST(Hostile, ManyAtomsLeaveNothingBehind) {
  buffer input = from_hex("6c000f4240");
  for (std::uint32_t i = 0; i < 1000000; ++i) {
    terms::put(input, from_hex("7703"));
    for (const int shift : {0, 7, 14}) input.push_back(static_cast<std::byte>(i >> shift & 0x7F));
  }
  input.push_back(std::byte{106});
  const auto before = heap_held();
  expect_cheap(input, "atoms");
  EXPECT_EQ(heap_held(), before);
}

TEST(Hostile, BadScalarsAreRefused) {
  for (const char* hex :
       {"4d000000010061", "4d000000010961", "4d0000000003",                // bits
        "467ff0000000000000", "46fff0000000000000", "467ff8000000000000",  // floats
        "7701c3", "7702c0af", "7703eda080", "7704f4908080", "7702ffff",    // UTF-8
        "5200", "7500000000",
        "790000000000000000"
        "6101",
        "836101", "44016101", "00", "ff", "6801"}) {
    EXPECT_EQ(refusal(from_hex(hex)), errc::corrupt) << hex;
  }
  buffer long_atom = from_hex("640100");
  long_atom.resize(3 + 256, std::byte{'q'});
  EXPECT_EQ(refusal(long_atom), errc::corrupt);
}

TEST(Hostile, ACompressedTermMustKeepWhatItDeclares) {
  const auto content = from_hex(
      "6d00000010"
      "000102030405060708090a0b0c0d0e0f");
  const auto honest = compressed(content, content.size());
  EXPECT_EQ(terms::canonicalize_enveloped(honest), content);
  EXPECT_EQ(terms::scan_enveloped(honest), honest.size());
  for (const std::size_t declared : {std::size_t{0}, std::size_t{1}, content.size() - 1,
                                     content.size() + 1, std::size_t{100000}}) {
    const auto lie = compressed(content, declared);
    EXPECT_EQ(terms::canonicalize_enveloped(lie).error(), errc::corrupt) << declared;
    EXPECT_EQ(terms::scan_enveloped(lie).error(), errc::corrupt) << declared;
  }
  auto cut = honest;
  for (; cut.size() > 1; cut.pop_back()) EXPECT_TRUE(cut == honest || !terms::scan_enveloped(cut));
  auto longer = honest;
  longer.push_back(std::byte{0});
  EXPECT_EQ(terms::canonicalize_enveloped(longer).error(), errc::corrupt);
  EXPECT_EQ(terms::scan_enveloped(longer), honest.size());
  const auto two = compressed(from_hex("61016102"), 4);
  EXPECT_EQ(terms::scan_enveloped(two).error(), errc::corrupt);
  EXPECT_EQ(terms::canonicalize_enveloped(two).error(), errc::corrupt);
}

TEST(Hostile, ACompressedBombIsRefusedBeforeItIsInflated) {
  buffer content = from_hex("6d02000000");
  content.resize(5 + (std::size_t{32} << 20));
  const auto bomb = compressed(content, content.size());
  EXPECT_LT(bomb.size() * 900, content.size());
  expect_cheap(bomb, "bomb");
  EXPECT_EQ(terms::canonicalize_enveloped(bomb).error(), errc::size_limit_exceeded);
  const auto lie = compressed(content, 0xFFFFFFFF);
  EXPECT_EQ(terms::canonicalize_enveloped(lie).error(), errc::size_limit_exceeded);
  const auto small_lie = compressed(content, 1000);
  expect_cheap(small_lie, "bomb that declares little");
  EXPECT_EQ(terms::canonicalize_enveloped(small_lie).error(), errc::corrupt);
}

TEST(Hostile, CompressionInsideCompressionIsRefused) {
  const auto inner = compressed(from_hex("6101"), 2);
  EXPECT_EQ(terms::canonicalize_enveloped(compressed(inner, inner.size())).error(), errc::corrupt);
  const auto bare = bytes(inner).subspan(1);
  EXPECT_EQ(terms::canonicalize_enveloped(compressed(bare, bare.size())).error(), errc::corrupt);
  EXPECT_EQ(terms::canonicalize(bare).error(), errc::corrupt);
}

}  // namespace
}  // namespace shelf::test
