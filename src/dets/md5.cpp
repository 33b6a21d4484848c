// DETS  api -> engine -> stores -> [dets] -> file
// RFC 1321.
#include "dets/md5.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace shelf::dets_format {
namespace {

using state = std::array<std::uint32_t, 4>;

/// The constants: the first 32 bits of |sin(i + 1)|.
const std::array<std::uint32_t, 64> sines = [] {
  std::array<std::uint32_t, 64> t{};
  for (std::size_t i = 0; i < t.size(); ++i) {
    t[i] = static_cast<std::uint32_t>(std::fabs(std::sin(static_cast<double>(i + 1))) * 0x1p32);
  }
  return t;
}();

std::uint32_t word_at(bytes content, std::size_t at) {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    word |= std::to_integer<std::uint32_t>(content[at + i]) << 8 * i;
  }
  return word;
}

void add_block(state& s, bytes content) {
  static constexpr int turns[4][4] = {
      {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  auto [a, b, c, d] = s;
  for (std::size_t i = 0; i < 64; ++i) {
    std::uint32_t f = 0;
    std::size_t word = 0;
    switch (i / 16) {
      case 0: f = (b & c) | (~b & d), word = i; break;
      case 1: f = (d & b) | (~d & c), word = 5 * i + 1; break;
      case 2: f = b ^ c ^ d, word = 3 * i + 5; break;
      default: f = c ^ (b | ~d), word = 7 * i; break;
    }
    f += a + sines[i] + word_at(content, word % 16 * 4);
    a = d, d = c, c = b;
    b += std::rotl(f, turns[i / 16][i % 4]);
  }
  s = {s[0] + a, s[1] + b, s[2] + c, s[3] + d};
}

}  // namespace

md5_sum& md5_sum::add(bytes content) {
  const auto before = static_cast<std::size_t>(length_ % block);
  length_ += content.size();
  if (before > 0) {
    const auto more = std::min(block - before, content.size());
    std::ranges::copy(content.first(more), rest_.begin() + static_cast<std::ptrdiff_t>(before));
    if (before + more < block) return *this;
    add_block(state_, rest_);
    content = content.subspan(more);
  }
  for (; content.size() >= block; content = content.subspan(block)) add_block(state_, content);
  std::ranges::copy(content, rest_.begin());
  return *this;
}

std::array<std::byte, 16> md5_sum::finish() {
  std::array<std::byte, 8> bits{};
  for (unsigned i = 0; i < 8; ++i) bits[i] = static_cast<std::byte>(length_ * 8 >> 8 * i);
  std::array<std::byte, block> padding{std::byte{0x80}};
  const auto used = static_cast<std::size_t>(length_ % block);
  add(bytes(padding).first((used < block - 8 ? block : 2 * block) - 8 - used));
  add(bits);
  std::array<std::byte, 16> digest{};
  for (std::size_t i = 0; i < 16; ++i) {
    digest[i] = static_cast<std::byte>(state_[i / 4] >> 8 * (i % 4));
  }
  return digest;
}

std::array<std::byte, 16> md5(bytes content) { return md5_sum().add(content).finish(); }

}  // namespace shelf::dets_format
