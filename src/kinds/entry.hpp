// KINDS  api -> engine -> [kinds] -> memory -> file
// An entry as it stands in memory: one immutable block of header, key bytes and value bytes.
#pragma once

#include "shelf/detail/bytes.hpp"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <memory>

namespace shelf::kinds {

/// Milliseconds since 1970: from then on an entry counts as absent.
using deadline = std::uint64_t;
/// Of an entry that does not expire.
inline constexpr deadline no_deadline = ~deadline{0};

/// Bytes of all pieces together.
[[nodiscard]] std::size_t size_of(std::span<const bytes> pieces) noexcept;

/// What a table holds: the encoded key and value, contiguous, behind a small header. Behind the
/// value of one that expires stand its deadline and its place in the wheel (expiry_wheel.hpp).
/// The bytes never change; the header and the place belong to the in-memory kinds (contents.hpp).
class entry {
 public:
  struct free_block {
    void operator()(entry* e) const noexcept { entry::destroy(e); }
  };
  using owner = std::unique_ptr<entry, free_block>;

  static constexpr std::size_t longest_value = 0x7fff'ffff;

  /// Copies key and value into one block. Throws std::bad_alloc. The key is shorter than 2^32
  /// bytes, the value not longer than longest_value (checked by the caller).
  [[nodiscard]] static owner make(bytes key, bytes value);
  /// The same of a value whose bytes lie in several places.
  [[nodiscard]] static owner make_of_pieces(bytes key, std::span<const bytes> value);
  /// The same with a deadline; one without it if that is no_deadline.
  [[nodiscard]] static owner make(bytes key, bytes value, deadline until) {
    return until == no_deadline ? make(key, value) : make_expiring(key, {&value, 1}, until);
  }
  [[nodiscard]] static owner make_of_pieces(bytes key, std::span<const bytes> value,
                                            deadline until) {
    return until == no_deadline ? make_of_pieces(key, value) : make_expiring(key, value, until);
  }
  /// One without a value, whose key's bytes lie in two places.
  [[nodiscard]] static owner make_key(bytes front, bytes back);
  static void destroy(entry* e) noexcept;

  [[nodiscard]] bytes key() const noexcept { return {data(), key_size_}; }
  [[nodiscard]] bytes value() const noexcept { return {data() + key_size_, value_size()}; }
  /// Bytes this block takes, header included, allocator's rounding not.
  [[nodiscard]] std::size_t footprint() const noexcept {
    if (expires()) [[unlikely]]
      return footprint(key_size_, value_size() + tail_bytes);
    return footprint(key_size_, value_size_);
  }

  [[nodiscard]] bool expires() const noexcept { return (value_size_ & expires_bit) != 0; }
  [[nodiscard]] deadline until() const noexcept {
    return expires() ? load<deadline>(0) : no_deadline;
  }
  /// Whether it counts as absent.
  [[nodiscard]] bool is_expired(deadline now) const noexcept {
    return expires() && load<deadline>(0) <= now;
  }
  /// Where it is in the wheel; of one that expires, and the writer's own.
  [[nodiscard]] std::uint32_t wheel_place() const noexcept {
    return load<std::uint32_t>(sizeof(deadline));
  }
  void set_wheel_place(std::uint32_t place) noexcept {
    std::memcpy(tail() + sizeof(deadline), &place, sizeof place);
  }
  /// The value of an entry that does not expire.
  [[nodiscard]] bytes plain_value() const noexcept {
    assert(!expires());
    return {data() + key_size_, value_size_};
  }
  /// The same value, until the same moment.
  [[nodiscard]] bool has_same_value(const entry& other) const noexcept {
    if (value_size_ != other.value_size_) return false;
    if (expires()) [[unlikely]]
      return same_bytes(timed_value(), other.timed_value());
    return same_bytes(plain_value(), other.plain_value());
  }

  /// Sequence number of the batch that made this entry, or, with the lowest bit set, a pointer to a
  /// version record of the kind that owns it. Low bit clear: sequence number << 1.
  std::atomic<std::uint64_t> stamp{0};
  /// Place in the list of unsaved changes (write-back); meaningful only if the list points back
  /// here.
  std::uint32_t unsaved_at = 0;

 private:
  [[nodiscard]] static owner make_expiring(bytes key, std::span<const bytes> value, deadline until);
  static constexpr std::uint32_t expires_bit = 0x8000'0000;
  static constexpr std::size_t tail_bytes = sizeof(deadline) + sizeof(std::uint32_t);

  [[nodiscard]] static entry* with_room(std::size_t key_size, std::size_t value_size,
                                        bool expires = false);
  entry(std::uint32_t key_size, std::uint32_t value_size) noexcept
      : key_size_(key_size), value_size_(value_size) {}
  /// The bytes follow the last member at once: what the compiler would pad belongs to them.
  static constexpr std::size_t header_bytes = 20;
  [[nodiscard]] static std::size_t footprint(std::size_t key, std::size_t rest) noexcept {
    return std::max(sizeof(entry), header_bytes + key + rest);
  }
  [[nodiscard]] std::uint32_t value_size() const noexcept { return value_size_ & ~expires_bit; }
  /// The value, and the deadline behind it if there is one.
  [[nodiscard]] bytes timed_value() const noexcept {
    return {data() + key_size_, value_size() + (expires() ? sizeof(deadline) : 0)};
  }
  void fill(bytes key, std::span<const bytes> value) noexcept;
  void set_until(deadline until) noexcept { std::memcpy(tail(), &until, sizeof until); }
  /// Not aligned.
  template <class T>
  [[nodiscard]] T load(std::size_t at) const noexcept {
    T loaded;
    std::memcpy(&loaded, data() + key_size_ + value_size() + at, sizeof loaded);
    return loaded;
  }
  [[nodiscard]] std::byte* tail() noexcept {
    return const_cast<std::byte*>(data()) + key_size_ + value_size();
  }
  [[nodiscard]] const std::byte* data() const noexcept {
    return reinterpret_cast<const std::byte*>(this) + header_bytes;
  }

  std::uint32_t key_size_;
  std::uint32_t value_size_;  ///< and expires_bit
};

}  // namespace shelf::kinds
