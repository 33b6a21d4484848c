// API  [api] -> engine -> stores -> journal -> file
// Writes canonical external terms into a buffer that needs no heap while it is small.
#pragma once

#include "shelf/detail/bytes.hpp"
#include "shelf/detail/term_tag.hpp"
#include "shelf/error.hpp"

#include <cassert>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace shelf::detail {

/// How large and how deep an encoded key or value may be.
struct encoding_limits {
  std::size_t size = std::size_t{64} << 20;
  std::uint32_t nesting = 256;
};

enum class purpose : std::uint8_t {
  value,
  key,
  bound,  ///< a place in the order of keys: a key, or what lies before or behind all keys of a type
};

/// A bound may be longer and nest deeper than the keys that it is compared with.
inline constexpr encoding_limits bound_limits{.size = 0xffff'0000, .nesting = 1024};

/// Appends terms. The first failure sticks: what follows it is ignored, outcome() tells it.
/// The bytes are canonical whenever every list, set and map that was opened has been closed.
/// Thread safety: none; one thread at a time.
class encoder {
 public:
  /// A term up to this size needs no heap, and is not measured against the limit.
  static constexpr std::size_t small_capacity = 256;

  /// In a key or bound -0.0 becomes 0.0, because both are one key.
  explicit encoder(purpose what = purpose::value, encoding_limits limits = {}) noexcept
      : data_(small_), limits_(limits), most_copied_(limits.size), what_(what) {}
  encoder(const encoder&) = delete;
  encoder& operator=(const encoder&) = delete;

  /// From here on large binaries are not copied: they stay where they are, which must be until the
  /// term has been used, and pieces() shows them in their places.
  void gather() noexcept {
    if (most_copied_ > most_copied_when_gathering) most_copied_ = most_copied_when_gathering;
  }

  /// While one lives, all is copied, also by an encoder that gathers: what is encoded is a
  /// temporary.
  class copying {
   public:
    explicit copying(encoder& by) noexcept
        : by_(by), before_(std::exchange(by.most_copied_, by.limits_.size)) {}
    ~copying() { by_.most_copied_ = before_; }
    copying(const copying&) = delete;
    copying& operator=(const copying&) = delete;

   private:
    encoder& by_;
    std::size_t before_;
  };

  void boolean(bool value) { value ? atom("true") : atom("false"); }
  void integer(std::int64_t value) {
    if (value >= 0 && value <= 255) {
      const std::byte small[]{byte_of(term_tag::small_integer), static_cast<std::byte>(value)};
      raw(small);
    } else {
      longer_integer(value < 0, value < 0 ? 0 - static_cast<std::uint64_t>(value)
                                          : static_cast<std::uint64_t>(value));
    }
  }
  void natural(std::uint64_t value) {
    value <= 255 ? integer(static_cast<std::int64_t>(value)) : longer_integer(false, value);
  }
  /// NaN is invalid_argument, and so are infinities, unless this is a bound.
  void floating(double value);
  /// A value that its type cannot store because it is too low or too high. In a bound it stands
  /// before or behind all that the type can; otherwise it is invalid_argument, and `why` says why.
  void beyond(bool too_low, const char* why);
  /// In a bound, in the place of a member that is not given: what stands before or behind every
  /// term.
  void outside(bool is_behind) {
    assert(is_bound());
    const auto tag = is_behind ? term_tag::behind_all : term_tag::before_all;
    const std::byte only[]{static_cast<std::byte>(tag)};
    raw(only);
  }
  void binary(bytes value) {
    if (value.size() > most_copied_) return large_binary(value);
    std::byte* to = room(value.size() + 5);
    if (to == nullptr) return;
    write_head(to, term_tag::binary, value.size());
    if (!value.empty()) std::memcpy(to + 5, value.data(), value.size());
  }
  /// At most 65535 bytes of UTF-8, at most 255 characters (asserted: names come from programs).
  void atom(std::string_view name);
  /// A term that is canonical already.
  void term(bytes canonical);
  /// Bytes that begin or make a term, such as the head of a record.
  void raw(bytes part) {
    std::byte* to = room(part.size());
    if (to != nullptr && !part.empty()) std::memcpy(to, part.data(), part.size());
  }

  /// The elements follow; close with leave().
  void enter_tuple(std::size_t size);
  /// The rest of a tuple whose head was written with raw().
  void enter() {
    if (++depth_ > limits_.nesting) too_deep();
  }
  void leave() noexcept {
    assert(depth_ > 0);
    --depth_;
  }
  /// Where the list begins, for close_list. The elements follow; a map's are key, value, key, ...
  [[nodiscard]] std::size_t open_list();
  [[nodiscard]] std::size_t open_map() { return open_list(); }
  void close_list(std::size_t start, std::size_t count);
  /// Sorts the elements by map-key order first.
  void close_set(std::size_t start, std::size_t count);
  /// Sorts the pairs by map-key order first.
  void close_map(std::size_t start, std::size_t count);

  void fail(error why);
  [[nodiscard]] bool is_bound() const noexcept { return what_ == purpose::bound; }
  [[nodiscard]] bool is_value() const noexcept { return what_ == purpose::value; }
  /// How many more levels may be entered.
  [[nodiscard]] std::uint32_t nesting_left() const noexcept {
    return depth_ < limits_.nesting ? limits_.nesting - depth_ : 0;
  }
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  /// What was written, or the first failure.
  [[nodiscard]] result<bytes> outcome() const;
  /// Something was left where it is, so the term is pieces(), not written().
  [[nodiscard]] bool has_pieces() const noexcept { return gathered_ != nullptr; }
  /// The term, piece by piece; only if not failed().
  [[nodiscard]] std::vector<bytes> pieces() const;
  /// What was written; only if not failed().
  [[nodiscard]] bytes written() const noexcept {
    assert(!failed_ && !has_pieces());
    return {data_, size_};
  }
  /// Ready for another term; keeps the memory.
  void clear() noexcept;

 private:
  static constexpr std::size_t most_copied_when_gathering = std::size_t{256} << 10;
  /// Binaries that are not in the buffer, and the places in it where they belong.
  struct gathered {
    struct piece {
      std::size_t at;
      bytes content;
    };
    std::vector<piece> pieces;
    std::size_t size = 0;  ///< of all of them
  };
  /// Place for `count` more bytes, or null if there is none or the encoder has failed.
  [[nodiscard]] std::byte* room(std::size_t count) {
    if (count > capacity_ - size_) return grow_by(count);
    std::byte* place = data_ + size_;
    size_ += count;
    return place;
  }
  [[nodiscard]] std::byte* grow_by(std::size_t count);
  void longer_integer(bool negative, std::uint64_t magnitude);
  [[nodiscard]] bool shrink_to_string(std::size_t start, std::size_t count) noexcept;
  void sort_items(std::size_t start, std::size_t count, bool pairs);
  static void write_head(std::byte* to, term_tag tag, std::size_t count) noexcept {
    to[0] = static_cast<std::byte>(tag);
    for (int i = 4; i > 0; --i, count >>= 8) to[i] = static_cast<std::byte>(count & 0xff);
  }
  void large_binary(bytes value);
  [[nodiscard]] std::size_t copy_gathered(std::size_t place);
  void too_deep();
  void too_large(std::size_t size);

  std::byte* data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = small_capacity;  // 0 once failed, so that room() needs one test
  encoding_limits limits_;
  std::size_t most_copied_;  // of a binary
  std::uint32_t depth_ = 0;
  purpose what_;
  bool failed_ = false;
  error why_ = errc::invalid_argument;
  std::unique_ptr<std::byte[]> large_;
  std::unique_ptr<gathered> gathered_;
  std::byte small_[small_capacity];
};

}  // namespace shelf::detail
