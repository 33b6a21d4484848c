// TEST  dets
// The hashes and the order of keys, against the vectors that OTP 25 made.
#include "dets/bucket_order.hpp"
#include "dets/erlang_hash.hpp"
#include "dets/md5.hpp"
#include "error/hex.hpp"
#include "term/canonical.hpp"
#include "term/vectors.hpp"

#include <gtest/gtest.h>

namespace shelf {
namespace {

using test::from_hex;
using test::read_rows;

std::vector<std::byte> term_of(const std::string& hex) {
  auto canonical = terms::canonicalize_enveloped(from_hex(hex));
  EXPECT_TRUE(canonical) << hex;
  return canonical.value_or(std::vector<std::byte>{});
}

TEST(DetsHash, Phash2IsThatOfOtpForEveryTypeOfTerm) {
  std::size_t tried = 0;
  for (const auto& row : read_rows("phash2.tsv")) {
    if (row.size() < 3 || row[0].starts_with('#')) continue;
    const auto term = term_of(row[0]);
    EXPECT_EQ(dets_format::phash2(term), std::stoul(row[2])) << row[0];
    EXPECT_EQ(dets_format::slot_hash(dets_format::hash_method::phash2, term), std::stoul(row[1]));
    ++tried;
  }
  EXPECT_GT(tried, 3000u);
}

TEST(DetsHash, PhashIsThatOfOtpForEveryTypeOfTerm) {
  std::size_t tried = 0;
  for (const auto& row : read_rows("phash.tsv")) {
    if (row.size() < 2 || row[0].starts_with('#')) continue;
    EXPECT_EQ(dets_format::slot_hash(dets_format::hash_method::phash, term_of(row[0])),
              std::stoul(row[1]))
        << row[0];
    ++tried;
  }
  EXPECT_GT(tried, 600u);
}

TEST(DetsKeyOrder, IsThatOfOtpForEveryPair) {
  std::size_t tried = 0;
  for (const auto& row : read_rows("order.tsv")) {
    if (row.size() < 5 || row[0].starts_with('#')) continue;
    const auto order = dets_format::compare_keys(term_of(row[0]), term_of(row[1]));
    EXPECT_EQ(order, std::stoi(row[4])) << row[0] << ' ' << row[1];
    ++tried;
  }
  EXPECT_GT(tried, 1000u);
}

TEST(DetsHash, Md5IsTheSameInPiecesOfEverySize) {
  const std::string text(200, 'a');
  // Made by Python's hashlib.
  const std::string_view known = "887f30b43b2867f4a9accceee7d16e6c";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    dets_format::md5_sum sum;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      sum.add(as_bytes(std::string_view(text).substr(at, piece)));
    }
    EXPECT_EQ(to_hex(sum.finish()), known) << piece;
  }
}

}  // namespace
}  // namespace shelf
