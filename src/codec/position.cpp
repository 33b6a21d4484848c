// CODEC  api -> [codec] -> term
// Positions as text: version of the text, run, batch.
#include "shelf/position.hpp"

#include "error/hex.hpp"

#include <charconv>

namespace shelf {
namespace {

constexpr std::string_view text_version = "1-";
constexpr std::size_t run_digits = 16;

[[nodiscard]] bool take_number(std::string_view digits, int base, std::uint64_t& into) noexcept {
  const auto* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, into, base);
  return read.ec == std::errc() && read.ptr == end;
}

}  // namespace

std::string position::to_string() const {
  std::string text(text_version);
  for (int shift = 60; shift >= 0; shift -= 4) text += hex_digits[(run >> shift) & 0xf];
  return text + "-" + std::to_string(version);
}

result<position> position::parse(std::string_view text) {
  position made;
  auto rest = text;
  const bool is_ours = rest.starts_with(text_version);
  if (is_ours) rest.remove_prefix(text_version.size());
  const bool has_parts = is_ours && rest.size() > run_digits + 1 && rest[run_digits] == '-';
  // Only what to_string writes: one text per position.
  if (has_parts && take_number(rest.substr(0, run_digits), 16, made.run) &&
      take_number(rest.substr(run_digits + 1), 10, made.version) && made.to_string() == text) {
    made.is_parsed = true;
    return made;
  }
  return std::unexpected(
      error(errc::invalid_argument, "position: not a text that to_string wrote"));
}

}  // namespace shelf
