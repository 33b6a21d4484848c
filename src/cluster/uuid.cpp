// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Random bits from the kernel, and the usual text.
#include "cluster/uuid.hpp"

#include "error/hex.hpp"

#include <random>

namespace shelf::cluster {

uuid random_uuid() {
  uuid made;
  std::random_device source;  // getrandom, or the processor's own
  for (std::size_t i = 0; i < made.content.size(); i += 4) {
    auto bits = source();
    for (std::size_t j = i; j < i + 4; ++j, bits >>= 8) {
      made.content[j] = static_cast<std::byte>(bits & 0xFF);
    }
  }
  made.content[6] = (made.content[6] & std::byte{0x0F}) | std::byte{0x40};
  made.content[8] = (made.content[8] & std::byte{0x3F}) | std::byte{0x80};
  return made;
}

std::string to_string(const uuid& name) {
  std::string text;
  append_hex(text, name.content);
  for (const auto at : {20, 16, 12, 8}) text.insert(static_cast<std::size_t>(at), 1, '-');
  return text;
}

std::optional<uuid> uuid_from(std::string_view text) {
  uuid made;
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == '-') continue;
    constexpr std::string_view all = "0123456789abcdef";
    const auto digit = all.find(c);
    if (digit == all.npos || digits == 2 * made.content.size()) return std::nullopt;
    auto& byte = made.content[digits / 2];
    byte = (byte << 4) | static_cast<std::byte>(digit);
    ++digits;
  }
  const bool is_whole = digits == 2 * made.content.size() && to_string(made) == text;
  return is_whole ? std::optional(made) : std::nullopt;
}

}  // namespace shelf::cluster
