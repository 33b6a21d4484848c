// KINDS  api -> engine -> [kinds] -> memory -> file
// Making and freeing entries.
#include "kinds/entry.hpp"

#include "memory/blocks.hpp"

#include <cassert>
#include <cstring>
#include <limits>
#include <new>
#include <type_traits>

namespace shelf::kinds {

static_assert(std::is_trivially_destructible_v<entry>, "entries are freed as bare blocks");

[[gnu::always_inline]] inline entry* entry::with_room(std::size_t key_size, std::size_t value_size,
                                                      std::uint8_t sort) {
  assert(key_size <= std::numeric_limits<std::uint32_t>::max());
  assert(value_size <= longest_value);
  const auto tail = sort != 0 ? tail_bytes(sort) : 0;
  void* const block = memory::blocks::allocate(footprint(key_size, value_size + tail));
  auto* const made =
      new (block) entry(static_cast<std::uint32_t>(key_size),
                        static_cast<std::uint32_t>(value_size) | (sort != 0 ? tail_bit : 0));
  assert(reinterpret_cast<std::byte*>(&made->value_size_ + 1) ==
         static_cast<std::byte*>(block) + header_bytes);
  if (sort != 0) made->store(0, sort);
  return made;
}

entry::owner entry::make(bytes key, bytes value) {
  auto* const made = with_room(key.size(), value.size());
  auto* const data = reinterpret_cast<std::byte*>(made) + header_bytes;
  if (!key.empty()) std::memcpy(data, key.data(), key.size());
  if (!value.empty()) std::memcpy(data + key.size(), value.data(), value.size());
  return owner(made);
}

void entry::fill(bytes key, std::span<const bytes> value) noexcept {
  auto* to = reinterpret_cast<std::byte*>(this) + header_bytes;
  const auto copy = [&to](bytes piece) {
    if (!piece.empty()) std::memcpy(to, piece.data(), piece.size());
    to += piece.size();
  };
  copy(key);
  for (const auto piece : value) copy(piece);
}

entry::owner entry::make_of_pieces(bytes key, std::span<const bytes> value) {
  auto* const made = with_room(key.size(), size_of(value));
  made->fill(key, value);
  return owner(made);
}

entry::owner entry::make_with_tail(bytes key, std::span<const bytes> value, deadline until,
                                   bool is_resident) {
  const bool expires = until != no_deadline;
  const auto sort =
      static_cast<std::uint8_t>((expires ? expiring_sort : 0) | (is_resident ? resident_sort : 0));
  auto* const made = with_room(key.size(), size_of(value), sort);
  made->fill(key, value);
  if (expires) {
    made->store(deadline_at, until);
    made->set_wheel_place(0);
  }
  if (is_resident) {
    made->clear_queue();
    made->forget_read();
  }
  return owner(made);
}

entry::owner entry::make_key(bytes front, bytes back) {
  auto* const made = with_room(front.size() + back.size(), 0);
  made->fill(front, {&back, 1});
  return owner(made);
}

std::size_t size_of(std::span<const bytes> pieces) noexcept {
  std::size_t size = 0;
  for (const auto piece : pieces) size += piece.size();
  return size;
}

void entry::destroy(entry* e) noexcept { memory::blocks::release(e, e->footprint()); }

}  // namespace shelf::kinds
