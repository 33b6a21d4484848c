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

/// What a table holds: the encoded key and value, contiguous, behind a small header.
///
/// Behind the value may stand a tail, which begins with a byte that says what follows: of an entry
/// that expires, its deadline and its place in the wheel (expiry_wheel.hpp); of one of a table that
/// evicts, its place in a queue (residents.hpp) and whether it was read.
///
/// Key, value and deadline never change; the header and the rest of the tail belong to the
/// in-memory kinds (contents.hpp), but for the byte that readers set.
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
    return until == no_deadline ? make(key, value) : make_with_tail(key, {&value, 1}, until, false);
  }
  [[nodiscard]] static owner make_of_pieces(bytes key, std::span<const bytes> value,
                                            deadline until) {
    return until == no_deadline ? make_of_pieces(key, value)
                                : make_with_tail(key, value, until, false);
  }
  /// A copy for a table that evicts.
  [[nodiscard]] static owner make_resident(const entry& from) {
    const auto value = from.value();
    return make_with_tail(from.key(), {&value, 1}, from.until(), true);
  }
  /// One without a value, whose key's bytes lie in two places.
  [[nodiscard]] static owner make_key(bytes front, bytes back);
  static void destroy(entry* e) noexcept;

  [[nodiscard]] bytes key() const noexcept { return {data(), key_size_}; }
  [[nodiscard]] bytes value() const noexcept { return {data() + key_size_, value_size()}; }
  /// Bytes this block takes, header included, allocator's rounding not.
  [[nodiscard]] std::size_t footprint() const noexcept {
    if (has_tail()) [[unlikely]]
      return footprint(key_size_, value_size() + tail_bytes(sort()));
    return footprint(key_size_, value_size_);
  }

  /// Whether there is more to it than key and value.
  [[nodiscard]] bool has_tail() const noexcept { return (value_size_ & tail_bit) != 0; }
  [[nodiscard]] bool expires() const noexcept {
    return has_tail() && (sort() & expiring_sort) != 0;
  }
  [[nodiscard]] deadline until() const noexcept {
    return expires() ? load<deadline>(deadline_at) : no_deadline;
  }
  /// Whether it counts as absent.
  [[nodiscard]] bool is_expired(deadline now) const noexcept {
    return expires() && load<deadline>(deadline_at) <= now;
  }
  /// Where it is in the wheel; of one that expires, and the writer's own.
  [[nodiscard]] std::uint32_t wheel_place() const noexcept {
    return load<std::uint32_t>(wheel_place_at);
  }
  void set_wheel_place(std::uint32_t place) noexcept { store(wheel_place_at, place); }
  /// The value of an entry without a tail.
  [[nodiscard]] bytes plain_value() const noexcept {
    assert(!has_tail());
    return {data() + key_size_, value_size_};
  }
  /// The same value, until the same moment.
  [[nodiscard]] bool has_same_value(const entry& other) const noexcept {
    if (value_size_ != other.value_size_) return false;
    if (has_tail()) [[unlikely]]
      return same_bytes(value(), other.value()) && until() == other.until();
    return same_bytes(plain_value(), other.plain_value());
  }

  // Of a table that evicts. All but note_read is the writer's own.
  [[nodiscard]] bool is_resident() const noexcept {
    return has_tail() && (sort() & resident_sort) != 0;
  }
  /// For readers: it is worth keeping. Nothing, if the table does not evict.
  void note_read() const noexcept {
    if (!is_resident()) return;
    const auto read = read_byte();
    if (read.load(std::memory_order_relaxed) == std::byte{0}) {
      read.store(std::byte{1}, std::memory_order_relaxed);
    }
  }
  [[nodiscard]] bool was_read() const noexcept {
    return read_byte().load(std::memory_order_relaxed) != std::byte{0};
  }
  void forget_read() noexcept { read_byte().store(std::byte{0}, std::memory_order_relaxed); }
  /// Whether it is in a queue.
  [[nodiscard]] bool has_place() const noexcept { return queue_word() != no_place; }
  [[nodiscard]] std::uint32_t place() const noexcept { return queue_word() & ~small_bit; }
  /// Stays in its queue, if it is in one.
  void set_place(std::uint32_t place) noexcept {
    assert(place < (no_place & ~small_bit) && is_resident());
    store(queue_at(), has_place() ? (queue_word() & small_bit) | place : place);
  }
  [[nodiscard]] bool is_in_small() const noexcept { return (queue_word() & small_bit) != 0; }
  void set_queue(bool is_small) noexcept {
    store(queue_at(), place() | (is_small ? small_bit : 0));
  }
  void clear_queue() noexcept { store(queue_at(), no_place); }

  /// Sequence number of the batch that made this entry, or, with the lowest bit set, a pointer to a
  /// version record of the kind that owns it. Low bit clear: sequence number << 1.
  std::atomic<std::uint64_t> stamp{0};
  /// Place in the list of unsaved changes (write-back); meaningful only if the list points back
  /// here.
  std::uint32_t unsaved_at = 0;

 private:
  static constexpr std::uint32_t tail_bit = 0x8000'0000;
  // What the first byte of a tail says.
  static constexpr std::uint8_t expiring_sort = 1;
  static constexpr std::uint8_t resident_sort = 2;
  // Places in the tail, none of them aligned.
  static constexpr std::size_t deadline_at = 1;
  static constexpr std::size_t wheel_place_at = deadline_at + sizeof(deadline);
  static constexpr std::size_t expiring_bytes = sizeof(deadline) + sizeof(std::uint32_t);
  static constexpr std::size_t resident_bytes = sizeof(std::uint32_t) + 1;
  // The word of the queue.
  static constexpr std::uint32_t small_bit = 0x8000'0000;
  static constexpr std::uint32_t no_place = ~std::uint32_t{0};

  [[nodiscard]] static constexpr std::size_t tail_bytes(std::uint8_t sort) noexcept {
    return 1 + ((sort & expiring_sort) != 0 ? expiring_bytes : 0) +
           ((sort & resident_sort) != 0 ? resident_bytes : 0);
  }
  [[nodiscard]] static owner make_with_tail(bytes key, std::span<const bytes> value, deadline until,
                                            bool is_resident);
  /// `sort`: of the tail; 0 for none.
  [[nodiscard]] static entry* with_room(std::size_t key_size, std::size_t value_size,
                                        std::uint8_t sort = 0);
  entry(std::uint32_t key_size, std::uint32_t value_size) noexcept
      : key_size_(key_size), value_size_(value_size) {}
  /// The bytes follow the last member at once: what the compiler would pad belongs to them.
  static constexpr std::size_t header_bytes = 20;
  [[nodiscard]] static std::size_t footprint(std::size_t key, std::size_t rest) noexcept {
    return std::max(sizeof(entry), header_bytes + key + rest);
  }
  [[nodiscard]] std::uint32_t value_size() const noexcept { return value_size_ & ~tail_bit; }
  void fill(bytes key, std::span<const bytes> value) noexcept;
  [[nodiscard]] const std::byte* tail() const noexcept { return data() + key_size_ + value_size(); }
  [[nodiscard]] std::uint8_t sort() const noexcept {
    return std::to_integer<std::uint8_t>(*tail());
  }
  template <class T>
  [[nodiscard]] T load(std::size_t at) const noexcept {
    T loaded;
    std::memcpy(&loaded, tail() + at, sizeof loaded);
    return loaded;
  }
  template <class T>
  void store(std::size_t at, T value) noexcept {
    std::memcpy(const_cast<std::byte*>(tail()) + at, &value, sizeof value);
  }
  [[nodiscard]] std::size_t queue_at() const noexcept {
    assert(is_resident());
    return 1 + ((sort() & expiring_sort) != 0 ? expiring_bytes : 0);
  }
  [[nodiscard]] std::uint32_t queue_word() const noexcept {
    return load<std::uint32_t>(queue_at());
  }
  [[nodiscard]] std::atomic_ref<std::byte> read_byte() const noexcept {
    auto* const at = const_cast<std::byte*>(tail()) + queue_at() + sizeof(std::uint32_t);
    return std::atomic_ref(*at);
  }
  [[nodiscard]] const std::byte* data() const noexcept {
    return reinterpret_cast<const std::byte*>(this) + header_bytes;
  }

  std::uint32_t key_size_;
  std::uint32_t value_size_;  ///< and tail_bit
};

}  // namespace shelf::kinds
