// TERM  vocabulary of every room
// Schoolbook conversion, nine digits at a time.
#include "term/decimal.hpp"

#include <algorithm>
#include <cassert>
#include <cstdint>

namespace shelf::terms {
namespace {

constexpr std::uint64_t chunk = 1'000'000'000;
constexpr std::size_t chunk_digits = 9;

// Divides by chunk in place and returns the remainder. The first limb is the lowest.
std::uint32_t divide(std::vector<std::uint32_t>& limbs) noexcept {
  std::uint64_t remainder = 0;
  for (auto i = limbs.size(); i-- > 0;) {
    const auto value = remainder << 32 | limbs[i];
    limbs[i] = static_cast<std::uint32_t>(value / chunk);
    remainder = value % chunk;
  }
  while (!limbs.empty() && limbs.back() == 0) limbs.pop_back();
  return static_cast<std::uint32_t>(remainder);
}

void multiply_and_add(std::vector<std::uint32_t>& limbs, std::uint64_t by, std::uint64_t carry) {
  for (auto& limb : limbs) {
    carry += limb * by;
    limb = static_cast<std::uint32_t>(carry);
    carry >>= 32;
  }
  if (carry > 0) limbs.push_back(static_cast<std::uint32_t>(carry));
}

}  // namespace

std::string to_decimal(bytes magnitude) {
  std::vector<std::uint32_t> limbs((magnitude.size() + 3) / 4);
  for (std::size_t i = 0; i < magnitude.size(); ++i) {
    limbs[i / 4] |= std::to_integer<std::uint32_t>(magnitude[i]) << 8 * (i % 4);
  }
  std::string reversed;
  while (!limbs.empty()) {
    auto digits = divide(limbs);
    for (std::size_t i = 0; i < chunk_digits; ++i, digits /= 10) {
      reversed += static_cast<char>('0' + digits % 10);
    }
  }
  while (!reversed.empty() && reversed.back() == '0') reversed.pop_back();
  if (reversed.empty()) return "0";
  std::ranges::reverse(reversed);
  return reversed;
}

std::vector<std::byte> from_decimal(std::string_view digits) {
  std::vector<std::uint32_t> limbs;
  while (!digits.empty()) {
    const auto count = (digits.size() - 1) % chunk_digits + 1;
    std::uint32_t value = 0;
    std::uint64_t by = 1;
    for (const char c : digits.substr(0, count)) {
      assert(c >= '0' && c <= '9');
      value = value * 10 + static_cast<std::uint32_t>(c - '0');
      by *= 10;
    }
    multiply_and_add(limbs, by, value);
    digits.remove_prefix(count);
  }
  std::vector<std::byte> magnitude;
  magnitude.reserve(limbs.size() * 4);
  for (const auto limb : limbs) {
    for (int shift = 0; shift < 32; shift += 8)
      magnitude.push_back(static_cast<std::byte>(limb >> shift));
  }
  while (!magnitude.empty() && magnitude.back() == std::byte{0}) magnitude.pop_back();
  return magnitude;
}

}  // namespace shelf::terms
