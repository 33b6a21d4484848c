// TABLE  api -> [table] -> journal -> file
// Making and freeing entries.
#include "table/entry.hpp"

#include "table/blocks.hpp"

#include <cassert>
#include <limits>
#include <new>
#include <type_traits>

namespace shelf::tables {

static_assert(std::is_trivially_destructible_v<entry>, "entries are freed as bare blocks");

entry::owner entry::make(bytes key, bytes value) {
  assert(key.size() <= std::numeric_limits<std::uint32_t>::max());
  assert(value.size() <= std::numeric_limits<std::uint32_t>::max());
  void* const block = blocks::allocate(footprint(key.size(), value.size()));
  auto* const made = new (block)
      entry(static_cast<std::uint32_t>(key.size()), static_cast<std::uint32_t>(value.size()));
  auto* const data = static_cast<std::byte*>(block) + header_bytes;
  assert(reinterpret_cast<std::byte*>(&made->value_size_ + 1) == data);
  if (!key.empty()) std::memcpy(data, key.data(), key.size());
  if (!value.empty()) std::memcpy(data + key.size(), value.data(), value.size());
  return owner(made);
}

void entry::destroy(entry* e) noexcept { blocks::release(e, e->footprint()); }

}  // namespace shelf::tables
