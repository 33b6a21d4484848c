// KINDS  api -> engine -> [kinds] -> memory -> file
// How items of an index are written, and compared.
#include "kinds/index_item.hpp"

#include "term/order.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>

namespace shelf::kinds {
namespace {

using reference = std::uint64_t;
constexpr reference before_all = 0;
constexpr reference behind_all = (reference{1} << 48) - 1;

void put_reference(std::byte* to, reference r) noexcept {
  for (std::size_t i = 0; i < reference_bytes; ++i) to[i] = static_cast<std::byte>(r >> (8 * i));
}

[[nodiscard]] reference reference_in(bytes item) noexcept {
  assert(item.size() > reference_bytes && "a term is never empty");
  const auto* const at = item.data() + item.size() - reference_bytes;
  std::uint32_t low = 0;
  std::uint16_t high = 0;
  std::memcpy(&low, at, sizeof low);
  std::memcpy(&high, at + sizeof low, sizeof high);
  if constexpr (std::endian::native == std::endian::big) {
    low = __builtin_bswap32(low);
    high = __builtin_bswap16(high);
  }
  return reference{high} << 32 | low;
}

[[nodiscard]] std::weak_ordering compare_contents(bytes a, bytes b) noexcept {
  const auto common = std::min(a.size(), b.size());
  const int first = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common);
  return first != 0 ? first <=> 0 : a.size() <=> b.size();
}

}  // namespace

entry::owner make_item(bytes term, const entry& of) {
  const auto at = reinterpret_cast<std::uintptr_t>(&of);
  assert(at > before_all && at < behind_all && "user space ends below 2^48");
  std::array<std::byte, reference_bytes> tail;
  put_reference(tail.data(), at);
  // The item is one key in two pieces: an entry has its value behind its key.
  return entry::make_key(term, tail);
}

std::vector<std::byte> item_bound(bytes term, bool is_behind) {
  std::vector<std::byte> made(term.begin(), term.end());
  made.resize(term.size() + reference_bytes);
  put_reference(made.data() + term.size(), is_behind ? behind_all : before_all);
  return made;
}

const entry* entry_of_item(bytes item) noexcept {
  const auto at = reference_in(item);
  assert(at != before_all && at != behind_all && "a bound stands for no entry");
  return reinterpret_cast<const entry*>(static_cast<std::uintptr_t>(at));
}

std::weak_ordering compare_items(bytes a, bytes b) noexcept {
  const auto by_term = terms::compare(term_of_item(a), term_of_item(b));
  if (by_term != 0) return by_term;
  const auto x = reference_in(a);
  const auto y = reference_in(b);
  if (x == y) return std::weak_ordering::equivalent;
  if (x == before_all || y == behind_all) return std::weak_ordering::less;
  if (x == behind_all || y == before_all) return std::weak_ordering::greater;
  const auto& one = *entry_of_item(a);
  const auto& other = *entry_of_item(b);
  if (const auto by_key = terms::compare(one.key(), other.key()); by_key != 0) return by_key;
  // Of bags; and of numbers such as 1 and 1.0, which are two keys of a map.
  if (const auto by_bytes = compare_contents(one.key(), other.key()); by_bytes != 0) {
    return by_bytes;
  }
  if (const auto by_value = compare_contents(one.value(), other.value()); by_value != 0) {
    return by_value;
  }
  return x <=> y;
}

std::uint64_t prefix_of_item(bytes item) noexcept {
  return terms::order_prefix(term_of_item(item));
}

}  // namespace shelf::kinds
