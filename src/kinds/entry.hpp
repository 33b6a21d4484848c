// KINDS  api -> engine -> [kinds] -> memory -> file
// An entry as it stands in memory: one immutable block of header, key bytes and value bytes.
#pragma once

#include "shelf/detail/bytes.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>

namespace shelf::kinds {

/// Bytes of all pieces together.
[[nodiscard]] std::size_t size_of(std::span<const bytes> pieces) noexcept;

/// What a table holds: the encoded key and value, contiguous, behind a small header.
/// The bytes never change; the header belongs to the in-memory kinds (contents.hpp).
class entry {
 public:
  struct free_block {
    void operator()(entry* e) const noexcept { entry::destroy(e); }
  };
  using owner = std::unique_ptr<entry, free_block>;

  /// Copies key and value into one block. Throws std::bad_alloc. Sizes are below 2^32 (checked by
  /// the caller).
  [[nodiscard]] static owner make(bytes key, bytes value);
  /// The same of a value whose bytes lie in several places.
  [[nodiscard]] static owner make_of_pieces(bytes key, std::span<const bytes> value);
  static void destroy(entry* e) noexcept;

  [[nodiscard]] bytes key() const noexcept { return {data(), key_size_}; }
  [[nodiscard]] bytes value() const noexcept { return {data() + key_size_, value_size_}; }
  /// Bytes this block takes, header included, allocator's rounding not.
  [[nodiscard]] std::size_t footprint() const noexcept { return footprint(key_size_, value_size_); }

  /// Sequence number of the batch that made this entry, or, with the lowest bit set, a pointer to a
  /// version record of the kind that owns it. Low bit clear: sequence number << 1.
  std::atomic<std::uint64_t> stamp{0};
  /// Place in the list of unsaved changes (write-back); meaningful only if the list points back
  /// here.
  std::uint32_t unsaved_at = 0;

 private:
  [[nodiscard]] static entry* with_room(std::size_t key_size, std::size_t value_size);
  entry(std::uint32_t key_size, std::uint32_t value_size) noexcept
      : key_size_(key_size), value_size_(value_size) {}
  /// The bytes follow the last member at once: what the compiler would pad belongs to them.
  static constexpr std::size_t header_bytes = 20;
  [[nodiscard]] static std::size_t footprint(std::size_t key, std::size_t value) noexcept {
    return std::max(sizeof(entry), header_bytes + key + value);
  }
  [[nodiscard]] const std::byte* data() const noexcept {
    return reinterpret_cast<const std::byte*>(this) + header_bytes;
  }

  std::uint32_t key_size_;
  std::uint32_t value_size_;
};

}  // namespace shelf::kinds
