// TERM  vocabulary of every room
// A canonical term is its parts one behind the other: a walk over them needs no stack.
#include "term/zero_sign.hpp"

#include "term/external_format.hpp"
#include "term/skip.hpp"

#include <algorithm>
#include <array>

namespace shelf::terms {
namespace {

constexpr std::array<std::byte, 9> negative_zero{static_cast<std::byte>(tag::new_float),
                                                 std::byte{0x80}};

bool holds_terms(tag what) noexcept {
  return what == tag::small_tuple || what == tag::large_tuple || what == tag::list ||
         what == tag::map;
}

}  // namespace

bool may_hold_negative_zero(bytes term) noexcept {
  if (term.empty()) return false;
  const auto what = static_cast<tag>(term[0]);
  if (what == tag::new_float) return same_bytes(term, negative_zero);
  return holds_terms(what) && !std::ranges::search(term, negative_zero).empty();
}

void drop_zero_signs(std::span<std::byte> canonical) noexcept {
  auto* at = canonical.data();
  const auto* const end = at + canonical.size();
  while (at < end) {
    if (holds_terms(static_cast<tag>(*at))) {
      at += counted_at(at).first - at;
      continue;
    }
    const auto size = skip(at, 1) - at;
    if (same_bytes({at, static_cast<std::size_t>(size)}, negative_zero)) at[1] = std::byte{0};
    at += size;
  }
}

}  // namespace shelf::terms
