// TABLE  api -> [table] -> journal -> file
// Integers of 64 bits, signed or not, added where neither can overflow.
#include "table/counter.hpp"

#include "term/encode.hpp"

namespace shelf::tables {
namespace {

__extension__ using wide = __int128;

[[nodiscard]] std::uint64_t big_endian(bytes from) noexcept {
  std::uint64_t value = 0;
  for (const auto b : from) value = value << 8 | std::to_integer<std::uint64_t>(b);
  return value;
}

/// An encoded integer that fits 64 bits, signed or unsigned.
[[nodiscard]] std::optional<wide> decode_integer(bytes term) noexcept {
  if (term.size() < 2) return std::nullopt;
  switch (static_cast<terms::tag>(term[0])) {
    case terms::tag::small_integer:
      return term.size() == 2 ? std::optional<wide>(std::to_integer<int>(term[1])) : std::nullopt;
    case terms::tag::integer:
      if (term.size() != 5) return std::nullopt;
      return static_cast<std::int32_t>(static_cast<std::uint32_t>(big_endian(term.subspan(1))));
    case terms::tag::small_big: break;
    default: return std::nullopt;
  }
  const auto size = std::to_integer<std::size_t>(term[1]);
  if (size > 8 || term.size() != size + 3) return std::nullopt;
  std::uint64_t magnitude = 0;
  for (std::size_t i = size; i > 0; --i) {
    magnitude = magnitude << 8 | std::to_integer<std::uint64_t>(term[2 + i]);
  }
  return term[2] == std::byte{0} ? wide{magnitude} : -wide{magnitude};
}

}  // namespace

result<stepped_counter> step_counter(std::optional<bytes> present,
                                     const detail::counter_step& step, const std::string& label) {
  wide value = step.initial;
  if (present) {
    const auto decoded = decode_integer(*present);
    if (!decoded) {
      return std::unexpected(
          error(errc::type_mismatch, label + ": the value is not an integer of 64 bits"));
    }
    value = *decoded;
  } else if (!step.has_initial) {
    return std::unexpected(error(errc::not_found));
  }
  value += step.delta;
  if (value < step.least || value > wide{step.greatest}) {
    return std::unexpected(
        error(errc::overflow, label + ": the counter would leave the range of its type"));
  }
  stepped_counter out;
  out.as_bits = static_cast<std::int64_t>(static_cast<std::uint64_t>(value));
  const auto magnitude = static_cast<std::uint64_t>(value < 0 ? -value : value);
  terms::put_integer(out.encoded, value < 0, magnitude);
  return out;
}

}  // namespace shelf::tables
