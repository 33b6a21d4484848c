// CODEC  api -> [codec] -> term
// Integer terms as 128-bit numbers.
#include "shelf/detail/wide_integer.hpp"

#include "shelf/detail/decoder.hpp"

namespace shelf::detail {

integer_term encode_wide(wide_integer value) noexcept {
  __extension__ using wide_natural = unsigned __int128;
  integer_term term;
  if (value >= 0 && value <= 255) {
    term.data[0] = byte_of(term_tag::small_integer);
    term.data[1] = static_cast<std::byte>(value);
    term.size = 2;
    return term;
  }
  if (value >= std::numeric_limits<std::int32_t>::min() &&
      value <= std::numeric_limits<std::int32_t>::max()) {
    term.data[0] = byte_of(term_tag::integer);
    for (int i = 0; i < 4; ++i) term.data[4 - i] = static_cast<std::byte>((value >> 8 * i) & 0xff);
    term.size = 5;
    return term;
  }
  const auto pattern = static_cast<wide_natural>(value);
  wide_natural magnitude = value < 0 ? 0 - pattern : pattern;
  std::size_t length = 0;
  for (; magnitude != 0; magnitude >>= 8) {
    term.data[3 + length++] = static_cast<std::byte>(magnitude & 0xff);
  }
  term.data[0] = byte_of(term_tag::small_big);
  term.data[1] = static_cast<std::byte>(length);
  term.data[2] = static_cast<std::byte>(value < 0);
  term.size = 3 + length;
  return term;
}

std::optional<wide_integer> decode_wide(bytes term) noexcept {
  std::int64_t value = 0;
  decoder in(term);
  if (in.integer(value) && in.done()) return value;
  std::uint64_t natural = 0;
  decoder again(term);
  if (again.natural(natural) && again.done()) return natural;
  return std::nullopt;
}

}  // namespace shelf::detail
