// CODEC  api -> [codec] -> term
// Cursors of pages: base64url with a checksum.
#define XXH_INLINE_ALL
#include "shelf/detail/cursor.hpp"

#include "term/order.hpp"

#include <xxhash.h>

#include <array>
#include <optional>
#include <utility>

namespace shelf::detail {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::byte version{1};
constexpr std::size_t head_size = 6;

[[nodiscard]] std::string to_text(bytes content) {
  std::string text;
  text.reserve((content.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  int have = 0;
  for (const auto b : content) {
    bits = bits << 8 | std::to_integer<std::uint32_t>(b);
    for (have += 8; have >= 6; have -= 6) text += alphabet[bits >> (have - 6) & 63];
  }
  if (have > 0) text += alphabet[bits << (6 - have) & 63];
  return text;
}

[[nodiscard]] std::optional<std::vector<std::byte>> from_text(std::string_view text) {
  std::vector<std::byte> content;
  content.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    const auto value = alphabet.find(c);
    if (value == alphabet.npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    content.push_back(static_cast<std::byte>(bits >> have & 0xff));
  }
  // What is left over are zeros, of fewer than six bits: every text has one content only.
  const bool is_whole = have < 6 && (bits & ((1U << have) - 1)) == 0;
  return is_whole ? std::optional(std::move(content)) : std::nullopt;
}

[[nodiscard]] std::uint32_t checksum_of(bytes key, std::uint64_t identity, bool is_backward) {
  const auto seed = identity * 2 + (is_backward ? 1 : 0);
  return static_cast<std::uint32_t>(XXH3_64bits_withSeed(key.data(), key.size(), seed));
}

[[nodiscard]] error no_cursor(const char* why) { return {errc::invalid_argument, why}; }

}  // namespace

std::string encode_cursor(bytes last_key, std::uint64_t identity, bool is_backward) {
  std::vector<std::byte> content{version, std::byte{is_backward}};
  const auto sum = checksum_of(last_key, identity, is_backward);
  for (int shift = 0; shift < 32; shift += 8) {
    content.push_back(static_cast<std::byte>(sum >> shift & 0xff));
  }
  content.insert(content.end(), last_key.begin(), last_key.end());
  return to_text(content);
}

result<std::vector<std::byte>> decode_cursor(std::string_view text, std::uint64_t identity,
                                             bool is_backward) {
  auto content = from_text(text);
  if (!content || content->size() <= head_size || content->front() != version) {
    return std::unexpected(no_cursor("this text is not a cursor of a page"));
  }
  const auto direction = std::to_integer<unsigned>((*content)[1]);
  if (direction > 1) return std::unexpected(no_cursor("this text is not a cursor of a page"));
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    sum |= std::to_integer<std::uint32_t>((*content)[2 + i]) << (8 * i);
  }
  std::vector<std::byte> key(content->begin() + head_size, content->end());
  if (sum != checksum_of(key, identity, direction == 1)) {
    return std::unexpected(no_cursor("this cursor is damaged, or of another table"));
  }
  if ((direction == 1) != is_backward) {
    return std::unexpected(no_cursor("this cursor is one of pages in the other direction"));
  }
  return key;
}

void continue_after(key_interval& part, std::vector<std::byte> key, bool is_backward) {
  auto& end = is_backward ? part.to : part.from;
  if (end) {
    const auto order = terms::compare(key, end->key);
    const bool is_within = is_backward ? order < 0 || (order == 0 && end->is_behind)
                                       : order > 0 || (order == 0 && !end->is_behind);
    if (!is_within) return;
  }
  end = kept_cut{.key = std::move(key), .is_behind = !is_backward};
}

std::uint64_t table_identity(std::string_view name, std::uint8_t kind,
                             std::string_view key_schema) noexcept {
  const auto of_name = XXH3_64bits_withSeed(name.data(), name.size(), kind);
  return XXH3_64bits_withSeed(key_schema.data(), key_schema.size(), of_name);
}

}  // namespace shelf::detail
