// TEST  dets
// Reading the corpus; the digests in which its listings give what is too long for a line.
#include "corpus.hpp"

#include "dets/md5.hpp"
#include "dets/object.hpp"
#include "error/hex.hpp"
#include "term/external_format.hpp"
#include "term/validation.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace shelf::test {
namespace {

constexpr std::size_t longest_line = 4096;

std::string data(const std::string& name) {
  std::ifstream in(std::string(SHELF_TEST_DATA) + "/dets/" + name, std::ios::binary);
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The first 32 bits of the fractional parts of roots of the first primes: SHA-256's constants.
template <std::size_t N>
std::array<std::uint32_t, N> roots(long double (*root)(long double)) {
  std::array<std::uint32_t, N> out{};
  std::size_t count = 0;
  for (unsigned p = 2; count < N; ++p) {
    bool prime = true;
    for (unsigned d = 2; d * d <= p; ++d) prime = prime && p % d != 0;
    if (!prime) continue;
    const auto r = root(static_cast<long double>(p));
    out[count++] = static_cast<std::uint32_t>((r - std::floor(r)) * 4294967296.0L);
  }
  return out;
}

std::string sha256(bytes content) {
  static const auto k = roots<64>([](long double x) { return std::cbrt(x); });
  auto h = roots<8>([](long double x) { return std::sqrt(x); });
  std::vector<std::byte> padded(content.begin(), content.end());
  padded.push_back(std::byte{0x80});
  while (padded.size() % 64 != 56) padded.push_back(std::byte{0});
  for (int i = 56; i >= 0; i -= 8) {
    padded.push_back(static_cast<std::byte>(std::uint64_t{content.size()} * 8 >> i));
  }
  for (std::size_t at = 0; at < padded.size(); at += 64) {
    std::array<std::uint32_t, 64> w{};
    for (std::size_t i = 0; i < 64; ++i) {
      w[i / 4] = i < 64 ? w[i / 4] << 8 | std::to_integer<std::uint32_t>(padded[at + i]) : 0;
    }
    for (std::size_t i = 16; i < 64; ++i) {
      const auto a = w[i - 15], b = w[i - 2];
      w[i] = w[i - 16] + (std::rotr(a, 7) ^ std::rotr(a, 18) ^ a >> 3) + w[i - 7] +
             (std::rotr(b, 17) ^ std::rotr(b, 19) ^ b >> 10);
    }
    auto s = h;
    for (std::size_t i = 0; i < 64; ++i) {
      const auto t1 = s[7] + (std::rotr(s[4], 6) ^ std::rotr(s[4], 11) ^ std::rotr(s[4], 25)) +
                      ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[i] + w[i];
      const auto t2 = (std::rotr(s[0], 2) ^ std::rotr(s[0], 13) ^ std::rotr(s[0], 22)) +
                      ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
      s = {t1 + t2, s[0], s[1], s[2], s[3] + t1, s[4], s[5], s[6]};
    }
    for (std::size_t i = 0; i < 8; ++i) h[i] += s[i];
  }
  std::array<std::byte, 32> digest{};
  for (std::size_t i = 0; i < 32; ++i)
    digest[i] = static_cast<std::byte>(h[i / 4] >> (24 - 8 * (i % 4)));
  return to_hex(digest);
}

kind kind_named(const std::string& name) {
  return name == "set" ? kind::set : name == "bag" ? kind::bag : kind::duplicate_bag;
}

std::vector<std::byte> enveloped(bytes term) {
  std::vector<std::byte> out{terms::version_byte};
  out.insert(out.end(), term.begin(), term.end());
  return out;
}

}  // namespace

const std::vector<dets_case>& dets_cases() {
  static const auto all = [] {
    std::vector<dets_case> cases;
    std::istringstream lines(data("cases.tsv"));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with('#')) continue;
      std::vector<std::string> c;
      std::istringstream columns(line);
      for (std::string column; std::getline(columns, column, '\t');) c.push_back(column);
      cases.push_back({c.at(0), kind_named(c.at(1)),
                       static_cast<std::uint32_t>(std::stoul(c.at(2))), std::stoul(c.at(3)),
                       std::stoul(c.at(4)), c.at(5), c.at(6), c.at(7) == "yes", c.at(8), c.at(9),
                       c.at(10)});
    }
    return cases;
  }();
  return all;
}

const dets_case& dets_case_named(std::string_view name) {
  const auto found = std::ranges::find(dets_cases(), name, &dets_case::name);
  if (found == dets_cases().end()) std::abort();
  return *found;
}

std::vector<std::byte> corpus_file(const std::string& name) {
  const auto text = data(name);
  const auto content = as_bytes(text);
  return {content.begin(), content.end()};
}

listing corpus_lines(const std::string& name) {
  listing lines;
  std::istringstream in(data(name));
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string line_of(bytes term) {
  const auto whole = enveloped(term);
  if (whole.size() <= longest_line) return to_hex(whole);
  return "#sha256 " + std::to_string(whole.size()) + " " + sha256(whole);
}

std::vector<std::byte> decode_hex(std::string_view digits) {
  const auto nibble = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::vector<std::byte> out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    out.push_back(static_cast<std::byte>(nibble(digits[i]) << 4 | nibble(digits[i + 1])));
  }
  return out;
}

result<listing> list_objects(const object_store& s) {
  listing lines;
  const auto read = s.for_each([&](bytes object) {
    lines.push_back(line_of(object));
    return true;
  });
  if (!read) return std::unexpected(read.error());
  std::ranges::sort(lines);
  return lines;
}

result<listing> list_by_key(const object_store& s, const std::string& mode) {
  std::set<std::vector<std::byte>> keys;
  const auto read = s.for_each([&](bytes object) {
    const auto key = dets_format::element_at(object, s.keypos());
    keys.emplace(key.begin(), key.end());
    return true;
  });
  if (!read) return std::unexpected(read.error());
  listing lines;
  for (const auto& key : keys) {
    std::string line = to_hex(enveloped(key));
    std::vector<std::byte> all;
    std::size_t count = 0;
    const auto found = s.lookup(key, [&](bytes object) {
      ++count;
      if (mode == "full") line += '\t' + line_of(object);
      const auto whole = enveloped(object);
      all.insert(all.end(), whole.begin(), whole.end());
    });
    if (!found) return std::unexpected(found.error());
    EXPECT_GT(count, 0u);
    if (mode == "md5") line += '\t' + std::to_string(count) + '\t' + to_hex(dets_format::md5(all));
    lines.push_back(line);
  }
  std::ranges::sort(lines);
  return lines;
}

std::unique_ptr<simulation::simulated_disk> disk_with(bytes content) {
  auto disk = std::make_unique<simulation::simulated_disk>();
  disk->put("t.dets", content);
  return disk;
}

settings on(simulation::simulated_disk& disk, settings how) {
  how.path = "t.dets";
  how.system = &disk;
  return how;
}

}  // namespace shelf::test
